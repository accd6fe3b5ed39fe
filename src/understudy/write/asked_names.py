"""The texts that code takes from its caller: names of columns and attributes, and values as text.

A generic DAO takes the name of a column as a text, or the values of a row as a dictionary:
`getattr(self.model, field)`, `self.model(**values)`, `f"SELECT ... ORDER BY {field}"`. Nothing in
its signature says so. The exception that another text leads to does. The same holds for
`user_id: str` if the column is a uuid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from understudy.rows.table_facts import Schema, Table
from understudy.write import column_values
from understudy.write.shapes import Leaf, Shape
from understudy.write.trials import Observation
from understudy.write.values import Values

PROBLEM = "it takes other texts than that of this trial"
_SQLSTATES = ("42703", "42601")  # an undefined column; a syntax error, as in `ORDER BY field a`
# Texts of another type, by a word of the message that refuses a text, of asyncpg or PostgreSQL.
_TYPED = {
    "uuid": [str(UUID(int=number)) for number in (101, 102)],
    "timestamp": ["2026-01-02T12:00:00", "2026-01-03T12:00:00"],
    "date": ["2026-01-02", "2026-01-03"],
    "integer": ["101", "102"],
}
_REFUSED = ("invalid input", "hexadecimal UUID string")
# The exceptions of a model and of SQLAlchemy: "'key' is an invalid keyword argument for Task".
_KINDS = ("TypeError", "KeyError", "InvalidRequestError", "CompileError", "ArgumentError")
_TABLES = re.compile(r"(?i)\b(?:from|into|update|join)\s+([\w.\"]+)")
_LISTS = (list, tuple, set, frozenset, dict)
_MOST = 2  # names in a list


@dataclass(frozen=True)
class _Asked:
    """What a text should have been.

    Attributes:
        names: the names, the best first.
        columns: the name in the database of each, and its table, if they are those of columns.
    """

    names: Sequence[str]
    columns: Mapping[str, str]
    table: Table | None = None


def learned(
    shapes: Mapping[str, Shape], observation: Observation, schema: Schema, values: Values
) -> dict[str, Shape]:
    """Return other shapes for arguments whose texts were no names that the code could use.

    Args:
        shapes: the shapes of the arguments that a trial has used.
        observation: what it did.
        schema: the schema of the project's database.
        values: makes the values of columns.
    """
    found: dict[str, Shape] = {}
    for name, shape in shapes.items():
        if not isinstance(shape, Leaf):
            continue
        for text in _texts(shape.values[0]):
            asked = _typed(name, text, observation) or _asked(text, observation, schema)
            if asked is not None and (other := _other(shape, asked, schema, values)) is not None:
                found[name] = other
    return found


def _texts(value: Any) -> list[str]:
    """Return the texts of a value that may stand for names; of a dictionary, its keys.

    A member of an enum is not one of them: no other text would do.
    """
    each = [value] if isinstance(value, str) else value
    return [one for one in each if type(one) is str] if isinstance(each, _LISTS) else []


def _other(shape: Leaf, asked: _Asked, schema: Schema, values: Values) -> Shape | None:
    value = shape.values[0]
    if isinstance(value, str):
        return replace(shape, values=list(asked.names), boundaries=())
    if not isinstance(value, dict):
        listed = type(value)
        boundaries = [("empty", listed()), ("single", listed(asked.names[:1]))]
        return replace(shape, values=[listed(asked.names[:_MOST])], boundaries=boundaries)
    if asked.table is None:
        return None
    columns = {}
    for name, column_name in asked.columns.items():
        column = asked.table.column(column_name)
        kind = column_values.python_type(schema, column)
        if column.required or (kind is not None and not column.has_default):
            columns[name] = (kind or str, column.required)
    return values.dictionary(shape, columns)


def _typed(name: str, text: str, observation: Observation) -> _Asked | None:
    """Return texts of the type that an argument should have had, if its own was refused."""
    for error in _chain(observation.raised):
        message = _message(error)
        # uuid.UUID does not say which text it has refused.
        is_own = repr(text)[1:-1] in message or (name.endswith("id") and "hexadecimal" in message)
        if is_own and any(words in message for words in _REFUSED):
            for kind, texts in _TYPED.items():
                if kind in message.lower() and text not in texts:
                    return _Asked(texts, {})
    return None


def _asked(text: str, observation: Observation, schema: Schema) -> _Asked | None:
    """Return what a text should have been, if that is why the call raised an exception."""
    for error in _chain(observation.raised):
        if isinstance(error, AttributeError):
            if (error.name or "").endswith(text) and error.obj is not None:
                return _attributes(error, str(error.name).removesuffix(text), schema)
        elif _is_about(error, text, observation):
            mapped = next(_mapped_near(error), None)
            return _of_columns(mapped, schema) or _of_statement(observation, schema)
    return None


def _is_about(error: BaseException, text: str, observation: Observation) -> bool:
    """Return whether an exception says that a text is no name of a column."""
    statements = [event.call.statement for event in observation.events if event.kind == "statement"]
    is_refused = getattr(error, "sqlstate", getattr(error, "pgcode", "")) in _SQLSTATES
    if is_refused and any(text in statement for statement in statements[-1:]):
        return True
    is_word = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", _message(error)) is not None
    return is_word and (is_refused or type(error).__name__ in _KINDS)


def _message(error: BaseException) -> str:
    """Return what an exception says, without the statement and the parameters of SQLAlchemy's."""
    return str(error).partition("\n[SQL:")[0]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those that it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _attributes(error: AttributeError, prefix: str, schema: Schema) -> _Asked | None:
    if not prefix:
        return _of_columns(error.obj, schema)
    # A name that another is made of: `getattr(self, "order_by_" + field)`.
    names = [name.removeprefix(prefix) for name in dir(error.obj) if name.startswith(prefix)]
    return _Asked(names, {}) if names else None


