"""A real PostgreSQL: start one, load a schema, and create test databases."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from understudy.embedded.schema_sources import Source
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
]

# pytest's header names the binaries, and imports no server for it.
_HOMES = {
    "Clones": "clones",
    "EmbeddedServer": "server",
    "Place": "clones",
    "Source": "schema_sources",
    "TestDatabases": "databases",
    "load_schema": "schema",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{__name__}.{_HOMES.get(name, 'errors')}")
    value = globals()[name] = getattr(home, name)
    return value
