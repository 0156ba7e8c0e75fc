"""The chronicle: the events of a company in the order in which they arrive.

Time is cut into pages, and a page is written without the others. A step that is due so many pages
after its beginning takes its cases from that page; what is left of its delay is squeezed into what
is left of the page. So an event's beginning is on one page, which its own page and delay tell.
"""

from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter

import msgspec

from metrics.duration import DAY, HOUR, MINUTE, SECOND
from stream.company import mood
from stream.company.cast import Cast, Luck
from stream.company.dice import Dice, again
from stream.company.fault import spoil
from stream.company.line import Line
from stream.company.people import PRODUCTS, REGIONS
from stream.company.plot import STORIES
from stream.company.profile import Company
from stream.company.story import Case, Moment, Step, Story, time

PAGES = (100, SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR)  # lengths, ms
FULL = 500  # events that a page should have: its dice cost about as much as 200
TRANSIT = 900  # ms that an event takes to its topic, at most
LATE = (HOUR, 3 * DAY)


def lines(company: Company, start: int, end: int) -> Iterator[Line]:
    """Yield every event that arrives in [start, end), ms UTC, in order of arrival.

    Stretches join: what arrives does not depend on where a stretch begins. Lazy, a page of some
    hundred events at a time: `end` may be far.
    """
    chronicle = _chronicle(company)
    for number in range(start // chronicle.length, -(-end // chronicle.length)):
        for line in chronicle.page(number):
            if start <= line.at < end:
                yield line


class Chronicle:
    """Writes the pages of a company; `length` is that of a page, ms."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.length = _length(company.rate)
        self.cast = Cast(company, self.length)
        self._chapters = [
            chapter for story in STORIES for chapter in _chapters(story, company, self.length)
        ]

    def page(self, number: int) -> list[Line]:
        """Write a page: the events that arrive in its time, in order."""
        page = _Page(self, number)
        for chapter in self._chapters:
            page.tell(chapter)
        page.lines.sort(key=attrgetter("at"))
        return page.lines


@lru_cache(maxsize=8)
def _chronicle(company: Company) -> Chronicle:
    return Chronicle(company)


def _length(rate: float) -> int:
    return next((length for length in PAGES if rate * length >= FULL * SECOND), PAGES[-1])


class _Due(msgspec.Struct, frozen=True):
    """A step of a chapter."""

    mark: str
    """What tells its events' ids from those of the other steps."""
    rest: int
    """What its delay is longer than the chapter's pages, ms."""
    step: Step


class _Chapter(msgspec.Struct, frozen=True):
    """The steps of a story that are due the same number of pages after its beginning."""

    story: Story
    pages: int
    dues: list[_Due]
    luck: Luck
    """Bounds of the luck of all for whom any of the steps is."""


def _chapters(story: Story, company: Company, length: int) -> Iterator[_Chapter]:
    found: dict[int, list[_Due]] = {}
    for number, step in enumerate(story.steps):
        if step.source in company.sources:
            pages, rest = divmod(step.after, length)
            found.setdefault(pages, []).append(_Due(f".{number}", rest, step))
    for pages, dues in found.items():
        low, high = min(due.step.low for due in dues), max(due.step.high for due in dues)
        yield _Chapter(story, pages, dues, (low, high))


class _Page:
    """A page that is being written."""

    def __init__(self, chronicle: Chronicle, number: int) -> None:
        self.lines: list[Line] = []
        self._length = chronicle.length
        self._cast = chronicle.cast
        self._shares = chronicle.company.shares
        self._number = number
        self._end = (number + 1) * chronicle.length
        self._chance = self._cast.throw("odd", number)
        self._content = [
            [mood.level(region, product, self._end) for product in range(len(PRODUCTS))]
            for region in range(len(REGIONS))
        ]

    def tell(self, chapter: _Chapter) -> None:
        """Write the events of a chapter."""
        story, pages = chapter.story, chapter.pages
        throw: Dice | None = None
        for case in self._cast.cases(story, self._number - pages, chapter.luck):
            throw = throw or self._cast.throw(story.name, pages, self._number, "told")
            begins = case.at + pages * self._length
            left = self._end - begins
            for due in chapter.dues:
                if due.step.low <= case.luck < due.step.high:
                    moment = self._moment(case, begins + due.rest * left // self._length, throw)
                    self._write(story, due, case, moment)

    def _moment(self, case: Case, arrives: int, throw: Dice) -> Moment:
        behind, odd = int(TRANSIT * again(case.luck, 0)), self._odd()
        if odd == "late":
            behind += LATE[0] + int((LATE[1] - LATE[0]) * self._chance())
        at, customer = arrives - behind, case.customer
        troubled = self._cast.trouble.at(customer.region, at)
        content = self._content[customer.region][customer.product]
        content = mood.TROUBLED if troubled else content
        return Moment(arrives, odd, at, case.at - behind, content, troubled, throw)

    def _odd(self) -> str:
        chance, shares = self._chance(), self._shares
        if (chance := chance - shares.late) < 0:
            return "late"
        if (chance := chance - shares.broken) < 0:
            return "broken"
        return "twice" if chance < shares.duplicates else ""

    def _write(self, story: Story, due: _Due, case: Case, moment: Moment) -> None:
        """Add an event: as it is, or broken, or twice."""
        step, name = due.step, case.name + due.mark
        text = _event(_head(story, case, name), case, moment, step.write(case, moment))
        value = text.encode()
        if moment.odd == "broken":
            value = spoil(step.source, text, self._chance())
        line = Line(step.source, moment.arrives, _key(story, case, name), value)
        self.lines.append(line)
        if moment.odd == "twice":
            again_at = line.at + int((self._end - line.at) * self._chance())
            self.lines.append(Line(line.source, again_at, line.key, line.value))


def _event(head: str, case: Case, moment: Moment, fields: str) -> str:
    return f'{{{head},"at":{time(moment.at)},{fields},"dims":{case.customer.dims}}}'


def _head(story: Story, case: Case, name: str) -> str:
    if story.key == "customer":
        return f'"id":"{name}","customer_id":"{case.customer.id}"'
    return f'"id":"{name}"'


def _key(story: Story, case: Case, name: str) -> bytes:
    keys = {"customer": case.customer.id, "case": case.name, "event": name}
    return keys[story.key].encode()
