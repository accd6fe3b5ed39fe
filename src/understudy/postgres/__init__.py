"""A real PostgreSQL: start one from a wheel, load a schema into it, hand out databases."""

from understudy.postgres.databases import TestDatabases
from understudy.postgres.errors import (
    DatabaseError,
    MissingExtra,
    PostgresError,
    PostgresUnavailable,
    SchemaError,
    UnusableFolder,
)
from understudy.postgres.schema import load_schema
from understudy.postgres.server import EmbeddedServer

__all__ = [
    "DatabaseError",
    "EmbeddedServer",
    "MissingExtra",
    "PostgresError",
    "PostgresUnavailable",
    "SchemaError",
    "TestDatabases",
    "UnusableFolder",
    "load_schema",
]
