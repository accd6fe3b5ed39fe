"""What statements do: which columns they compare, sort, join and store, with which values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from understudy.mutate.column_uses import ColumnId
from understudy.rows.table_facts import Table

_OPPOSITES = (
    *(("=", "<>"), ("<", ">="), (">", "<="), ("like", "unlike"), ("in", "not in")),
    *(("null", "not null"), ("true", "false"), ("part", "other part")),
)
_OPPOSITE = {"ilike": "unlike"} | dict(_OPPOSITES) | {last: first for first, last in _OPPOSITES}


class Clock(Enum):
    """What a column is compared with if it is the present."""

    NOW = "now"


@dataclass(frozen=True)
class MomentPart:
    """A part of a date that a condition compares, such as its year.

    Attributes:
        name: the part: "year".
        moment: a moment with all parts that conditions compare.
    """

    name: str
    moment: dt.datetime


@dataclass(frozen=True)
class Comparison:
    """A column that a condition compares with a value.

    Attributes:
        column: the column.
        operator: "=", "<>", "<", "in", "like", "ilike", "null", "true", "part" and so on.
        value: what it is compared with; a list for "in"; None for "null" and "true".
    """

    column: ColumnId
    operator: str
    value: Any = None

    @property
    def opposite(self) -> Comparison:
        """The comparison that holds whenever this one does not, NULL aside."""
        return replace(self, operator=_OPPOSITE[self.operator])


@dataclass
class Reading:
    """What statements do.

    Attributes:
        tables: those that they name.
        comparisons: the columns that are compared with a value.
        links: the pairs of columns that a join compares.
        sorts: the columns of each ORDER BY.
        stored: the columns that are stored, with the value.
        named: the columns that are mentioned, those of `*` included.
        changed: the tables whose rows are deleted or get another value.
        inserted: the tables into which rows are inserted.
        assigned: the columns that an UPDATE sets, to whatever value.
        is_recursive: whether a statement follows references of a table to itself.
    """

    tables: list[Table] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    links: list[tuple[ColumnId, ColumnId]] = field(default_factory=list)
    sorts: list[list[ColumnId]] = field(default_factory=list)
    stored: dict[ColumnId, Any] = field(default_factory=dict)
    named: set[ColumnId] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    inserted: set[int] = field(default_factory=set)
    assigned: set[ColumnId] = field(default_factory=set)
    is_recursive: bool = False

    def add(self, other: Reading) -> None:
        """Add what another statement does."""
        oids = {table.oid for table in self.tables}
        self.tables += [table for table in other.tables if table.oid not in oids]
        self.comparisons += [one for one in other.comparisons if one not in self.comparisons]
        self.links += [pair for pair in other.links if pair not in self.links]
        self.sorts += [sort for sort in other.sorts if sort not in self.sorts]
        self.stored = other.stored | self.stored
        self.named |= other.named
        self.changed |= other.changed
        self.inserted |= other.inserted
        self.assigned |= other.assigned
        self.is_recursive = self.is_recursive or other.is_recursive
