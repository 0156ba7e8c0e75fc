"""The two stages: `fold` where the data are, `merge` where the segments live."""
