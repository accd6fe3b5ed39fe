"""User administration: a FastAPI backend on psqlpy and PostgreSQL."""
