"""The people: where the customers live, what they use, and who they are."""

from functools import lru_cache

import msgspec

from stream.company.dice import dice


class Region(msgspec.Struct, frozen=True):
    """Where a part of the customers lives. No zone has summer time, so that days are alike."""

    name: str
    share: float
    """Of the customers."""
    utc_offset: int
    """Hours."""
    mood: float
    """How likely a customer is content, 0 to 1."""
    currency: str


class Product(msgspec.Struct, frozen=True):
    """What a customer uses."""

    name: str
    share: float
    mood: float
    """What it adds to the region's mood."""


REGIONS = (
    Region("fr", 0.38, 1, 0.74, "EUR"),
    Region("us", 0.30, -6, 0.69, "USD"),
    Region("uk", 0.20, 0, 0.64, "GBP"),
    Region("jp", 0.12, 9, 0.80, "JPY"),
)
PRODUCTS = (
    Product("web", 0.50, 0.04),
    Product("app", 0.35, -0.07),
    Product("phone", 0.15, -0.02),
)


class Customer(msgspec.Struct, frozen=True):
    """Somebody with a region and a product, both as places in the lists above."""

    id: str
    region: int
    product: int
    dims: str
    """The event's `dims`, as JSON."""


@lru_cache(maxsize=8)
def customers(seed: int, count: int) -> tuple[tuple[Customer, ...], ...]:
    """Make the customers of a company, by region; at least one in each.

    A company that grows keeps those whom it had.
    """
    found: list[list[Customer]] = [[] for _ in REGIONS]
    regions = tuple(region.share for region in REGIONS)
    products = tuple(product.share for product in PRODUCTS)
    throw = dice(seed, "customers")
    for number in range(count):
        region, product = _place(regions, throw()), _place(products, throw())
        if number < len(REGIONS):
            region = number
        found[region].append(_customer(number, region, product))
    return tuple(map(tuple, found))


def _customer(number: int, region: int, product: int) -> Customer:
    dims = f'{{"region":"{REGIONS[region].name}","product":"{PRODUCTS[product].name}"}}'
    return Customer(f"c-{number:06d}", region, product, dims)


def _place(shares: tuple[float, ...], thrown: float) -> int:
    for place, share in enumerate(shares):
        thrown -= share
        if thrown < 0:
            return place
    return len(shares) - 1
