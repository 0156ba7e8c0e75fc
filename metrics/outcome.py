"""Outcomes: what became of each event of a batch, decided before anything is folded."""

from collections.abc import Sequence

import msgspec

from metrics.admission import Admission, Verdict
from metrics.overlay import Columns


class Outcome(msgspec.Struct):
    """What became of a batch: rows by outcome, `folded` and `excluded` together being accepted."""

    verdict: Verdict
    folded: list[int]
    excluded: list[int]


def judge(admission: Admission, columns: Columns, limits: Sequence[int] | int) -> Outcome:
    """Decide which events of a batch count; `limits` is the latest `at` allowed, of all or each."""
    verdict = admission.judge(columns.ats, columns.ids, limits)
    if not columns.excluded:
        return Outcome(verdict, verdict.accepted, [])
    return Outcome(
        verdict,
        [row for row in verdict.accepted if row not in columns.excluded],
        [row for row in verdict.accepted if row in columns.excluded],
    )
