"""Names that have a meaning already, beside dimensions; so no dimension can have one of them.

A dimension is a label of series and a parameter of the API. As a label it must not be one that
series have, or that Prometheus adds; as a parameter it would shadow another: with a dimension
`metric` nobody could ask for a metric.
"""

LABELS = ("window", "variant", "grouping", "job", "instance", "pod")

BY = ("currency", "quantile", "reason", "scale", "source", "theme")
"""What values of one segment are told apart by: labels, and parameters of the API."""

NAMED = ("metric", "variant", "window", "grouping")
SEARCHED = ("search", "limit")
RANKED = ("order", "limit")
"""The API's other parameters: of all values, of `/api/segments`, of `/api/ranking`."""

TAKEN = frozenset((*LABELS, *BY, *NAMED, *SEARCHED, *RANKED))
