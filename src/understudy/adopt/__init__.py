"""Moves a test suite from SQLite, a running server or mocks to Understudy's fixtures."""
