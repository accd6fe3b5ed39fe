"""Rows for a test: the schema says which values a row requires, and missing ones are generated."""

from understudy.rows.errors import NotATable, NoValue, RowRefused, RowsError, UnknownName
from understudy.rows.row import Row
from understudy.rows.rows import Rows, SchemaCache

__all__ = [
    "NoValue",
    "NotATable",
    "Row",
    "RowRefused",
    "Rows",
    "RowsError",
    "SchemaCache",
    "UnknownName",
]
