"""What a written test asserts: what was the same each time that its trial ran."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from understudy.project.python_values import NoSource
from understudy.script.formatting import python_literal
from understudy.write import rendering, web_assertions
from understudy.write.expected import (
    Expected,
    Fields,
    Items,
    Same,
    Varying,
    anything,
    expected,
    whole,
)
from understudy.write.raised import raised_class, raised_lines
from understudy.write.spelling import named
from understudy.write.suspicions import suspect
from understudy.write.trials import Expression, Kept, Observation

_LONG_TEXT = 100  # characters
_LONG_LIST = 6  # items that are asserted whole
_LONG_SOURCE = 420  # characters of a list that is asserted whole
_MOST_COLUMNS = 8  # of an inserted row that is asserted whole
_MOST_FIELDS = 5  # of the items of a list
_WRITES = re.compile(
    r"\s*(?:WITH\b.*\b)?(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE | re.DOTALL
)


def asserted(kept: Kept) -> Kept:
    """Return a kept trial with the lines that assert what was the same in all observations."""
    suspected = suspect(kept)
    if suspected is not None:
        reason, lines, imports = suspected
        return replace(kept, suspicion=reason, assertions=lines, imports=imports)
    writer = _Writer(kept)
    holding = tuple(line for line in writer.lines() if _holds(kept, line, writer.imports))
    used = " ".join(holding)
    needed = tuple(line for line in writer.imports if _is_used(line, used))
    return replace(kept, assertions=holding, imports=needed)


def act(kept: Kept) -> list[str]:
    """Return the lines that make the call of a kept trial, for its assertions."""
    asserts = "\n".join(kept.assertions)
    call = rendering.call(kept.trial)
    name = "response" if kept.trial.target.layer == "router" else "result"
    raised = _raises(kept)
    if raised is None:
        lines = [f"{name} = {call}" if _mentions(asserts, name) else call]
        lines += kept.trial.target.after
    else:
        lines = [call]
    managers = ["real_postgres.changes() as changes"] if _mentions(asserts, "changes") else []
    if raised is not None:
        variable = " as raised" if _mentions(asserts, "raised") else ""
        managers.append(f"pytest.raises({raised.text}){variable}")
    if not managers:
        return lines
    return [f"with {', '.join(managers)}:", *(f"    {line}" for line in lines)]


def imports_of_act(kept: Kept) -> set[str]:
    """Return the import lines that the call needs, besides those of its trial."""
    raised = _raises(kept)
    return set() if raised is None else {"import pytest", *raised.imports}


def _raises(kept: Kept) -> Expression | None:
    """Return the class of the exception that the written test expects; None if none."""
    if kept.suspicion and not kept.assertions:
        return Expression("Exception")
    raised = kept.observed[0].raised if kept.observed else None
    if raised is None or (kept.suspicion and kept.trial.target.layer == "router"):
        return None
    return raised_class(raised)


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


def _is_used(line: str, text: str) -> bool:
    names = line.rpartition("import ")[2].split(", ")
    return any(_mentions(text, name.partition(" as ")[2] or name) for name in names)


class _Writer:
    """Writes the assertions of one kept trial.

    Attributes:
        imports: the import lines that they need.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._target = kept.trial.target
        self._observed = kept.observed
        self.imports: dict[str, None] = {}
        self._is_narrowed = False
        self._answer = expected([one.answer for one in kept.observed])

    def lines(self) -> Iterator[str]:
        """Yield the assertions, in the order in which they are written."""
        first = self._observed[0]
        if first.raised is not None:
            lines, imports = raised_lines([one.raised for one in self._observed])
            self.imports |= dict.fromkeys(imports)
            yield from lines
        elif self._target.layer == "router":
            lines, imports = web_assertions.lines(self._kept)
            self.imports |= dict.fromkeys(imports)
            yield from lines
        elif not self._returns_nothing():
            yield from self._value("result", self._answer)
        yield from self._changes()

    # The value that is returned -------------------------------------------------------------------

    def _returns_nothing(self) -> bool:
        """Whether the function is declared to return nothing, so that its call has no value."""
        if any(one.answer is not None for one in self._observed):
            return False
        hint = _return_hint(self._target.function)
        return hint is None or hint is type(None) or hint is inspect.Signature.empty

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
            yield f"assert {variable} == {self._text(part.source)}"

    def _varying(self, variable: str, part: Varying) -> Iterator[str]:
        kinds = {type(value) for value in part.values}
        if self._is_a_new_key(part) or type(None) in kinds or len(kinds) > 1:
            return
        with contextlib.suppress(NoSource):
            yield f"assert isinstance({variable}, {self._text(named(kinds.pop()))})"

    def _fields(self, variable: str, part: Fields) -> Iterator[str]:
        with contextlib.suppress(NoSource):
            source = whole(part)
            if self._equals(part, source):
                yield from self._narrowed(part.is_record)
                left = f"dict({variable})" if part.is_record else variable
                yield f"assert {left} == {self._text(source)}"
                return
        yield from self._narrowed(True)
        with contextlib.suppress(NoSource):
            left = self._as_dict(variable, part)
            yield f"assert {left} == {self._text(whole(part, self._hole, is_plain=True))}"
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
        if len(simple) > 1:
            left = ", ".join(part.access(variable, name) for name in simple)
            right = ", ".join(self._text(whole(part.parts[name])) for name in simple)
            yield f"assert ({left}) == ({right})"
        elif simple:
            yield from self._value(part.access(variable, simple[0]), part.parts[simple[0]])
        for name, one in part.parts.items():
            if isinstance(one, Fields | Items):
                yield from self._value(part.access(variable, name), one)
        if not simple:
            with contextlib.suppress(NoSource):
                yield f"assert isinstance({variable}, {self._text(named(type(part.value)))})"

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
        if len(part.parts) <= _LONG_LIST:
            with contextlib.suppress(NoSource):
                source = whole(part)
                is_record = _has_records(part)
                left = f"[dict(row) for row in {variable}]" if is_record else variable
                if self._equals(part, source) and len(source.text) <= _LONG_SOURCE:
                    yield from self._narrowed(is_record)
                    yield f"assert {left} == {self._text(source)}"
                    return
        yield from self._narrowed()
        columns = self._columns(part)
        if columns:
            yield f"assert {self._rows(variable, part, columns)} == {self._listed(part, columns)}"
        else:
            yield f"assert len({variable}) == {len(part.parts)}"
            yield from self._value(f"{variable}[0]", part.parts[0])

    def _unordered(self, variable: str, part: Items) -> Iterator[str]:
        yield from self._narrowed()
        columns = self._columns(part)
        values = [_key_of(one, columns) for one in part.parts]
        try:
            order = sorted(range(len(values)), key=lambda at: values[at])
        except TypeError:  # values of several types, or NULL
            yield f"assert len({variable}) == {len(part.parts)}"
            return
        ordered = Items(part.value, tuple(part.parts[at] for at in order))
        if all(isinstance(one, Same) for one in part.parts):
            with contextlib.suppress(NoSource):
                yield f"assert sorted({variable}) == {self._text(whole(ordered))}"
        elif columns:
            rows = self._rows(variable, part, columns)[1:-1]
            yield f"assert sorted({rows}) == {self._listed(ordered, columns)}"

    def _columns(self, part: Items) -> list[str]:
        """Return the fields with simple values that all items of a list have, the keys first."""
        items = [one for one in part.parts if isinstance(one, Fields)]
        if len(items) < len(part.parts) or not items:
            return []
        found = [
            name
            for name in items[0].parts
            if all(isinstance(item.parts.get(name), Same) for item in items)
        ]
        telling = [name for name in found if len({str(_same(item, name)) for item in items}) > 1]
        ranked = sorted(found, key=lambda name: (name != "id", name not in telling))
        chosen = ranked[: _MOST_FIELDS if len(items) <= _LONG_LIST else 1]
        return [name for name in found if name in chosen]

    def _rows(self, variable: str, part: Items, columns: Sequence[str]) -> str:
        first = part.parts[0]
        assert isinstance(first, Fields), "it has columns"
        item = "row" if first.is_dict or first.is_record else "item"
        values = ", ".join(first.access(item, name) for name in columns)
        return f"[{f'({values})' if len(columns) > 1 else values} for {item} in {variable}]"

    def _listed(self, part: Items, columns: Sequence[str]) -> str:
        rows = []
        for one in part.parts:
            assert isinstance(one, Fields), "it has columns"
            values = ", ".join(self._text(whole(one.parts[name])) for name in columns)
            rows.append(f"({values})" if len(columns) > 1 else values)
        return f"[{', '.join(rows)}]"

    def _narrowed(self, is_needed: bool = True) -> Iterator[str]:
        """Yield what tells a type checker, once, that an answer that may be None is not."""
        if is_needed and not self._is_narrowed and _may_be_none(self._target.function):
            self._is_narrowed = True
            yield "assert result is not None"

    def _equals(self, part: Fields | Items, source: Expression) -> bool:
        """Return whether a source makes the value: a model may refuse it or change it."""
        try:
            made = _evaluated(source)
            if isinstance(part, Fields) and part.is_record:
                return bool(dict(part.value) == made)
            if isinstance(part, Items) and _has_records(part):
                return bool([dict(one) for one in part.value] == made)
            return bool(part.value == made)
        except Exception:  # noqa: BLE001 - code of the project decides what is equal
            return False

    # What changes ---------------------------------------------------------------------------------

    def _changes(self) -> Iterator[str]:
        found = [one.changes for one in self._observed]
        if any(changes is None for changes in found):
            return
        if not any(found):
            if _has_written(self._observed[0]):
                yield "assert not changes"
            return
        for kind in ("inserted", "updated", "deleted"):
            part = expected([getattr(changes, kind) for changes in found])
            if isinstance(part, Varying):
                yield f"assert changes.{kind}"
            elif getattr(found[0], kind):
                assert isinstance(part, Fields), "a dict of tables"
                yield from self._tables(kind, part)

    def _tables(self, kind: str, part: Fields) -> Iterator[str]:
        is_wide = any(
            isinstance(rows, Items)
            and (len(rows.parts) > _LONG_LIST or any(map(_is_wide, rows.parts)))
            for rows in part.parts.values()
        )
        if not is_wide:
            with contextlib.suppress(NoSource):
                source = whole(part, self._hole)
                if "ANY" not in source.text or _is_mostly_known(part):
                    yield f"assert changes.{kind} == {self._text(source)}"
                    return
        yield f"assert list(changes.{kind}) == {self._text(_names(part))}"
        for table, rows in part.parts.items():
            variable = f"changes.{kind}[{python_literal(table)}]"
            if isinstance(rows, Items):
                yield from self._changed_rows(variable, rows)

    def _changed_rows(self, variable: str, rows: Items) -> Iterator[str]:
        columns = [
            name
            for name in self._all_columns(rows)
            if any(_same(one, name) is not None for one in rows.parts)
        ]
        if columns and rows.is_ordered:
            columns = columns[: 2 if len(rows.parts) > _LONG_LIST else _MOST_COLUMNS]
            listed = self._listed(rows, columns)
            yield f"assert {self._rows(variable, rows, columns)} == {listed}"
        else:
            yield f"assert len({variable}) == {len(rows.parts)}"

    def _all_columns(self, rows: Items) -> list[str]:
        items = [one for one in rows.parts if isinstance(one, Fields)]
        names = list(items[0].parts) if items else []
        return [n for n in names if all(isinstance(item.parts.get(n), Same) for item in items)]

    # ----------------------------------------------------------------------------------------------

    def _hole(self, part: Varying) -> Expression:
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

    def _text(self, source: Expression) -> str:
        self.imports |= dict.fromkeys(source.imports)
        return source.text


