"""The faults of a sweep, and which of them a call can meet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from understudy.catalog.changed_values import change_in
from understudy.catalog.command_tags import command_in
from understudy.catalog.description import Constraint, SchemaFacts
from understudy.mysql import errors as mysql_errors
from understudy.mysql.error_fields import MysqlErrorFields
from understudy.pg import sql
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.sql_lists import items
from understudy.pg.sql_spelling import name_of
from understudy.pg.sqlstates import STATES
from understudy.pg.writes import is_write
from understudy.script.answers import Drop, Error
from understudy.script.boundary import Change as BoundaryChange
from understudy.script.boundary import Event
from understudy.script.formatting import suggestion
from understudy.script.request_blocks import tables

DROP, DROP_AFTER_COMMIT, REFUSED = "drop", "drop-after-commit", "refused"
# By name, in the order in which they are tried: what happens to the call.
FAULTS = {
    "57014": "the statement times out",
    DROP: "the connection is lost before the call takes effect",
    "40001": "a serialization failure",
    "40P01": "a deadlock",
    "23505": "a unique key is taken",
    "23503": "a foreign key has no row, or is still referenced",
    "23514": "a CHECK does not hold",
    DROP_AFTER_COMMIT: "the connection is lost after the commit, before the app learns of it",
    REFUSED: "the connection is refused",
    "53300": "the server has no connection left",
    "1317": "the statement is interrupted (MySQL)",
    "1213": "a deadlock, which rolls the transaction back (MySQL)",
    "1205": "a wait for a lock takes too long (MySQL)",
    "1040": "the server has no connection left (MySQL)",
}
_KINDS = {"23505": ("primary key", "unique"), "23503": ("foreign key",), "23514": ("check",)}
_TRANSIENT = ("40001", "40P01")
_OF_MYSQL = ("1317", "1213", "1205", "1040")


class UnknownFault(ValueError):
    """A name of a fault is unknown; the text is the whole message."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at one call.

    Attributes:
        name: one of FAULTS.
        constraint: the one that is violated; None if it is another fault.
    """

    name: str
    constraint: Constraint | None = None

    @property
    def label(self) -> str:
        """The name, and that of the constraint: `23505 users_email_key`."""
        return self.name if self.constraint is None else f"{self.name} {self.constraint.name}"

    @property
    def change(self) -> BoundaryChange:
        """What happens instead of the call, as the server would do and word it."""
        if self.name in (DROP, REFUSED):
            return Drop("before")
        if self.name == DROP_AFTER_COMMIT:
            return Drop("after")
        return Error(ServerError(self.fields))

    @property
    def fields(self) -> ErrorFields:
        """The error of a fault that is one."""
        if self.name in _OF_MYSQL:
            told = mysql_errors.STATES[int(self.name)]
            return MysqlErrorFields(told.sqlstate, told.text, code=int(self.name))
        state = STATES[self.name]
        name, table, schema = None, None, None
        if self.constraint is not None:
            name = self.constraint.name
            schema, _, table = self.constraint.table.rpartition(".")
        return ErrorFields(
            self.name,
            state.text.format(constraint=name, table=table),
            "FATAL" if state.fatal else "ERROR",
            detail=state.detail,
            hint=state.hint,
            schema=(schema or "public") if table else None,
            table=table,
            constraint=name,
        )


def parse(text: str) -> tuple[str, ...]:
    """Return the faults that a comma-separated list names; all of them if it is empty.

    Raises:
        UnknownFault: one of them is unknown.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip()) or tuple(FAULTS)
    for name in names:
        if name not in FAULTS:
            raise UnknownFault(
                f"{name!r} is no fault of the sweep{suggestion(name, FAULTS)}\n"
                f"The faults are: {', '.join(FAULTS)}."
            )
    return names


