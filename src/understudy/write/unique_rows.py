"""The rows of a trial, of which no two have the same unique key."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.rows.table_facts import Table
from understudy.write.worlds import Values


class UniqueRows:
    """Rows of which no two have the same unique key."""

    def __init__(self, rows: Sequence[tuple[Table, Values]]) -> None:
        self.rows = [(table, dict(values)) for table, values in rows]

    def add_all(self, rows: Sequence[tuple[Table, Values]]) -> None:
        """Add the rows that do not collide with others."""
        for table, values in rows:
            self.add(table, values)

    def add(
        self, table: Table, values: Values, *, is_first: bool = False, is_checked: bool = True
    ) -> bool:
        """Add a row, before all others of its table if wanted; return whether it was possible."""
        others = [row for of, row in self.rows if of is table]
        if is_checked and any(_collide(table, values, other) for other in others):
            return False
        places = [at for at, (of, _) in enumerate(self.rows) if of is table]
        if places:
            self.rows.insert(places[0] if is_first else places[-1] + 1, (table, values))
        else:
            self.rows.append((table, values))
        return True


def _collide(table: Table, values: Values, other: Values) -> bool:
    if values == other:
        return True
    return any(
        names and all(name in values and values[name] == other.get(name, values) for name in names)
        for names in table.uniques.values()
    )
