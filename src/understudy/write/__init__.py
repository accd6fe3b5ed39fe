"""Writes tests for a module: tried on a real PostgreSQL, kept where they show something."""
