"""Records as NDJSON: one JSON object a line, without what has its default."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import lru_cache
from typing import Any

from understudy.run_report.records import Error, Record, TestEvent

_ALWAYS = ("kind", "version")


def text_of(records: Iterable[Record]) -> str:
    """Return records as lines of ASCII: no text, however broken, spoils a line."""
    return "".join(f"{json.dumps(plain(record))}\n" for record in records)


def plain(value: Any) -> Any:
    """Return a record as plain values, without the fields that have their default."""
    if is_dataclass(value):
        given = {name: getattr(value, name) for name, _ in _defaults(value.__class__)}
        found = {name: given[name] for name in _ALWAYS if name in given}
        for name, default in _defaults(value.__class__):
            if not _is_default(given[name], default):
                found[name] = plain(given[name])
        return found
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def _is_default(given: Any, default: Any) -> bool:
    is_list = isinstance(default, list | tuple) and isinstance(given, list | tuple)
    return tuple(given) == tuple(default) if is_list else bool(given == default)


@lru_cache
def _defaults(kind: Any) -> list[tuple[str, Any]]:
    return [(field.name, _default(field)) for field in fields(kind)]


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def events_from(values: Sequence[TestEvent | Mapping[str, Any]]) -> list[TestEvent]:
    """Return events, of which some may be what `plain` has made of them."""
    return [value if isinstance(value, TestEvent) else _event_from(value) for value in values]


def _event_from(values: Mapping[str, Any]) -> TestEvent:
    error = values.get("error")
    return TestEvent(**{**values, "error": Error(**error) if error else None})
