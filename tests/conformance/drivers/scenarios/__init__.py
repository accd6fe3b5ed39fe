"""Scenarios for all drivers, and for single ones; importing a module registers its scenarios."""
