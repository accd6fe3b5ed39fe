"""One data access object per table, with all of the SQL."""
