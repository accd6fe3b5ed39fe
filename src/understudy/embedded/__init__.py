"""A real PostgreSQL: start one from a wheel, load a schema, and create test databases."""

from understudy.embedded.clones import Clones, Place
from understudy.embedded.databases import TestDatabases
from understudy.embedded.errors import (
    DatabaseError,
    MissingExtra,
    PostgresError,
    PostgresUnavailable,
    SchemaError,
    UnusableFolder,
)
from understudy.embedded.schema import load_schema
from understudy.embedded.schema_sources import Source, schema_sources
from understudy.embedded.server import EmbeddedServer

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
