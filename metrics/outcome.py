"""Outcomes: what became of each event of a batch, decided before anything is folded."""

from collections.abc import Sequence

import msgspec

from metrics.admission import Admission, Verdict
from metrics.columns import Columns


class Outcome(msgspec.Struct):
    """What became of a batch: rows by outcome, `folded` and `excluded` together being accepted.

    `alone` are those of the folded that belong to no entity.
    """

    verdict: Verdict
    folded: list[int]
    excluded: list[int]
    alone: list[int]


def judge(admission: Admission, columns: Columns, limits: Sequence[int] | int) -> Outcome:
    """Decide which events of a batch count; `limits` is the latest `at` allowed, of all or each."""
    verdict = admission.judge(columns.ats, columns.ids, limits)
    folded, excluded, revisions = verdict.accepted, columns.excluded, columns.revisions
    if excluded:
        folded = [row for row in folded if row not in excluded]
    return Outcome(
        verdict,
        folded,
        [row for row in verdict.accepted if row in excluded] if excluded else [],
        [row for row in folded if row not in revisions] if revisions else folded,
    )
