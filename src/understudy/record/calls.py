"""The calls of a recording run with Python values, without those that drivers make themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from understudy.catalog import active_checker
from understudy.catalog.command_tags import command_in
from understudy.catalog.session_schema import NO_CONTEXT
from understudy.engine.copied_rows import CopiedRows
from understudy.fake_postgres.current_schema import Schema
from understudy.fake_postgres.protocol import commands
from understudy.fake_postgres.protocol.command_parser import read
from understudy.pg import sql
from understudy.pg.codecs.codec import TEXT, Codec, Unencodable
from understudy.pg.codecs.json_documents import JsonNumber, JsonText
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.types import Types
from understudy.script import boundary
from understudy.script.boundary import Boundary, Event
from understudy.script.formatting import counted, shortened
from understudy.script.requests import Phase

MOST_ROWS = 50  # of an answer, and of a COPY: a script is for reading
_BUILT_IN = Types({})
_WITH_SOURCE = frozenset(
    (
        *(type(None), bool, int, float, str, bytes, list, tuple, dict),
        *(Decimal, UUID, dt.date, dt.datetime, dt.timedelta, dt.time),
    )
)
_ABORTED = "25P02"  # the server's own answer after an error in a transaction


class _Watcher:
    """A watcher of the boundary, without which no rows of an answer are kept."""

    def begun(self, event: Event, boundary: Boundary) -> None:
        """Do nothing: the event is read when the test is over."""

    def ended(self, event: Event) -> None:
        """Do nothing, as above."""


@contextmanager
def rows_kept() -> Iterator[None]:
    """Keep as many rows of each answer as a script may have, and one more."""
    watcher, before = _Watcher(), boundary.kept_rows
    boundary.watchers.append(watcher)
    boundary.kept_rows = MOST_ROWS + 1
    try:
        yield
    finally:
        boundary.watchers.remove(watcher)
        boundary.kept_rows = before


class NotRecordable(Exception):
    """There is no script for what a test does; the text says why."""


@dataclass(frozen=True)
class Answer:
    """What a call was answered with.

    Attributes:
        columns: the names of the columns; empty without rows.
        rows: the rows; None if the statement returns none.
        tag: the command tag; "" for a part of the rows.
        error: the error instead of all that.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] | None = None
    tag: str = ""
    error: ErrorFields | None = None


@dataclass(frozen=True)
class RecordedCall:
    """A call.

    Attributes:
        statement: its text.
        parameters: the values of its parameters; the rows of a COPY.
        answer: what it was answered with.
        phase: of the test.
        begun: its position in the order of all that happens.
    """

    statement: str
    parameters: tuple[Any, ...]
    answer: Answer
    phase: Phase
    begun: int


def calls_of(events: Sequence[Event]) -> list[RecordedCall]:
    """Return the calls that need a rule on fake_postgres.

    Args:
        events: what has passed the server, in order.

    Raises:
        NotRecordable: one cannot be scripted from what is known of it.
    """
    values = _Values()
    return [_call(event, values) for event in events if _needs_rule(event)]


def _needs_rule(event: Event) -> bool:
    statement = event.call.statement
    if event.is_drivers or event.kind == "connect" or event.call.rule is not None:
        return False
    if event.error is not None:
        return event.error.sqlstate != _ABORTED
    if event.kind != "statement" or not sql.tokens(statement):
        return False
    command = read(statement)
    return command is None or isinstance(command, commands.Declare)  # others need no rule


