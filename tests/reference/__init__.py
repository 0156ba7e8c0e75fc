"""The plain batch computation that the product is held to.

Written from the contract and the metric definitions alone; it imports nothing of the product. For
every key it filters a list of events by `start <= at < end` and computes with integers and
fractions. Slow and plain on purpose.

Where the definitions leave room, this is what the reference takes:

1.  Bytes that are not UTF-8 anywhere in the record, ignored fields included, are dead. So is an
    empty line, and a line `null` (a tombstone is a record without a value: `None` in the input).
2.  A `null` field counts as absent, except within `dims`, where it is not a string: dead.
3.  A dead line is dead whatever its `at` says; only readable events after as-of are removed.
4.  "A year outside 2000-2099" is asked of the instant in UTC. Only `T` or `t` joins date and time.
5.  `score` on an event that is not `answered` is dead (`iff`). Known fields of a wrong type are
    dead even where no metric reads them. `trigger` is free text.
6.  The length limit holds for `id`, every field whose name ends in `_id`, every value of `dims`
    and the event's own field where a configured dimension takes it.
7.  An own field with a default (`kind`, `outcome`) gives the default to its dimension.
8.  Points of a scale are max - min + 1; the 10-point rule means the top three. Beyond -100 to 100
    a scale needs a threshold. `low_is_good` turns s into min + max - s before anything else, mean
    and quantiles too.
9.  The default scale stands under `by = {}` only, every other under `by.scale` only.
10. The shares of nps are ratios with a Wilson interval and the parts of nps. Quantiles of scores
    have the unit points, of durations seconds; the mean of durations is in seconds with its sum
    in milliseconds. A mean is clipped to its scale, durations to 0 and above.
11. Targets and benchmarks stand on every update of the variant `default`, whatever its `by`.
12. `previous` of an open calendar window: the wall clock time passed since the unit's start to the
    window's end (days and time of day) is laid on the start of the unit before.
13. A repeated stretch of local time belongs to the unit that has begun, though the date on the
    wall may have fallen back: units are `[first instant, next one's first instant)`.
14. "A key that ever had n > 0" is asked of event time: some counted event with `at` <= as-of.
    A unit has closed when its end <= as-of. Nothing ages out of state here.
15. A purchase without `kind` is an `order`. A currency is three capital letters.
16. Printed at a tick of `every`: the whole picture of the events of the run with `at` <= tick.
    Ticks are multiples of absolute time since the instant of local midnight 1970-01-01.
17. `excluded` of a `sent`, `declined` or `comment` event is honoured like that of an answer.
18. `ingested_at` is no field of an event: one that cannot be read says nothing about the future.
19. `variants` of a metric, once configured, is the whole list besides `default`: aht keeps
    `quantile` only without it.
20. The limit of 24 h holds for the handle time and for each of its parts.
21. The accepted `answered` events with one (survey_id, response_id, type), and the accepted
    `closed` and `reopened` events of one ticket_id, on one partition, are one entity; but those
    after the watermark has left the newest of them behind by more than `responses_for`, or
    `entities_for`, are another one. Copies, late, future and dead events belong to none.
22. A ticket with an accepted `reopened` event, wherever it ranks, was not solved at the first
    contact. An id is greater than none.
23. At a tick of `every`, verdicts and entities are those of the whole run; of each entity only the
    events up to the tick are looked at. So a segment or scale that lost its last event to a
    correction by then has no key.

Not here yet: the cap of segments,
`min_n`, `stale`, `revision`, and the `as_of` of closed windows is the run's.
"""

from tests.reference.outcome import Outcome, batch

__all__ = ["Outcome", "batch"]
