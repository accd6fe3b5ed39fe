"""A row that is about to be inserted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from understudy.rows.table_facts import ForeignKey, Table


class RowPlan:
    """The values of one row: those that the test gave, and those that were generated.

    Attributes:
        table: the table to insert into.
        given: the values that the test gave.
        generated: the generated values.
        after: the rows that this one refers to and that are inserted after it.
        tried: by the name of a violated constraint, the columns that were changed for it.
        collisions: by the name of a constraint, how often it was violated.
        collided: by column, the values that another row had already.
        partitions: the values still to try so that a partition takes the row.
    """

    def __init__(self, table: Table, given: Mapping[str, object]) -> None:
        self.table = table
        self.given = given
        self.generated: dict[str, object] = {}
        self.after: list[RowPlan] = []
        self.tried: dict[str, set[str]] = {}
        self.collisions: Counter[str] = Counter()
        self.collided: dict[str, set[object]] = {}
        self.partitions: Iterator[Mapping[str, object]] | None = None

    @property
    def values(self) -> dict[str, object]:
        """All known values, in the order of the table's columns."""
        known = {**self.generated, **self.given}
        names = [column.name for column in self.table.columns]
        return {name: known[name] for name in names if name in known}

    def missing(self, key: ForeignKey) -> list[str]:
        """Return the columns of a foreign key that have no value yet."""
        return [name for name in key.columns if name not in self.values]

    def generated_references(self) -> set[str]:
        """Return the generated columns that belong to a foreign key."""
        return {
            name
            for key in self.table.foreign_keys
            for name in key.columns
            if name in self.generated
        }

    def ordered_keys(self) -> list[ForeignKey]:
        """Return the foreign keys in the order in which to fill them.

        The keys with most columns given come first, because their rows decide the values of keys
        that share a column; so do wider keys. A reference to the row's own table comes last, since
        the row can refer to itself once everything else is known.
        """
        return sorted(
            self.table.foreign_keys,
            key=lambda key: (
                key.parent == self.table.oid,
                -sum(name in self.given for name in key.columns),
                -len(key.columns),
            ),
        )
