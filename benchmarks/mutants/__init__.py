"""Mutants of the reference backend's SQL and parameters, run against four test suites."""
