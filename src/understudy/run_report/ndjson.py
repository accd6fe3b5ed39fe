"""Records as NDJSON: one JSON object a line, without what has its default."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from understudy.run_report.records import Error, Record, TestEvent

_ALWAYS = ("kind", "version")
_PLAIN = frozenset([str, int, float, bool, type(None)])


def text_of(records: Iterable[Record]) -> str:
    """Return records as lines of ASCII: no text, however broken, spoils a line."""
    return "".join(f"{json.dumps(plain(record))}\n" for record in records)


def plain(value: Any) -> Any:
    """Return a record as plain values, without the fields that have their default."""
    if type(value) in _PLAIN:
        return value
    if is_dataclass(value):
        return _fields_of(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


def _fields_of(record: Any) -> dict[str, Any]:
    given = vars(record)
    found = {name: given[name] for name in _ALWAYS if name in given}
    for name, default in _defaults(type(record)):
        item = given[name]
        if item is not default and (default is MISSING or not _is_default(item, default)):
            found[name] = plain(item)
    return found


def _is_default(given: Any, default: Any) -> bool:
    return bool(given == default or (not given and type(given) is list and default == ()))


_known: dict[Any, list[tuple[str, Any]]] = {}


def _defaults(kind: Any) -> list[tuple[str, Any]]:
    if kind not in _known:
        _known[kind] = [(field.name, _default(field)) for field in fields(kind)]
    return _known[kind]


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