def _has_records(part: Items) -> bool:
    first = part.parts[0] if part.parts else None
    return isinstance(first, Fields) and first.is_record


def _same(part: Expected, name: str) -> Any:
    """Return the value of a field that was the same in all observations, or None."""
    field = part.parts.get(name) if isinstance(part, Fields) else None
    return field.value if isinstance(field, Same) else None


def _key_of(part: Expected, columns: Sequence[str]) -> Any:
    if isinstance(part, Same):
        return part.value
    return tuple(_same(part, name) for name in columns)


def _is_key(value: Any) -> bool:
    """Return whether a value can be that of a key, and not by chance the same elsewhere."""
    return (isinstance(value, int | str) and not isinstance(value, bool)) or hasattr(value, "hex")


def _is_wide(row: Expected) -> bool:
    return isinstance(row, Fields) and len(row.parts) > _MOST_COLUMNS


def _is_mostly_known(part: Fields) -> bool:
    """Return whether at most half of the values of the changed rows vary."""
    values = [
        value
        for rows in part.parts.values()
        if isinstance(rows, Items)
        for row in rows.parts
        if isinstance(row, Fields)
        for value in row.parts.values()
    ]
    varying = [value for value in values if isinstance(value, Varying)]
    return len(varying) <= len(values) / 2


