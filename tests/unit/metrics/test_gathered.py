"""Events gathered as columns cost nothing where there are none."""

from metrics.columns import Columns
from metrics.overlay import Overlay
from metrics.segment import RollUp

EMPTY = Columns(ats=[], ids=[], leaves=[], cells=[], users=[])
ONE = Columns(ats=[10_000], ids=["a"], leaves=[("fr",)], cells=["nps/0-10/9"], users=[7])


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
