"""The pure core: what each number means and how it is kept, without Kafka, clock or I/O."""
