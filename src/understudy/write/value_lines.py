"""The lines of a test that assert a value."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator, Sequence, Set
from typing import Any

from understudy.project import parsing
from understudy.project.python_values import NoSource
from understudy.write import hints
from understudy.write.expected import (
    Expected,
    Fields,
    Items,
    Same,
    Varying,
    anything,
    expected,
    flattened,
    of_fields,
    whole,
)
from understudy.write.guard import limited
from understudy.write.spelling import evaluated, named
from understudy.write.trials import Expression, Kept

_LONG_TEXT = 100  # characters
LONG_LIST = 6  # items that are asserted whole
_LONG_SOURCE = 420  # characters of a list that is asserted whole
_LONG_DICT = 240  # characters of a dict that is asserted whole
_LONG_PAIR = 130  # characters of two tuples that are compared
_MOST_FIELDS = 5  # of the items of a list
_ALL_FIELDS = 40


class ValueLines:
    """Writes the lines that assert what a call returned, or a part of it.

    Args:
        kept: the trial.

    Attributes:
        imports: the import lines that they need.
    """

    def __init__(self, kept: Kept) -> None:
        self._function = kept.trial.target.function
        self._observed = kept.observed
        self.imports: dict[str, None] = {}
        self._is_narrowed = False
        self._asserted = kept.fields
        # A test that is to notice swapped columns of a row asserts all of them.
        is_whole = kept.is_whole or kept.fields is not None
        self._most_fields = _ALL_FIELDS if is_whole else _MOST_FIELDS
        self._answer = expected([one.answer for one in kept.observed])

    def lines(self, repeated: Set[str] = frozenset()) -> Iterator[str]:
        """Yield the lines that assert what was returned.

        Args:
            repeated: the fields of it that other lines assert.
        """
        if not self._returns_nothing():
            answer = self._answer
            if self._asserted is not None:
                answer = of_fields(answer, self._asserted)
            if repeated and isinstance(answer, Fields):
                answer = of_fields(answer, answer.parts.keys() - repeated)
            yield from self._value("result", answer)

    def _returns_nothing(self) -> bool:
        """Whether the function is declared to return nothing, so that its call has no value."""
        if any(one.answer is not None for one in self._observed):
            return False
        hint = hints.returned(self._function)
        if hint is inspect.Parameter.empty:
            return not _has_value(self._function)
        return hint is None or hint is type(None)

    def _value(self, variable: str, part: Expected) -> Iterator[str]:
        if isinstance(part, Same):
            yield from self._same(variable, part)
        elif isinstance(part, Varying):
            yield from self._varying(variable, part)
        elif isinstance(part, Items):
            yield from self._items(variable, part)
        else:
            yield from self._fields(variable, part)

    def _same(self, variable: str, part: Same) -> Iterator[str]:
        value = part.value
        if value is None or isinstance(value, bool):
            yield f"assert {variable} is {value}"
        elif (
            isinstance(value, str | bytes)
            and len(value) > _LONG_TEXT
            and "*" not in part.source.text
        ):
            yield from self._narrowed()
            start = value[:40]
            yield f"assert len({variable}) == {len(value)}"
            yield f"assert {variable}.startswith({start!r})"
        else:
            yield f"assert {variable} == {self.text(part.source)}"

    def _varying(self, variable: str, part: Varying) -> Iterator[str]:
        kinds = {type(value) for value in part.values}
        if self._is_a_new_key(part) or type(None) in kinds or len(kinds) > 1:
            return
        with contextlib.suppress(NoSource):
            yield f"assert isinstance({variable}, {self.text(named(kinds.pop()))})"

    def _fields(self, variable: str, part: Fields) -> Iterator[str]:
        with contextlib.suppress(NoSource):
            source = whole(part)
            if self._equals(part, source):
                yield from self._narrowed(part.is_record)
                left = f"dict({variable})" if part.is_record else variable
                yield f"assert {left} == {self.text(source)}"
                return
        yield from self._narrowed(True)
        simple = [one for one in part.parts.values() if isinstance(one, Same)]
        varying = [one for one in part.parts.values() if isinstance(one, Varying)]
        if len(simple) > self._most_fields or len(simple) + len(varying) < len(part.parts):
            with contextlib.suppress(NoSource):
                left = self._as_dict(variable, part)
                source = whole(part, self.hole, is_plain=True)
                if len(source.text) <= _LONG_DICT:
                    yield f"assert {left} == {self.text(source)}"
                    return
        yield from self._by_field(variable, part)

    def _as_dict(self, variable: str, part: Fields) -> str:
        """Return the source of a value as a dict, if most of it is known.

        Raises:
            NoSource: it is no dict, or too little is known.
        """
        known = [one for one in part.parts.values() if not isinstance(one, Varying)]
        if part.is_dict and known:
            return variable
        if part.is_record and known:
            return f"dict({variable})"
        if len(known) <= len(part.parts) / 2 or part.is_row:
            raise NoSource("too little is known")
        if hasattr(part.value, "model_dump"):
            return f"{variable}.model_dump()"
        if hasattr(part.value, "__fields_set__"):
            return f"{variable}.dict()"
        if dataclasses.is_dataclass(part.value):
            self.imports["from dataclasses import asdict"] = None
            return f"asdict({variable})"
        raise NoSource("it is no dict")

    def _by_field(self, variable: str, part: Fields) -> Iterator[str]:
        """Yield one assertion of the fields with simple values, and those of the other fields."""
        simple = [name for name, one in part.parts.items() if isinstance(one, Same)]
        if len(simple) > self._most_fields:  # what is NULL says least
            simple = [name for name in simple if same(part, name) is not None]
        left = ", ".join(part.access(variable, name) for name in simple)
        right = ", ".join(self.text(whole(part.parts[name])) for name in simple)
        if len(simple) > 1 and len(left) + len(right) <= _LONG_PAIR:
            yield f"assert ({left}) == ({right})"
        else:
            for name in simple:
                yield from self._value(part.access(variable, name), part.parts[name])
        for name, one in part.parts.items():
            if isinstance(one, Fields | Items):
                yield from self._value(part.access(variable, name), one)
        is_told = any(
            isinstance(one, Varying) and self._is_a_new_key(one) for one in part.parts.values()
        )
        if not simple and not is_told:
            with contextlib.suppress(NoSource):
                yield f"assert isinstance({variable}, {self.text(named(type(part.value)))})"

    def _items(self, variable: str, part: Items) -> Iterator[str]:
        if not part.parts:
            yield from self._narrowed()
            is_plain = type(part.value) in (list, tuple)
            empty = "()" if type(part.value) is tuple else "[]"
            yield f"assert {variable if is_plain else f'list({variable})'} == {empty}"
            return
        if not part.is_ordered:
            yield from self._unordered(variable, part)
            return
        if len(part.parts) <= LONG_LIST:
            with contextlib.suppress(NoSource):
                source = whole(part)
                is_record = _has_records(part)
                left = f"[dict(row) for row in {variable}]" if is_record else variable
                if self._equals(part, source) and len(source.text) <= _LONG_SOURCE:
                    yield from self._narrowed(is_record)
                    yield f"assert {left} == {self.text(source)}"
                    return
        yield from self._narrowed()
        flat = flattened(part)
        columns = self._columns(flat)
        if columns:
            yield f"assert {self.rows(variable, flat, columns)} == {self.listed(flat, columns)}"
        else:
            yield f"assert len({variable}) == {len(part.parts)}"
            yield from self._value(f"{variable}[0]", part.parts[0])

    def _unordered(self, variable: str, part: Items) -> Iterator[str]:
        yield from self._narrowed()
        part = flattened(part)
        columns = self._columns(part, is_sorted=True)
        values = [_key_of(one, columns) for one in part.parts]
        try:
            order = sorted(range(len(values)), key=lambda at: values[at])
        except TypeError:  # values of several types, or NULL
            yield f"assert len({variable}) == {len(part.parts)}"
            return
        ordered = Items(part.value, tuple(part.parts[at] for at in order))
        if all(isinstance(one, Same) for one in part.parts):
            with contextlib.suppress(NoSource):
                yield f"assert sorted({variable}) == {self.text(whole(ordered))}"
        elif columns:
            rows = self.rows(variable, part, columns)[1:-1]
            yield f"assert sorted({rows}) == {self.listed(ordered, columns)}"

    def _columns(self, part: Items, *, is_sorted: bool = False) -> list[str]:
        """Return the telling fields that all items of a list have; to sort them, simple ones."""
        items = [one for one in part.parts if isinstance(one, Fields)]
        if len(items) < len(part.parts) or not items:
            return []
        found = [
            name
            for name in items[0].parts
            if all(name in item.parts for item in items)
            and all(
                same(item, name) is not None if is_sorted else self.is_known(item.parts[name])
                for item in items
            )
        ]
        telling = [name for name in found if len({str(item.parts[name]) for item in items}) > 1]
        ranked = sorted(
            found, key=lambda name: (name.rpartition(".")[2] != "id", name not in telling)
        )
        chosen = ranked[: self._most_fields if len(items) <= LONG_LIST else 1]
        return [name for name in found if name in chosen]

    def rows(self, variable: str, part: Items, columns: Sequence[str]) -> str:
        """Return the source of some fields of all items."""
        first = part.parts[0]
        assert isinstance(first, Fields), "it has columns"
        item = "row" if first.is_dict or first.is_record else "item"
        values = ", ".join(first.access(item, name) for name in columns)
        return f"[{f'({values})' if len(columns) > 1 else values} for {item} in {variable}]"

    def listed(self, part: Items, columns: Sequence[str]) -> str:
        """Return the source of what `rows` is equal to."""
        rows = []
        for one in part.parts:
            assert isinstance(one, Fields), "it has columns"
            values = ", ".join(self.text(whole(one.parts[name], self.hole)) for name in columns)
            rows.append(f"({values})" if len(columns) > 1 else values)
        return f"[{', '.join(rows)}]"

    def _narrowed(self, is_needed: bool = True) -> Iterator[str]:
        """Yield what tells a type checker, once, that an answer that may be None is not."""
        if is_needed and not self._is_narrowed and _may_be_none(self._function):
            self._is_narrowed = True
            yield "assert result is not None"

    def _equals(self, part: Fields | Items, source: Expression) -> bool:
        """Return whether a source makes the value: a model may refuse it or change it."""
        try:
            with limited():
                made = evaluated(source)
                if isinstance(part, Fields) and part.is_record:
                    return bool(dict(part.value) == made)
                if isinstance(part, Items) and _has_records(part):
                    return bool([dict(one) for one in part.value] == made)
                return bool(part.value == made)
        except Exception:  # noqa: BLE001 - code of the project decides what is equal
            return False

    def hole(self, part: Varying) -> Expression:
        """Return what stands for a value that varies: what was returned, if it is the same."""
        for variable, values in self._returned():
            if values == part.values:
                return Expression(variable)
        return anything(part)

    def _returned(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Yield the parts of the answer that vary, with their sources."""
        answer = self._answer
        if isinstance(answer, Varying) and _is_key(answer.values[0]):
            yield "result", answer.values
        if isinstance(answer, Fields):
            for name, part in answer.parts.items():
                if isinstance(part, Varying) and _is_key(part.values[0]):
                    yield answer.access("result", name), part.values

    def _is_a_new_key(self, part: Varying) -> bool:
        """Return whether an inserted row has this value, so that it is asserted there."""
        inserted = [getattr(one.changes, "inserted", None) or {} for one in self._observed]
        found = [
            [value for rows in tables.values() for row in rows for value in row.values()]
            for tables in inserted
        ]
        return _is_key(part.values[0]) and all(
            any(type(other) is type(value) and other == value for other in values)
            for value, values in zip(part.values, found, strict=True)
        )

    def is_known(self, part: Expected) -> bool:
        """Return whether a part was the same in all observations, or was returned."""
        try:
            return "ANY" not in whole(part, self.hole).text
        except NoSource:
            return False

    def text(self, source: Expression) -> str:
        """Return the text of a source, and note its imports."""
        self.imports |= dict.fromkeys(source.imports)
        return source.text


def _has_records(part: Items) -> bool:
    first = part.parts[0] if part.parts else None
    return isinstance(first, Fields) and first.is_record


def same(part: Expected, name: str) -> Any:
    """Return the value of a field that was the same in all observations, or None."""
    field = part.parts.get(name) if isinstance(part, Fields) else None
    return field.value if isinstance(field, Same) else None


def _key_of(part: Expected, columns: Sequence[str]) -> Any:
    if isinstance(part, Same):
        return part.value
    return tuple(same(part, name) for name in columns)


def _is_key(value: Any) -> bool:
    """Return whether a value can be that of a key, and not by chance the same elsewhere."""
    return (isinstance(value, int | str) and not isinstance(value, bool)) or hasattr(value, "hex")


def _has_value(function: Any) -> bool:
    """Return whether a function without a hint returns a value somewhere."""
    tree = parsing.tree_of(function)
    if tree is None:
        return False
    returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return any(node.value is not None for node in returns)


def _may_be_none(function: Any) -> bool:
    hint = hints.returned(function)
    if isinstance(hint, str):
        return "None" in hint or hint.startswith("Optional")
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return is_union and type(None) in typing.get_args(hint)
