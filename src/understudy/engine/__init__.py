"""The one way from a call to its answer, for every kind of database."""
