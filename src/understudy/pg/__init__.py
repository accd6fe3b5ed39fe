"""Facts about PostgreSQL, without I/O: SQL tokens, SQLSTATEs."""
