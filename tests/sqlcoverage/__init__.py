"""Coverage of SQL."""
