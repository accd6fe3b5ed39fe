"""Rows for a test: the schema says which values a row requires, and missing ones are generated."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from understudy.rows.errors import (
    ChangesUnknown,
    NotATable,
    NoValue,
    RowRefused,
    RowsError,
    UnknownName,
)
from understudy.rows.row import Row

if TYPE_CHECKING:
    from understudy.rows.changes import Changes as Changes
    from understudy.rows.rows import Rows as Rows
    from understudy.rows.rows import SchemaCache as SchemaCache

__all__ = [
    "Changes",
    "ChangesUnknown",
    "NoValue",
    "NotATable",
    "Row",
    "RowRefused",
    "Rows",
    "RowsError",
    "SchemaCache",
    "UnknownName",
]

_NEED_PSYCOPG = {"Changes": "changes", "Rows": "rows", "SchemaCache": "rows"}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import what needs psycopg on first use: rows of SQLite do not."""
        if name not in _NEED_PSYCOPG:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"understudy.rows.{_NEED_PSYCOPG[name]}"), name)
