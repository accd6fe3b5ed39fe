"""Rows for a test, from the schema itself: what a test does not say is made up."""

from understudy.rows.errors import NotATable, NoValue, RowRefused, RowsError, UnknownName
from understudy.rows.row import Row
from understudy.rows.rows import Known, Rows

__all__ = [
    "Known",
    "NoValue",
    "NotATable",
    "Row",
    "RowRefused",
    "Rows",
    "RowsError",
    "UnknownName",
]
