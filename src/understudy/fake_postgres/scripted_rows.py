"""Scripted rows, as a server with the statement's description would send them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from understudy.catalog.description import Description
from understudy.pg.codecs.json_documents import JsonText
from understudy.script.answers import Rows, Value

_JSON_NULL = JsonText("null")
# Values, or a thousand characters of one, that take some milliseconds to check and to encode.
_MANY = 5_000


def is_long(answer: object) -> bool:
    """Return whether an answer takes so long to send that other connections should not wait."""
    rest: list[Any] = [answer.rows if isinstance(answer, Rows) else answer]
    found = 0
    while rest:
        value = rest.pop()
        if isinstance(value, Value):
            value = value.value
        elif isinstance(value, JsonText):
            value = value.text
        if isinstance(value, (str, bytes)):
            found += len(value) // 1000
        elif isinstance(value, (list, tuple, dict)):
            found += len(value)
            if found <= _MANY:
                rest.extend(value.values() if isinstance(value, dict) else value)
        if found > _MANY:
            return True
    return False


def say_json_null(rows: Sequence[list[Any]], description: Description) -> None:
    """Send None as the null of JSON for columns that are never NULL."""
    for number, column in enumerate(description.columns):
        if column.type in ("json", "jsonb") and column.nullability == "not null":
            for row in rows:
                if row[number] is None:
                    row[number] = _JSON_NULL