def possible(
    event: Event,
    selected: Collection[str],
    facts: SchemaFacts | None,
    restricting: Collection[str] = (),
    *,
    wrote: bool,
) -> Iterator[Fault]:
    """Yield the faults that a call can meet.

    Args:
        event: the call.
        selected: the names of the faults to try.
        facts: the schema; None if it is not known, then no constraint is violated.
        restricting: the foreign keys that let no row be deleted to which others refer.
        wrote: for a COMMIT, whether its transaction has changed rows.
    """
    is_mysql = event.database == "mysql"
    names = _names_for_mysql(event, wrote=wrote) if is_mysql else _names(event, wrote=wrote)
    yield from (Fault(name) for name in names if name in selected)
    if event.kind == "statement" and facts is not None and not is_mysql:
        for constraint in _violable(event, facts, restricting):
            code = next(code for code, kinds in _KINDS.items() if constraint.kind in kinds)
            if code in selected:
                yield Fault(code, constraint)


def _names(event: Event, *, wrote: bool) -> Sequence[str]:
    if event.kind == "connect":
        return (REFUSED, "53300")
    if event.kind == "begin":
        return (DROP,)
    if event.kind == "commit":
        return (DROP, "40001", DROP_AFTER_COMMIT) if wrote else (DROP,)
    if event.kind != "statement":
        return ()
    if not is_write(event.call.shape):
        return ("57014", DROP)
    return ("57014", DROP, *_TRANSIENT, *_lost_if_alone(event))


def _names_for_mysql(event: Event, *, wrote: bool) -> Sequence[str]:
    if event.kind == "connect":
        return (REFUSED, "1040")
    if event.kind == "begin":
        return (DROP,)
    if event.kind == "commit":  # with one server, a deadlock comes before
        return (DROP, DROP_AFTER_COMMIT) if wrote else (DROP,)
    if event.kind != "statement":
        return ()
    if not is_write(event.call.shape):
        return ("1317", DROP)
    return ("1317", DROP, "1213", "1205", *_lost_if_alone(event))


def _lost_if_alone(event: Event) -> Sequence[str]:
    """Return the loss of the answer to a statement that commits itself."""
    return () if event.call.transaction else (DROP_AFTER_COMMIT,)


def _violable(
    event: Event, facts: SchemaFacts, restricting: Collection[str]
) -> Iterator[Constraint]:
    """Yield the constraints that a statement can violate, as far as its text tells."""
    change = change_in(event.call, (), lambda table: _columns_of(table, facts))
    if change.command == "DELETE":
        for constraint in facts.constraints:
            referenced = (constraint.references or "").rpartition(".")[2]
            if referenced == change.table and constraint.name in restricting:
                yield constraint
    if change.command not in ("INSERT", "UPDATE") or not change.table:
        return
    kinds = {kind for kinds in _KINDS.values() for kind in kinds}
    spared = _spared(event.call.statement)
    for constraint in facts.constraints:
        is_of_table = constraint.table.rpartition(".")[2] == change.table
        if not is_of_table or constraint.kind not in kinds or not constraint.name:
            continue
        columns = set(constraint.columns)
        # Columns that are not given are left as they are, or filled by a sequence.
        if columns and change.values and not columns & change.values.keys():
            continue
        # A key with a NULL is neither taken nor looked for.
        if constraint.kind != "check" and any(
            change.values.get(column, "") is None for column in columns
        ):
            continue
        is_unique = constraint.kind in _KINDS["23505"]
        if is_unique and spared is not None and (not spared or spared == columns):
            continue
        yield constraint


def _spared(statement: str) -> set[str] | None:
    """Return the columns of ON CONFLICT, empty if it names none; None without the clause."""
    tokens = sql.tokens(statement)
    words = [token.upper() for token in tokens]
    for at in range(len(words) - 1):
        if words[at : at + 2] == ["ON", "CONFLICT"]:
            if words[at + 2 : at + 3] != ["("]:
                return set()
            listed, _ = items(tokens, at + 3)
            return {name_of(item[0]) for item in listed if item}
    return None


def _columns_of(table: str, facts: SchemaFacts) -> Sequence[str]:
    row_type = facts.types.get(table)
    return [name for name, _ in row_type.fields] if row_type else ()


def described(event: Event) -> str:
    """Return what a call does, in a word or two: `INSERT users`, `COMMIT`, `connect`."""
    if event.kind == "connect":
        return "connect"
    if event.kind != "statement":
        return event.kind.upper()
    command = command_in(event.call.shape) or "statement"
    named = [change_in(event.call, ()).table, *sorted(tables(event.call.shape))]
    return f"{command} {next(filter(None, named), '')}".strip()
