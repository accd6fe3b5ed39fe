"""Scripted rows, as a server with the statement's description would send them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from understudy.catalog.description import Description
from understudy.pg.codecs.json_documents import JsonText

_JSON_NULL = JsonText("null")


def say_json_null(rows: Sequence[list[Any]], description: Description) -> None:
    """Send None as the null of JSON for columns that are never NULL."""
    for number, column in enumerate(description.columns):
        if column.type in ("json", "jsonb") and column.nullability == "not null":
            for row in rows:
                if row[number] is None:
                    row[number] = _JSON_NULL
