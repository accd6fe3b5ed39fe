"""The pytest plugin of the suites' processes."""
