"""PostgreSQL's verdict on a statement, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from understudy.pg.types import TypeFacts

Nullability = Literal["not null", "nullable", "unknown"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result.

    Attributes:
        name: its name.
        type: its type as `format_type` prints it without modifiers: "integer", "text[]", "mood";
            for a domain, the base type, which is what PostgreSQL reports to a driver.
        origin: "table.column" for a column of a table ("schema.table.column" if the schema is not
            `public`), else None.
        nullability: "not null" if NULL is certainly impossible, "nullable" if it is certainly
            possible, else "unknown".
    """

    name: str
    type: str
    origin: str | None
    nullability: Nullability


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that the server refuses.

    Attributes:
        position: the position of the error in the statement, in characters from 1, or None.
        code: the number of the error on MySQL, else None.
    """

    sqlstate: str
    message: str
    detail: str | None = None
    hint: str | None = None
    position: int | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True)
class RowBounds:
    """How many rows a statement returns or changes, for any data.

    Attributes:
        least: at least so many.
        most: at most so many; None if there is no bound.
        limit: the number of a parameter that is another bound, from 1: LIMIT $1.
    """

    least: int = 0
    most: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A parameter, or NULL, that a statement stores in a column as it is.

    Attributes:
        column: "table.column".
        parameter: its number from 1; None for NULL.
        required: whether the column cannot be NULL.
        type: the column's type with a length or precision: "character varying(3)"; else None.
    """

    column: str
    parameter: int | None
    required: bool
    type: str | None = None


class Comparison(NamedTuple):
    """A parameter that a statement compares with a column as it is; only MySQL's have some.

    Attributes:
        column: "table.column".
        parameter: its number from 1.
        type: the column's type, as `information_schema` prints it.
    """

    column: str
    parameter: int
    type: str


class KnownValue(NamedTuple):
    """A parameter or a literal that a statement stores in a column as it is.

    Attributes:
        column: the name of the column.
        type: its type, with a length or precision.
        parameter: the number of the parameter from 1; None for a literal.
        text: the literal; None for a parameter, and for NULL.
    """

    column: str
    type: str
    parameter: int | None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A CHECK constraint that a row of a statement has to fulfil.

    Attributes:
        name: the constraint.
        table: its table, spelled as in `Column.origin`.
        condition: as PostgreSQL prints it.
        values: those of its columns that are known.
    """

    name: str
    table: str
    condition: str
    values: tuple[KnownValue, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """A statement that PostgreSQL accepts.

    Attributes:
        command: "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES"; "CALL" and other
            utility statements only if they take parameters or return rows.
        parameters: the type of each parameter, spelled like a column's.
        columns: the columns of its result; empty if it returns no rows.
        tables: the tables and views that it reads or writes, sorted, spelled as in `Column.origin`.
        touches: the columns that it reads or writes, sorted, as "table.column".
        runs_code: whether functions, triggers, rules or policies of the schema may run, so that
            any error is possible.
        rows: how many rows it returns or changes.
        fails: the error with which it fails for any data and any parameters, or None.
        assigned: what it stores as it is, in columns that do not take everything.
        checks: the constraints that may depend on what it stores as it is.
        compared: the parameters that it compares with columns.
    """

    command: str
    parameters: tuple[str, ...]
    columns: tuple[Column, ...]
    tables: tuple[str, ...]
    touches: tuple[str, ...]
    runs_code: bool = False
    rows: RowBounds = RowBounds()
    fails: Refusal | None = None
    assigned: tuple[Assignment, ...] = ()
    checks: tuple[RowCheck, ...] = ()
    compared: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedOnly:
    """A utility statement (CREATE, COPY, LISTEN, COMMIT ...).

    PostgreSQL checks only its syntax before it runs.
    """

    command: str


Verdict = Description | Refusal | ParsedOnly


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint or a unique index that PostgreSQL's errors may name.

    Attributes:
        name: its name; "" for NOT NULL before PostgreSQL 18.
        table: its table, spelled as in `Column.origin`; for a domain's constraint, the domain.
        kind: "primary key", "unique", "foreign key", "check", "exclusion" or "not null".
        columns: the columns of the table that it covers.
        references: the table that a foreign key references, else None.
        owner: the partition that has it, or the table that inherits; None if it is the table's.
    """

    name: str
    table: str
    kind: str
    columns: tuple[str, ...]
    references: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Default:
    """The first value of a run-time parameter, set by ALTER DATABASE or ALTER ROLE.

    Attributes:
        name: the parameter.
        value: its value, as SHOW prints it.
        role: the role for whose connections it counts; None for everyone's.
    """

    name: str
    value: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """The types and constraints of a schema, and what its connections begin with.

    Attributes:
        types: every type that is not built in, by its name.
        constraints: every constraint and unique index, sorted by table and name.
        defaults: the first values of run-time parameters, the strongest last.
    """

    types: dict[str, TypeFacts]
    constraints: tuple[Constraint, ...]
    defaults: tuple[Default, ...] = ()

    def columns_of(self, table: str) -> Sequence[str]:
        """Return the names of the columns of a table; none if it is not known."""
        row_type = self.types.get(table)
        return [name for name, _ in row_type.fields] if row_type else ()

    def defaults_of(self, user: str | None) -> dict[str, str]:
        """Return the first values of a user's connections; of everyone's for None."""
        return {
            default.name: default.value
            for default in self.defaults
            if default.role is None or default.role == user
        }
