"""The cast: whom the stories that begin on a page are about, and how many they are."""

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from metrics.duration import SECOND
from stream.company.dice import Dice, dice
from stream.company.outage import Trouble
from stream.company.people import REGIONS, Customer, customers
from stream.company.plot import STORIES, events
from stream.company.profile import Company
from stream.company.rhythm import activity
from stream.company.story import Case, Story

Luck = tuple[float, float]
"""Bounds of luck, [low, high)."""


class _Crowd(msgspec.Struct, frozen=True):
    """Who is about: each region's part of the cases, and their sum."""

    parts: tuple[float, ...]
    total: float


class Cast:
    """Finds the cases of a company; `length` is that of its pages, ms."""

    def __init__(self, company: Company, length: int) -> None:
        self.trouble = Trouble(company.outages)
        self._name = company.name
        self._count = company.customers
        self._crowd = lru_cache(maxsize=256)(self._crowd_at)
        self._length = length
        self._customers = customers(company.seed, company.customers)
        told = sum(story.weight * events(story, company.sources) for story in STORIES)
        self._scale = company.rate * length / SECOND / told

    def cases(self, story: Story, number: int, luck: Luck) -> Iterator[Case]:
        """Yield the cases of a story that begin on a page, those whose luck is in the bounds."""
        start, length = number * self._length, self._length
        throw, crowd = self.throw(story.name, number), self._crowd(start)
        n = int(self._scale * story.weight * crowd.total + throw())
        low, high = luck
        for each in range(n):
            at, who, lot = throw(), throw(), throw()
            if low <= lot < high:
                customer = self._somebody(crowd, who)
                name = f"{story.name}-{self._name}-{number}-{each}"
                yield Case(name, start + int(at * length), customer, lot)
        if story.surge:
            yield from self._surge(story, number, luck)

    def throw(self, *occasion: object) -> Dice:
        """Take the dice for something that happens in this company."""
        return dice(self._name, *occasion)

    def _surge(self, story: Story, number: int, luck: Luck) -> Iterator[Case]:
        """Yield the cases that outages bring on top."""
        first = number * self._length
        for outage, region, start, end in self.trouble.within(first, first + self._length):
            throw = self.throw(story.name, number, "surge", outage)
            usual = self._scale * story.weight * self._crowd(first).parts[region]
            n = int(story.surge * usual * (end - start) / self._length + throw())
            name = f"{story.name}-{self._name}-{number}-o{outage}"
            for each in range(n):
                at, who, lot = throw(), throw(), throw()
                if luck[0] <= lot < luck[1]:
                    customer = self._member(region, who)
                    yield Case(f"{name}-{each}", start + int(at * (end - start)), customer, lot)

    def _crowd_at(self, start: int) -> _Crowd:
        parts = tuple(
            len(members) / self._count * activity(region, start)
            for region, members in zip(REGIONS, self._customers, strict=True)
        )
        return _Crowd(parts, sum(parts))

    def _somebody(self, crowd: _Crowd, who: float) -> Customer:
        who *= crowd.total
        for region, part in enumerate(crowd.parts):
            if who < part:
                return self._member(region, who / part)
            who -= part
        return self._customers[-1][-1]  # the parts' sum, rounded

    def _member(self, region: int, who: float) -> Customer:
        """Choose one of a region; some are more active than others."""
        members = self._customers[region]
        return members[int(who * who * len(members))]
