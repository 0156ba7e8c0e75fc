"""Mergeable summaries of a slice: one file each, each opens with its guarantee and memory.

Every accumulator has a zero, absorbs values in any order and any split, and merges; merging is
associative and commutative, so the state of a span is the merge of its slices.

- `counts`: integers by cell; merges and subtracts exactly. Histograms are cells of it.
- `histogram`: names the cell of a duration, and reads quantiles from cells.
- `distinct`: how many different customers; merges (idempotent), cannot be subtracted.
- `multiset`: how often each customer; merges and subtracts exactly, and gives a `distinct`.
"""

from metrics.accumulator import counts, distinct, histogram, multiset
from metrics.accumulator.counts import Counts
from metrics.accumulator.distinct import Distinct
from metrics.accumulator.multiset import Multiset

__all__ = ["Counts", "Distinct", "Multiset", "counts", "distinct", "histogram", "multiset"]
