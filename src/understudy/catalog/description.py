"""What the real PostgreSQL says of a statement, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.pg.types import TypeFacts

Nullability = Literal["not null", "nullable", "unknown"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result.

    Attributes:
        name: its name.
        type: its type as `format_type` spells it without modifiers: "integer", "text[]", "mood";
            of a domain the type below it, which is what PostgreSQL tells a driver.
        origin: "table.column" where it is a column of a table ("schema.table.column" where the
            table's schema is not `public`), else None.
        nullability: "not null" where None is certainly impossible, "nullable" where it is
            certainly possible, else "unknown".
    """

    name: str
    type: str
    origin: str | None
    nullability: Nullability


@dataclass(frozen=True, slots=True)
class Description:
    """A statement that PostgreSQL accepts.

    Attributes:
        command: "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES".
        parameters: the type of each parameter, spelt as a column's.
        columns: the columns of its result; empty where it returns no rows.
        tables: the tables and views it reads or writes, sorted, spelt as in `Column.origin`.
        touches: the columns it reads or writes, sorted, as "table.column".
    """

    command: str
    parameters: tuple[str, ...]
    columns: tuple[Column, ...]
    tables: tuple[str, ...]
    touches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that PostgreSQL refuses.

    Attributes:
        position: the character, from 1, at which PostgreSQL's cursor stands; None without one.
    """

    sqlstate: str
    message: str
    detail: str | None = None
    hint: str | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedOnly:
    """A utility statement (CREATE, COPY, LISTEN, COMMIT ...).

    PostgreSQL checks no more than its grammar before it runs.
    """

    command: str


Verdict = Description | Refusal | ParsedOnly


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint, or a unique index, that PostgreSQL's errors may name.

    Attributes:
        name: its name; "" for a NOT NULL before PostgreSQL 18, which has none.
        table: its table, spelt as in `Column.origin`; of a domain's constraint, the domain.
        kind: "primary key", "unique", "foreign key", "check", "exclusion" or "not null".
        columns: the columns of its table that it is about.
        references: of a foreign key, the table that it refers to; else None.
    """

    name: str
    table: str
    kind: str
    columns: tuple[str, ...]
    references: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """What the checks need to know of a schema besides its statements.

    Attributes:
        types: every type of the schema that is not built in, by its spelling.
        constraints: every constraint and unique index, sorted by table and name.
    """

    types: dict[str, TypeFacts]
    constraints: tuple[Constraint, ...]
