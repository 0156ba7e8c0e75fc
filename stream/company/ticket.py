"""Tickets: opened, closed, sometimes reopened; what they cost, and what is asked after them."""

from metrics.duration import DAY, HOUR, MINUTE
from stream.company.dice import again, pick
from stream.company.people import REGIONS
from stream.company.story import Case, Moment, Step, Story, time
from stream.company.survey import asked

OPEN = {"at-once": 12 * MINUTE, "hour": HOUR, "hours": 5 * HOUR, "day": 26 * HOUR, "days": 3 * DAY}
CHANNELS = ("email", "phone", "chat")
TOPICS = ("billing", "delivery", "login", "how-to", "outage")
OUTCOMES = ((0.80, "resolved"), (0.84, "abandoned"), (0.85, "merged"), (0.86, "spam"))
REOPENED = 0.90  # luck from which a ticket comes back
REPLY = 0.2  # part of the time until it is closed, at most, in which nobody replies


def opened(case: Case, moment: Moment) -> str:
    """Write that a ticket was opened."""
    return f'"kind":"opened",{_about(case)}'


def closed(case: Case, moment: Moment) -> str:
    """Write that a ticket was closed, and what work it was."""
    return f"{_closing(case, moment, 0)},{_work(case, moment)}"


def reopened(case: Case, moment: Moment) -> str:
    """Write that a ticket was reopened."""
    return f'"kind":"reopened",{_about(case)}'


def closed_again(case: Case, moment: Moment) -> str:
    """Write that a ticket was closed for good."""
    return f"{_closing(case, moment, 1)},{_work(case, moment)}"


def cost(case: Case, moment: Moment) -> str:
    """Write what the work cost."""
    amount = 300 + int(1_500 * moment.throw())
    currency = REGIONS[case.customer.region].currency
    return (
        f'"kind":"service","amount":{amount},"currency":"{currency}","channel":"{_channel(case)}"'
    )


def _about(case: Case) -> str:
    topic = pick(TOPICS, again(case.luck, 2))
    return f'"ticket_id":"{case.name}","channel":"{_channel(case)}","topic":"{topic}"'


def _channel(case: Case) -> str:
    return pick(CHANNELS, again(case.luck, 1))


def _closing(case: Case, moment: Moment, reopens: int) -> str:
    outcome = next((word for most, word in OUTCOMES if case.luck < most), "resolved")
    replied = moment.began + int((moment.at - moment.began) * REPLY * again(case.luck, 3))
    queued = ',"queued":true' if outcome == "abandoned" else ""
    return (
        f'"kind":"closed",{_about(case)},"outcome":"{outcome}","opened_at":{time(moment.began)},'
        f'"first_reply_at":{time(replied)},"reopens":{reopens}{queued}'
    )


def _work(case: Case, moment: Moment) -> str:
    """Write contacts and handle time: the less content, the more of both."""
    throw, troubled = moment.throw, moment.troubled
    once = throw() < (0.15 if troubled else 0.35 + 0.6 * moment.content)
    contacts = 1 if once else 2 + int(throw() * (4 if troubled else 2))
    seconds = int(contacts * (90 + 400 * throw()) * (2.5 if troubled else 1.0))
    agent = f'"agent_id":"a-{int(40 * again(case.luck, 4)):02d}"'
    if _channel(case) != "phone":
        return f'"contacts":{contacts},"handle_s":{seconds},{agent}'
    talk, hold = seconds * 7 // 10, seconds // 10
    parts = f'"talk_s":{talk},"hold_s":{hold},"wrap_s":{seconds - talk - hold}'
    return f'"contacts":{contacts},{parts},{agent}'


def _ticket(name: str, weight: float, open_for: int) -> Story:
    steps = (
        Step("ticket_closures", opened),
        Step("ticket_closures", closed, open_for),
        Step("costs", cost, open_for, high=0.4),
        Step(
            "survey_answers",
            asked("csat", "transactional", "after-ticket"),
            open_for + 4 * MINUTE,
            0.0,
            0.35,
        ),
        Step(
            "survey_answers",
            asked("ces", "transactional", "after-ticket"),
            open_for + 4 * MINUTE,
            0.35,
            0.6,
        ),
        Step(
            "survey_answers",
            asked("fcr", "transactional", "after-ticket"),
            open_for + 4 * MINUTE,
            0.6,
            0.75,
        ),
        Step("ticket_closures", reopened, open_for + 3 * HOUR, REOPENED),
        Step("ticket_closures", closed_again, open_for + 9 * HOUR, REOPENED),
    )
    return Story(f"ticket-{name}", weight, steps, surge=2.0)


STORIES = tuple(
    _ticket(name, weight, open_for)
    for (name, open_for), weight in zip(OPEN.items(), (1.5, 1.2, 1.0, 0.5, 0.3), strict=True)
)
"""How customers are helped."""
