"""Tests on a real PostgreSQL: leave them out with -m "not integration"."""
