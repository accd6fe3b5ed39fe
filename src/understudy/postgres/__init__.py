"""A real PostgreSQL: start one from a wheel, load a schema into it, hand out databases."""

from understudy.postgres.clones import Clones, Place
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
from understudy.postgres.sources import Source, schema_sources

__all__ = [
    "Clones",
    "DatabaseError",
    "EmbeddedServer",
    "MissingExtra",
    "Place",
    "PostgresError",
    "PostgresUnavailable",
    "SchemaError",
    "Source",
    "TestDatabases",
    "UnusableFolder",
    "load_schema",
    "schema_sources",
]
