"""Rows for a test: the schema says which values a row requires, and missing ones are generated."""

from understudy.rows.changes import Changes
from understudy.rows.errors import (
    ChangesUnknown,
    NotATable,
    NoValue,
    RowRefused,
    RowsError,
    UnknownName,
)
from understudy.rows.row import Row
from understudy.rows.rows import Rows, SchemaCache

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
