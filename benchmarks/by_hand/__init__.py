"""Fixtures and fakes as one writes them without Understudy, for the suite to run on."""
