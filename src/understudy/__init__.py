"""Fakes that know their lines: testing async Python backends with databases."""

__version__ = "0.1.0"
