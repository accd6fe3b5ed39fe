"""A row as the database holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.rows import messages


class Row(Mapping[str, Any]):
    """A row that was inserted: every column, with what the database filled in.

    A value is had by `row["email"]` or, where the name allows it, by `row.email`. It equals a dict
    with the same items, and cannot be changed.
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
            # Copying and unpickling ask for such before there are values.
            raise AttributeError(column)
        try:
            return self._values[column]
        except KeyError:
            message = messages.no_such_attribute(self._table, column, [*self._values])
            raise AttributeError(message) from None

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"<row of {self._table}: {values}>"
