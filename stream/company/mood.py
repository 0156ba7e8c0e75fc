"""The mood: how content a region is with a product, and the scores that come of it."""

from metrics.duration import DAY, HOUR
from stream.company.dice import Dice, pick
from stream.company.people import PRODUCTS, REGIONS

SLOW, QUICK = 0.08, 0.05  # how far the mood drifts over weeks, and over hours
TROUBLED = 0.12  # how likely anybody is content while the service is down

SCORES = {  # of the content, of the others; each score is as likely as it is often there
    "nps": ((7, 8, 8, 9, 9, 9, 9, 10, 10, 10), (0, 1, 2, 3, 4, 5, 5, 6, 6, 7)),
    "csat": ((3, 4, 4, 4, 4, 5, 5, 5, 5, 5), (1, 1, 1, 2, 2, 2, 2, 3, 3, 4)),
    "ces": ((4, 5, 5, 6, 6, 6, 6, 7, 7, 7), (1, 1, 2, 2, 2, 3, 3, 4, 4, 5)),
    "fcr": ((0, 1, 1, 1, 1, 1, 1, 1, 1, 1), (0, 0, 0, 0, 0, 0, 0, 0, 1, 1)),
}
"""The default scale of each type of question."""


def level(region: int, product: int, at: int) -> float:
    """Say how likely a customer is content, 0 to 1, at an instant (ms UTC)."""
    slow = _wave(at, (11 + 3 * region) * DAY)
    quick = _wave(at, (7 + 2 * region + 3 * product) * HOUR)
    return REGIONS[region].mood + PRODUCTS[product].mood + SLOW * slow + QUICK * quick


def score(question: str, content: float, throw: Dice) -> int:
    """Answer a question, being content with that likelihood."""
    glad, sorry = SCORES[question]
    return pick(glad if throw() < content else sorry, throw())


def _wave(at: int, period: int) -> float:
    """Go from -1 to 1 and back in straight lines."""
    return 4 * abs(at % period / period - 0.5) - 1
