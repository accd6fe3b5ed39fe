"""A row in the making."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from understudy.rows.table_facts import ForeignKey, Table


class Draft:
    """What is to be inserted: what the test gave, and what was made up for it.

    `after` holds the drafts of rows that this one refers to and that are inserted after it.
    `tried` holds the columns that were changed for a constraint that was in the way, `collisions`
    how often that was, `collided` the values that were taken, and `partitions` what has still to be
    tried to get the row into one.
    """

    def __init__(self, table: Table, given: Mapping[str, object]) -> None:
        self.table = table
        self.given = given
        self.made: dict[str, object] = {}
        self.after: list[Draft] = []
        self.tried: dict[str, set[str]] = {}
        self.collisions: Counter[str] = Counter()
        self.collided: dict[str, set[object]] = {}
        self.partitions: Iterator[Mapping[str, object]] | None = None

    @property
    def values(self) -> dict[str, object]:
        """Everything that is known of the row, in the order of the columns."""
        known = {**self.made, **self.given}
        names = [column.name for column in self.table.columns]
        return {name: known[name] for name in names if name in known}

    def missing(self, key: ForeignKey) -> list[str]:
        """The columns of a foreign key of which nothing is known yet."""
        return [name for name in key.columns if name not in self.given and name not in self.made]

    def referring(self) -> set[str]:
        """The columns that were made up to name a row of another table."""
        return {
            name for key in self.table.foreign_keys for name in key.columns if name in self.made
        }

    def keys_first(self) -> list[ForeignKey]:
        """The foreign keys, those first of which most is given: they decide about the others.

        A wider key decides about a narrower one, and a row can refer to itself when all else is
        known of it.
        """
        return sorted(
            self.table.foreign_keys,
            key=lambda key: (
                key.parent == self.table.oid,
                -sum(name in self.given for name in key.columns),
                -len(key.columns),
            ),
        )
