"""The suites of the first two lanes; they are run inside a copy of the reference backend."""
