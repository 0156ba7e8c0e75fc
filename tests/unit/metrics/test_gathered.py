"""Events gathered as columns cost nothing where there are none."""

import numpy as np

from metrics.columns import Columns
from metrics.overlay import Overlay
from metrics.segment import RollUp

NONE = np.array([], np.int64)
EMPTY = Columns(ats=NONE, ids=[], leaves=[], cells=[], users=NONE.astype(np.uint64))
ONE = Columns(
    ats=np.array([10_000]),
    ids=["a"],
    leaves=[("fr",)],
    cells=["nps/0-10/9"],
    users=np.array([7], np.uint64),
)


def test_batches_of_which_nothing_stands_alone_leave_nothing_behind() -> None:
    """Entities and refused events make such batches for ever; memory must not grow with them."""
    overlay = Overlay("survey_answers", RollUp(["region"], [(), ("region",)]))
    for _ in range(10):
        overlay.add(EMPTY)
    assert not overlay._gathered._parts
    overlay.add(ONE)
    deltas, cells = overlay.take()
    assert deltas.keys() == {"[]", '[["region","fr"]]'}
    assert cells == {"nps/0-10/9": 1}
    assert overlay.take() == ({}, {})
