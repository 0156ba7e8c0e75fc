"""The tests: a package, so that test modules of one name in two places stay two modules."""
