"""Surveys: asked for by mail and answered or not, in the product, or after a ticket."""

from metrics.duration import DAY, HOUR, MINUTE
from stream.company.dice import again, pick
from stream.company.mood import score
from stream.company.story import Case, Moment, Step, Story, Write

DELAYS = {"soon": 25 * MINUTE, "day": 5 * HOUR, "late": 2 * DAY}
CHANNELS = ("email", "in-app", "sms")
REASONS = ("price", "support", "speed", "ease of use", "quality")
CONTENT = 8  # of 10: from here on a comment is friendly
PRAISE = ("Works well for us.", "Quick and friendly help.", "Easy to use.", "Good value.")
BLAME = ("Too slow today.", "I had to call twice.", "Too expensive.", "It broke again.")


def mailed(kind: str) -> Write:
    """Write that the relational survey was sent or declined."""

    def write(case: Case, moment: Moment) -> str:
        return f'"kind":"{kind}",{_relational(case)}'

    return write


def recommended(case: Case, moment: Moment) -> str:
    """Write an answer to the relational survey, whether one would recommend us."""
    found = score("nps", moment.content, moment.throw)
    fields = f'{_relational(case)},"score":{found},"reasons":["{pick(REASONS, moment.throw())}"]'
    if moment.throw() < 0.3:  # noqa: PLR2004
        return f"{fields},{_comment(found, moment)}"
    return fields


def commented(case: Case, moment: Moment) -> str:
    """Write a comment that comes without a score."""
    found = score("nps", moment.content, moment.throw)
    return f'"kind":"comment",{_relational(case)},{_comment(found, moment)}'


def asked(question: str, trigger: str, survey: str) -> Write:
    """Write an answer to one question that was asked at a certain occasion."""

    def write(case: Case, moment: Moment) -> str:
        found = score(question, moment.content, moment.throw)
        return (
            f'"type":"{question}","score":{found},"trigger":"{trigger}","survey_id":"{survey}",'
            f'"channel":"{pick(CHANNELS, again(case.luck, 1))}"'
        )

    return write


def _relational(case: Case) -> str:
    return (
        f'"type":"nps","trigger":"relational","survey_id":"relationship",'
        f'"response_id":"{case.name}","channel":"{pick(CHANNELS, again(case.luck, 1))}"'
    )


def _comment(found: int, moment: Moment) -> str:
    glad = found >= CONTENT
    hundredths = 20 + int(70 * moment.throw())
    sign = "" if glad else "-"
    text = pick(PRAISE if glad else BLAME, moment.throw())
    return f'"comment":"{text}","sentiment":{sign}0.{hundredths}'


def _relationship(name: str, weight: float, delay: int, key: str) -> Story:
    steps = (
        Step("survey_answers", mailed("sent")),
        Step("survey_answers", recommended, delay, 0.0, 0.45),
        Step("survey_answers", mailed("declined"), delay, 0.45, 0.5),
        Step("survey_answers", commented, delay + HOUR, 0.97, 1.0),
    )
    return Story(name, weight, steps, key)


STORIES = (
    *(
        _relationship(f"relationship-{name}", weight, delay, "customer")
        for (name, delay), weight in zip(DELAYS.items(), (2.0, 2.0, 1.0), strict=True)
    ),
    _relationship("anonymous", 0.4, 2 * HOUR, "case"),
    Story("pulse-nps", 1.5, (Step("survey_answers", asked("nps", "pulse", "in-product")),)),
    Story("pulse-csat", 1.5, (Step("survey_answers", asked("csat", "pulse", "in-product")),)),
)
"""How customers are asked."""
