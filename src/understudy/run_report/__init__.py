"""What happened in a run, test by test: recorded, as NDJSON and as an HTML page."""
