"""Moves a test suite from SQLite, a running PostgreSQL or mocks to Understudy's fixtures."""
