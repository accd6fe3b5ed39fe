"""One data access object per table: SQL lives here and nowhere else."""
