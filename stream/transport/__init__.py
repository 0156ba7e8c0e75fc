"""Record batches through Faust: whole fetched batches reach the owner of a partition, in order.

Read `batch`, `owner` and `line` for what an owner sees; the other modules are how it is done.
"""