def _names(part: Fields) -> Expression:
    return Expression(f"[{', '.join(map(python_literal, part.parts))}]")


def _has_written(observation: Observation) -> bool:
    """Return whether a statement could have changed rows."""
    return any(_WRITES.match(event.call.statement) for event in observation.events)


def _return_hint(function: Any) -> Any:
    signature = inspect.Signature.empty
    try:
        return typing.get_type_hints(function).get("return", signature)
    except Exception:  # noqa: BLE001 - a hint may name what is only there for type checkers
        return getattr(function, "__annotations__", {}).get("return", signature)


def _may_be_none(function: Any) -> bool:
    hint = _return_hint(function)
    if isinstance(hint, str):
        return "None" in hint or hint.startswith("Optional")
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return is_union and type(None) in typing.get_args(hint)


def _evaluated(source: Expression) -> Any:
    namespace = _imported(source.imports)
    # The source of a literal or of a call of a model that the trial has imported.
    return eval(source.text, namespace)


def _imported(lines: Iterable[str]) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec("\n".join(lines), namespace)
    return namespace


def _holds(kept: Kept, line: str, imports: Iterable[str]) -> bool:
    """Return whether an assertion holds for all observations."""
    namespace = _imported([*rendering.imports(kept.trial), *imports])
    for one in kept.observed:
        known = {
            "result": one.answer,
            "response": one.answer,
            "changes": one.changes,
            "raised": types.SimpleNamespace(value=one.raised),
        }
        try:
            exec(line, namespace | known)
        except Exception:  # noqa: BLE001 - then it is not written
            return False
    return True
