"""Data for tests: generated lines of every topic, and a real survey as events."""
