"""The shell around the core: Kafka, Faust, state, sinks, pages and commands."""
