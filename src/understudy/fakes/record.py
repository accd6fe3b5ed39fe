"""FakeRecord: the result of a statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class FakeRecord:
    """A result as psqlpy gives it: `.result()` returns the data.

    Args:
        data: what `.result()` returns: rows as a list of dicts, one row as a dict, or a number.
        rowcount: how many rows were affected; by default `data` itself where it is an int, else 1.
    """

    def __init__(self, data: Any, rowcount: int | None = None) -> None:
        self._data = data
        if rowcount is not None:
            self.rowcount = rowcount
        else:
            self.rowcount = data if isinstance(data, int) else 1

    def result(self, as_tuple: bool | None = None, custom_decoders: Any = None) -> Any:
        """Return the data as it is, or with each row as a tuple of its values.

        `custom_decoders` is accepted as psqlpy does; scripted values are already decoded.
        """
        return self._each(lambda row: tuple(row.values())) if as_tuple else self._data

    def as_class(self, as_class: Callable[..., T]) -> Any:
        """Call `as_class` with each row's columns as keyword arguments."""
        return self._each(lambda row: as_class(**row))

    def row_factory(self, row_factory: Callable[[dict[str, Any]], T]) -> Any:
        """Call `row_factory` with each row as a dict."""
        return self._each(lambda row: row_factory(dict(row)))

    def _each(self, function: Callable[[Mapping[str, Any]], T]) -> Any:
        if isinstance(self._data, Mapping):
            return function(self._data)
        return [function(row) for row in self._data or ()]

    def __repr__(self) -> str:
        """Show the data, for the message of a failed assertion."""
        return f"FakeRecord({self._data!r}, rowcount={self.rowcount})"