def _mapped_near(error: BaseException) -> Iterator[Any]:
    """Yield the ORM classes and tables in the frames of an exception, from the innermost one."""
    frames = []
    last = error.__traceback__
    while last is not None:
        frames.append(last.tb_frame)
        last = last.tb_next
    for frame in reversed(frames):
        known = frame.f_locals
        owners = [known[name] for name in ("self", "stmt") if name in known]  # a DAO, an Insert
        for value in (*known.values(), *(one for owner in owners for one in _attributes_of(owner))):
            if _columns_of(value):
                yield value


def _attributes_of(value: Any) -> Iterator[Any]:
    for owner in (value, *type(value).__mro__):
        yield from getattr(owner, "__dict__", {}).values()


def _columns_of(value: Any) -> dict[str, str]:
    """Return the columns of an ORM class, of an object of one, or of a table of SQLAlchemy.

    By the names that the code uses for them.
    """
    cls = value if isinstance(value, type) else type(value)
    if hasattr(cls, "__mapper__"):
        attributes = cls.__mapper__.column_attrs
        return {str(one.key): str(getattr(one.columns[0], "name", "")) for one in attributes}
    kinds = {(base.__module__, base.__name__) for base in cls.__mro__}  # also an annotated table
    if ("sqlalchemy.sql.schema", "Table") in kinds and not isinstance(value, type):
        return {str(column.key): str(column.name) for column in value.columns}
    return {}


def _of_columns(value: Any, schema: Schema) -> _Asked | None:
    columns = _columns_of(value)
    table = getattr(value, "__table__", value)
    oid = schema.names.get(str(getattr(table, "fullname", "")))
    return _of_table(schema.tables[oid], columns, schema) if columns and oid is not None else None


def _of_statement(observation: Observation, schema: Schema) -> _Asked | None:
    """Return the columns of the table that the last statement names."""
    for event in reversed(observation.events):
        if event.kind == "statement":
            for name in _TABLES.findall(event.call.statement):
                oid = schema.names.get(name.replace('"', ""))
                if oid is not None:
                    table = schema.tables[oid]
                    return _of_table(table, {one.name: one.name for one in table.columns}, schema)
    return None


def _of_table(table: Table, columns: Mapping[str, str], schema: Schema) -> _Asked:
    stored = {column.name for column in table.columns}
    known = {name: column for name, column in columns.items() if column in stored}
    # A value whose type nothing says is a text, so a column of texts goes first.
    kinds = {name: column_values.python_type(schema, table.column(known[name])) for name in known}
    names = sorted(known, key=lambda name: kinds[name] is not str)
    return _Asked(names, known, table)
