"""A cursor that can be answered without a statement."""

from __future__ import annotations

import sqlite3


class AnsweredCursor(sqlite3.Cursor):
    """A cursor whose counts may come from a script."""

    _count: int | None = None
    _row: int | None = None

    def tell(self, count: int, row: int | None) -> None:
        """Answer without rows.

        Args:
            count: how many rows the statement changed.
            row: the rowid of the row that it inserted last, or None.
        """
        sqlite3.Cursor.execute(self, "")
        self._count, self._row = count, row

    @property
    def rowcount(self) -> int:
        """How many rows the statement has changed."""
        return super().rowcount if self._count is None else self._count

    @property
    def lastrowid(self) -> int | None:
        """The rowid of the row that was inserted last."""
        return super().lastrowid if self._row is None else self._row
