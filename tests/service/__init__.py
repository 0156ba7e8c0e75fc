"""Real services for the tests: each on loopback, on a free port, ended with the tests."""
