"""The test suites of other projects, with each isolation of `real_postgres`."""
