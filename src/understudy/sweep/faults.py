"""The faults of a sweep, and which of them a call can meet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from understudy.catalog.changed_values import change_in
from understudy.catalog.command_tags import command_in
from understudy.catalog.description import Constraint, SchemaFacts
from understudy.mysql import errors as mysql_errors
from understudy.mysql.error_fields import MysqlErrorFields
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.sqlstates import STATES
from understudy.pg.writes import is_write
from understudy.script.answers import Drop, Error
from understudy.script.boundary import Change as BoundaryChange
from understudy.script.boundary import Event
from understudy.script.calls import Call
from understudy.script.formatting import suggestion
from understudy.script.request_blocks import tables
from understudy.sweep.violations import MysqlSchema, PostgresSchema

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
    "1062": "a unique key is taken (MySQL)",
    "1452": "a foreign key has no row (MySQL)",
    "1451": "a foreign key is still referenced (MySQL)",
    "3819": "a CHECK does not hold (MySQL)",
    "4025": "a CHECK does not hold (MariaDB)",
    "1048": "a column that cannot be NULL is to be NULL (MySQL)",
    "1040": "the server has no connection left (MySQL)",
}
_TRANSIENT = ("40001", "40P01")


@dataclass(frozen=True, slots=True)
class Schemas:
    """The schemas of the databases that a sweep meets; None for one that is not known."""

    postgres: PostgresSchema | None = None
    mysql: MysqlSchema | None = None

    @property
    def facts(self) -> list[SchemaFacts | None]:
        """What differs if a schema has changed, and not from run to run."""
        return [
            None if self.postgres is None else self.postgres.facts,
            None if self.mysql is None else self.mysql.schema.facts,
        ]


NO_SCHEMAS = Schemas()


class UnknownFault(ValueError):
    """A name of a fault is unknown; the text is the whole message."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at one call.

    Attributes:
        name: one of FAULTS.
        constraint: the one that is violated; None if it is another fault.
        named: what MySQL's text names, by the arguments of `db_error`.
    """

    name: str
    constraint: Constraint | None = None
    named: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The name, and that of the constraint: `23505 users_email_key`."""
        return self.name if self.constraint is None else f"{self.name} {self.constraint.name}"

    @property
    def is_of_mysql(self) -> bool:
        """Whether it is an error of MySQL, whose codes have four digits."""
        return len(self.name) == 4 and self.name.isdigit()

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
        if self.is_of_mysql:
            told = mysql_errors.STATES[int(self.name)]
            text = told.text.format(**dict(self.named))
            return MysqlErrorFields(told.sqlstate, text, code=told.code)
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
    event: Event, selected: Collection[str], schemas: Schemas = NO_SCHEMAS, *, wrote: bool
) -> Iterator[Fault]:
    """Yield the faults that a call can meet.

    Args:
        event: the call.
        selected: the names of the faults to try.
        schemas: tell which constraints it can violate: none in a database that has no schema here.
        wrote: for a COMMIT, whether its transaction has changed rows.
    """
    is_mysql = event.database == "mysql"
    names = _names_for_mysql(event, wrote=wrote) if is_mysql else _names(event, wrote=wrote)
    yield from (Fault(name) for name in names if name in selected)
    known = {"mysql": schemas.mysql, "postgresql": schemas.postgres}
    schema = known.get(event.database)
    if event.kind == "statement" and schema is not None:
        for code, constraint, named in schema.violations(event):
            if code in selected:
                yield Fault(code, constraint, named)


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


def described(event: Event) -> str:
    """Return what a call does, in a word or two: `INSERT users`, `COMMIT`, `connect`."""
    if event.kind == "connect":
        return "connect"
    if event.kind != "statement":
        return event.kind.upper()
    command = command_in(event.call.shape) or "statement"
    call = Call("execute", event.call.shape, None, None, event.call.spot)
    named = [change_in(call, ()).table, *sorted(tables(call.statement))]
    return f"{command} {next(filter(None, named), '')}".strip()
