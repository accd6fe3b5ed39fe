"""Python values as source, in the names that a file has for their classes."""

from __future__ import annotations

import ast
import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from understudy.pg.codecs.json_documents import JsonText
from understudy.project import parsing
from understudy.project.imports import import_order
from understudy.script.formatting import python_literal

_PLAIN = (bool, int, type(None))


class NoSource(Exception):
    """A value has no source; the text says why."""


class Names:
    """The names by which a file knows what it imports, and what it has to import besides.

    Args:
        text: the file's source.

    Raises:
        Unreadable: it is not valid Python.
    """

    def __init__(self, text: str) -> None:
        tree = parsing.parsed(text)
        self._imported: dict[str, str] = {}
        for node in tree.body:
            if isinstance(node, ast.Import):
                self._imported |= {alias.name: alias.asname or alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    self._imported[f"{node.module}.{alias.name}"] = alias.asname or alias.name
        self._bound = {name for node in ast.walk(tree) for name in _bound_by(node)}
        self._wanted: dict[str, set[str]] = {}

    def of(self, module: str, name: str) -> str:
        """Return how a file spells a name of a module, and note the import that this needs.

        Raises:
            NoSource: the file has given all these names to something else.
        """
        full = f"{module}.{name}"
        if full in self._imported:
            return self._imported[full]
        if module in self._imported:
            return f"{self._imported[module]}.{name}"
        if name not in self._bound:
            self._wanted.setdefault(module, set()).add(name)
            return name
        if module in self._bound or "." in module:
            raise NoSource(f"the file has another {name} than that of {module}")
        self._wanted.setdefault(module, set())
        return full

    @property
    def imports(self) -> list[str]:
        """The imports that the file lacks for what was asked of it."""
        return [
            f"from {module} import {', '.join(sorted(names, key=import_order))}"
            if names
            else f"import {module}"
            for module, names in sorted(self._wanted.items())
        ]


def _bound_by(node: ast.AST) -> list[str]:
    """Return the names that a node gives to something."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.alias):
        return [node.asname or node.name.partition(".")[0]]
    return []


def source_of(value: Any, names: Names) -> str:
    """Return a value as source.

    Args:
        value: of a type that the codecs make: numbers, texts, times, documents, lists of them.
        names: the file's; gets the imports.

    Raises:
        NoSource: the value is of another type.
    """
    if type(value) is str:
        return python_literal(value)
    if type(value) is bytes:
        plain = repr(value)
        is_double = '"' in plain
        return plain if is_double else 'b"' + plain[2:-1].replace("\\'", "'") + '"'
    if type(value) in _PLAIN:
        return repr(value)
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if type(value) is Decimal:
        return f'{names.of("decimal", "Decimal")}("{value}")'
    if type(value) is UUID:
        return f'{names.of("uuid", "UUID")}("{value}")'
    if type(value) is JsonText:
        return f"{names.of('understudy', 'JsonText')}({python_literal(value.text)})"
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return _moment(value, names)
    if isinstance(value, Mapping):
        return dict_of((source_of(key, names), source_of(value[key], names)) for key in value)
    if type(value) in (list, tuple):
        return collection_of(type(value), [source_of(item, names) for item in value])
    raise NoSource(f"a {type(value).__name__} has no source: {value!r}")


def dict_of(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a dict as source, of keys and values that are source."""
    return f"{{{', '.join(f'{key}: {value}' for key, value in pairs)}}}"


def collection_of(kind: type, items: Sequence[str]) -> str:
    """Return a list, tuple, set or frozenset as source, of items that are source."""
    text = ", ".join(items)
    if issubclass(kind, tuple):
        return f"({text},)" if len(items) == 1 else f"({text})"
    if issubclass(kind, frozenset):
        return f"frozenset({{{text}}})" if items else "frozenset()"
    if issubclass(kind, set):
        return f"{{{text}}}" if items else "set()"
    return f"[{text}]"


def _moment(value: dt.date | dt.time | dt.timedelta, names: Names) -> str:
    if type(value) is dt.timedelta:
        parts = {"days": value.days, "seconds": value.seconds, "microseconds": value.microseconds}
        given = ", ".join(f"{name}={number}" for name, number in parts.items() if number)
        return f"{names.of('datetime', 'timedelta')}({given})"
    if type(value) is dt.datetime:
        zone = ""
        if value.tzinfo is not None:
            value = value.astimezone(dt.UTC)
            zone = f", tzinfo={names.of('datetime', 'UTC')}"
        given = ", ".join(map(str, [*value.timetuple()[:3], *_clock(value.time(), 2)]))
        return f"{names.of('datetime', 'datetime')}({given}{zone})"
    if type(value) is dt.date:
        return f"{names.of('datetime', 'date')}({value.year}, {value.month}, {value.day})"
    if type(value) is dt.time:
        given = ", ".join(map(str, _clock(value, 2)))
        offset, zone = value.utcoffset(), ""
        if offset is not None:
            made = names.of("datetime", "timezone" if offset else "UTC")
            zone = f", tzinfo={made}({_moment(offset, names)})" if offset else f", tzinfo={made}"
        return f"{names.of('datetime', 'time')}({given}{zone})"
    raise NoSource(f"a {type(value).__name__} has no source: {value!r}")


def _clock(value: dt.time, least: int) -> list[int]:
    """Return the parts of a time, at least some of them, without zeros at the end."""
    parts = [value.hour, value.minute, value.second, value.microsecond]
    while len(parts) > least and not parts[-1]:
        parts.pop()
    return parts
