"""An app in the form that most FastAPI projects have: SQLAlchemy on asyncpg, Alembic, settings."""
