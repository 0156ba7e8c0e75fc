"""What a company is like: everything that its events are made from."""

from zlib import crc32

import msgspec

from stream.company.error import CompanyError
from stream.company.outage import Outage
from stream.company.people import REGIONS
from stream.company.plot import SOURCES

MOST = 1_000_000  # of customers, and of events a second


class Shares(msgspec.Struct, frozen=True):
    """How often something is odd: parts of the events, each 0 to 1 and at most 1 together."""

    duplicates: float = 0.0
    """Sent once more, soon after."""
    late: float = 0.0
    """Arrive one hour to three days after they happened."""
    broken: float = 0.0
    """Cannot be read."""

    def __post_init__(self) -> None:
        shares = (self.duplicates, self.late, self.broken)
        if not (all(0 <= share <= 1 for share in shares) and sum(shares) <= 1):
            raise CompanyError(
                "duplicates, late, broken: expected shares of 0 to 1, and at most 1 together"
            )


class Company(msgspec.Struct, frozen=True):
    """A small company. The same fields make the same events, to the byte."""

    seed: int = 0
    rate: float = 10.0
    """Events a second, the mean over a week; copies come on top, and what an outage brings."""
    customers: int = 5_000
    """They are the same at every rate: a history may be sparse and the present busy."""
    shares: Shares = Shares()
    outages: tuple[Outage, ...] = ()
    sources: tuple[str, ...] = SOURCES
    """The inputs that it has events for; the rate is that of those together."""

    def __post_init__(self) -> None:
        if not 0 < self.rate <= MOST:
            raise CompanyError(f"rate: expected more than 0 and at most {MOST} events a second")
        if not len(REGIONS) <= self.customers <= MOST:
            raise CompanyError(f"customers: expected {len(REGIONS)} to {MOST}")
        if not self.sources or not set(self.sources) <= set(SOURCES):
            raise CompanyError(f"sources: expected some of {', '.join(SOURCES)}")

    @property
    def name(self) -> str:
        """What its ids have in them: another seed or rate shares no id with this company."""
        return f"{crc32(f'{self.seed}/{float(self.rate)!r}'.encode()):08x}"
