"""The row that `insert` returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.rows.names import did_you_mean


class Row(Mapping[str, Any]):
    """An inserted row with all of its columns, as the database returned it.

    Read a value as `row["email"]` or, if the name is an identifier, as `row.email`. A row equals a
    dict with the same items, and is immutable.
    """

    __slots__ = ("_table", "_values")

    def __init__(self, table: str, values: Mapping[str, Any]) -> None:
        self._table = table
        self._values = dict(values)

    def __getitem__(self, column: str) -> Any:
        return self._values[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, column: str) -> Any:
        if column.startswith("_"):
            # Copying and unpickling look for these before the values are set.
            raise AttributeError(column)
        try:
            return self._values[column]
        except KeyError:
            raise AttributeError(
                f"The row of {self._table} has no column {column!r}."
                f"{did_you_mean(column, [*self._values])}"
            ) from None

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"<row of {self._table}: {values}>"
