"""A real SQLite database for each test, in which single statements may be scripted."""