def _call(event: Event, values: _Values) -> RecordedCall:
    statement, given = event.call.statement, event.call.parameters
    where = f"\n  sql: {shortened(sql.one_line(statement), 300)}\n  at:  {event.call.origin.place}"
    if event.is_lost or event.ended is None:
        what = "the connection was lost" if event.is_lost else "no answer came"
        raise NotRecordable(f"{what} when a statement had been sent{where}")
    if event.error is not None and not event.is_counted:
        raise NotRecordable(
            "PostgreSQL refuses a statement, so no script can answer it"
            f"{where}\n  {event.error.text}"
        )
    if isinstance(read(statement), commands.Declare):
        raise NotRecordable(
            f"the rows of a cursor are not recorded{where}\nWrite the rule of its query."
        )
    answer = event.answer
    is_copy = command_in(statement) == "COPY"
    if is_copy and event.error is None and not isinstance(given, CopiedRows):
        raise NotRecordable(f"the rows of a COPY ... TO STDOUT are not recorded{where}")
    rows = () if answer is None else answer.rows
    if event.tag == "" and len(rows) > 1:
        raise NotRecordable(f"rows that are read in several parts are not recorded{where}")
    sent = given if isinstance(given, CopiedRows) else ()
    for number, verb in ((len(rows), "returned"), (len(sent), "copied")):
        if number > MOST_ROWS:
            raise NotRecordable(
                f"more than {counted(MOST_ROWS, 'row')} were {verb}, which nobody reads in a script"
                f"{where}\nInsert fewer, or run the test on real_postgres."
            )
    types, columns = values.types(event)
    try:
        parameters = tuple(sent) if is_copy else values.parameters(given, types)
        found = None if answer is None else values.rows(event, columns)
    except (ServerError, Unencodable, UnicodeDecodeError) as error:
        raise NotRecordable(
            f"a value of a type of the schema cannot be read{where}\n  {error}\n"
            "Cast it in the statement, or write the rule by hand."
        ) from error
    names = () if answer is None else tuple(answer.columns)
    outcome = Answer(names, found, event.tag or "", event.error)
    return RecordedCall(statement, parameters, outcome, event.phase, event.begun)


class _Values:
    """Makes Python values of what was sent; the catalog knows the types of the schema."""

    def __init__(self) -> None:
        self._schema = Schema()

    def types(self, event: Event) -> tuple[Sequence[str], Sequence[str]]:
        """Return the names of the types of a call's parameters and of its columns."""
        oids = getattr(event.call.parameters, "oids", ())
        columns = () if event.answer is None else event.answer.types
        names = [[_built_in(oid) for oid in group] for group in (oids, columns)]
        if all(map(all, names)):
            return names[0], names[1]
        checker = active_checker.checker()
        found = None
        if checker is not None:
            found = checker.describe_accepted(event.call.statement, names[0], NO_CONTEXT)
        if found is None:
            return names[0], names[1]
        known = found.parameters, [column.type for column in found.columns]
        return tuple(  # type: ignore[return-value] # two of them
            own if len(own) == len(group) else group
            for own, group in zip(known, names, strict=True)
        )

    def parameters(self, given: Any, types: Sequence[str]) -> tuple[Any, ...]:
        """Return parameters; those of built-in types are read already."""
        return tuple(
            self._again(value, name)
            if isinstance(value, str | bytes)
            else _scripted(value, self._codec(name))
            for value, name in zip(given or (), types or [""] * len(given or ()), strict=True)
        )

    def _again(self, value: str | bytes, type_name: str) -> Any:
        if not type_name or _BUILT_IN.named(type_name) is not None:
            return value
        codec = self._codec(type_name)
        data = value.encode() if isinstance(value, str) else value
        for form in (1, TEXT) if b"\0" in data else (TEXT, 1):
            try:
                return _scripted(_read(codec, data, form), codec)
            except ServerError:
                continue
        return value

    def rows(self, event: Event, types: Sequence[str]) -> tuple[tuple[Any, ...], ...]:
        """Return the rows of an answer."""
        answer = event.answer
        assert answer is not None
        forms = answer.formats or [TEXT] * len(answer.columns)
        codecs = [self._codec(name) for name in types]
        return tuple(
            tuple(
                None if data is None else _answered(_read(codec, bytes(data), form), codec)
                for data, codec, form in zip(row, codecs, forms, strict=True)
            )
            for row in answer.rows
        )

    def _codec(self, type_name: str) -> Codec:
        return self._schema.values.codec(type_name or "text")


def _built_in(oid: int) -> str:
    found = _BUILT_IN.numbered(oid)
    return "" if found is None else found.name


def _read(codec: Codec, data: bytes, form: int) -> Any:
    return codec.input(data.decode()) if form == TEXT else codec.receive(data)


def _answered(value: Any, codec: Codec) -> Any:
    """Return a value that was sent: None is not NULL here, but the null of JSON."""
    return JsonText("null") if value is None else _scripted(value, codec)


def _scripted(value: Any, codec: Codec) -> Any:
    """Return a value, or PostgreSQL's text of one that has no source of its own."""
    found = list(leaves(value))
    if all(type(leaf) in _WITH_SOURCE for leaf in found):
        return value
    # A number of a document, of which a float does not say all: 9.50
    is_document = any(isinstance(leaf, JsonNumber) for leaf in found)
    return JsonText(codec.output(value)) if is_document else codec.output(value)


def leaves(value: Any) -> Iterator[Any]:
    """Yield a value, and those in its documents and lists, at every depth."""
    yield value
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
