"""Who is admitted under a cap, and where the others go."""

import pytest

from metrics.cap import Cap, share
from metrics.segment import RollUp, key, other

REGION = ("region",)
REST = other(REGION)


def named(name: str) -> str:
    """The segment of a region."""
    return key([("region", name)])


@pytest.mark.parametrize(("most", "shards"), [(10_000, 8), (1, 3), (7, 7), (5, 4), (3, 1)])
def test_shares_make_the_whole(most: int, shards: int) -> None:
    """No two differ by more than one."""
    shares = [share(most, number, shards) for number in range(shards)]
    assert sum(shares) == most
    assert max(shares) - min(shares) <= 1


def test_other_and_the_total_need_no_room() -> None:
    """They are there even where nobody is admitted, and close nothing."""
    cap = Cap(0)
    assert [cap.place(REST), cap.place("[]")] == [REST, "[]"]
    assert not cap.closed


def test_each_grouping_has_room_of_its_own() -> None:
    """A full grouping does not close another; one with a list is never full."""
    cap = Cap(1, exempt=[("product",)])
    pair = key([("region", "fr"), ("product", "web")])
    products = [key([("product", name)]) for name in "abc"]
    assert [cap.place(named("fr")), cap.place(named("de")), cap.place(pair)] == [
        *(named("fr"), REST, pair)
    ]
    assert [cap.place(one) for one in products] == products
    assert cap.closed == {REGION}


def test_a_larger_cap_opens_no_closed_grouping() -> None:
    """Who was refused before is not remembered, so nobody new comes in; a list is no way in."""
    cap = Cap(100, exempt=[REGION])
    cap.restore([named("fr"), REST], [REGION])
    assert cap.place(named("de")) == REST
    assert cap.place(key([("product", "web")])) == key([("product", "web")])


def test_what_is_known_fills_its_place() -> None:
    """Two were admitted; there is room for one more, and `(other)` takes none."""
    cap = Cap(3)
    cap.restore([named("fr"), named("de"), REST], [])
    assert [cap.place(named("us")), cap.place(named("it"))] == [named("us"), REST]


def test_a_list_bounds_its_own_grouping_alone() -> None:
    """Leaves roll up to `(other)` where they are not listed."""
    roll_up = RollUp(("region", "channel"), ((), REGION, ("channel", "region")), [named("fr")])
    pair = key([("channel", "web"), ("region", "de")])
    assert roll_up["fr", "web"][1] == named("fr")
    assert roll_up["de", "web"] == ("[]", REST, pair)
