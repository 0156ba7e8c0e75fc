"""Uses of the product: sessions, and what is done in them."""

from metrics.duration import MINUTE, SECOND
from stream.company.dice import pick
from stream.company.story import Case, Moment, Step, Story

LENGTHS = {"short": 2 * MINUTE, "usual": 9 * MINUTE, "long": 25 * MINUTE}
DONE = ("searched", "viewed", "saved", "shared", "exported")


def opened(case: Case, moment: Moment) -> str:
    """Write that a session was opened."""
    return f'"event":"opened","session_id":"{case.name}"'


def used(case: Case, moment: Moment) -> str:
    """Write what was done in it."""
    return f'"event":"{pick(DONE, moment.throw())}","session_id":"{case.name}"'


def _closed(length: int) -> Step:
    def closed(case: Case, moment: Moment) -> str:
        seconds, tenth = divmod(int(length * (0.4 + 1.2 * moment.throw())) // 100, 10)
        return f'"event":"closed","session_id":"{case.name}","session_s":{seconds}.{tenth}'

    return Step("product_usage", closed, length)


STORIES = tuple(
    Story(
        f"session-{name}",
        weight,
        (
            Step("product_usage", opened),
            Step("product_usage", used, 20 * SECOND, high=0.7),
            Step("product_usage", used, length // 2, high=0.4),
            _closed(length),
        ),
    )
    for (name, length), weight in zip(LENGTHS.items(), (3.0, 5.0, 2.0), strict=True)
)
"""How customers use the product."""
