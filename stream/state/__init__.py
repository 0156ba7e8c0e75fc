"""State of a partition in Kafka: one transaction per flush, and recovery from compacted topics.

`flush` is what a flush holds, `outbox` commits it, `recovery` reads it back.
"""
