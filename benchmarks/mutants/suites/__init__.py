"""The first two suites, which run in a copy of the reference backend."""
