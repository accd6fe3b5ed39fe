"""Scripts recorded from a run on a real PostgreSQL, written where `record()` stands."""
