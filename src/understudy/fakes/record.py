"""FakeRecord: the result of a statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from understudy.fakes import driver_errors

T = TypeVar("T")


class Record:
    """A row as psqlpy's `records()` gives it: values by position or by name, iterated as values."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = dict(row)

    def __len__(self) -> int:
        return len(self._row)

    def __getitem__(self, key: int | str | slice) -> Any:
        if isinstance(key, str):
            return self._row[key]
        try:
            return self.values()[key]
        except IndexError:
            raise IndexError(f"Record index {key} out of range") from None

    def __iter__(self) -> Iterator[Any]:
        return iter(self._row.values())

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a column, or `default` if there is no such column."""
        return self._row.get(key, default)

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._row)

    def values(self) -> list[Any]:
        """Return the values."""
        return list(self._row.values())

    def items(self) -> list[tuple[str, Any]]:
        """Return the names with their values."""
        return list(self._row.items())


class RowOfEqualNames(dict[str, Any]):
    """A row in which columns have equal names: as a dict it has the last value of each.

    Attributes:
        pairs: all names with their values, in the order of the columns.
    """

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self.pairs = list(pairs)
        super().__init__(self.pairs)

    @property
    def repeated(self) -> str:
        """The first name that comes again."""
        names = [name for name, _ in self.pairs]
        return next(name for number, name in enumerate(names) if name in names[:number])


class FakeRecord:
    """A result as psqlpy gives it: `.result()` returns the data.

    Args:
        data: what `.result()` returns: rows as a list of dicts, one row as a dict, or a number.
        rowcount: how many rows were affected; by default `data` itself if it is an int, else 1.
    """

    def __init__(self, data: Any, rowcount: int | None = None) -> None:
        self._data = data
        if rowcount is not None:
            self.rowcount = rowcount
        else:
            self.rowcount = data if isinstance(data, int) else 1

    def result(self, custom_decoders: Any = None, as_tuple: bool | None = None) -> Any:
        """Return the data as it is, or with each row as a tuple of its values.

        `custom_decoders` is accepted as psqlpy does; scripted values are already decoded.
        """
        return self._each(_in_order) if as_tuple else self._data

    def as_class(self, as_class: Callable[..., T]) -> Any:
        """Call `as_class` with each row's columns as keyword arguments."""
        return self._each(lambda row: as_class(**row))

    def row_factory(
        self, row_factory: Callable[[dict[str, Any]], T], custom_decoders: Any = None
    ) -> Any:
        """Call `row_factory` with each row as a dict."""
        return self._each(lambda row: row_factory(dict(row)))

    def records(self) -> list[Record]:
        """Return the rows as tuples that know their columns (psqlpy 0.13, all but `fetch_row`).

        Raises:
            Exception: psqlpy's, if columns have equal names.
        """
        for row in self._data or ():
            if isinstance(row, RowOfEqualNames):
                raise driver_errors.equal_names(row.repeated)
        return [Record(row) for row in self._data or ()]

    def _each(self, function: Callable[[Mapping[str, Any]], T]) -> Any:
        if isinstance(self._data, Mapping):
            return function(self._data)
        return [function(row) for row in self._data or ()]

    def __repr__(self) -> str:
        """Show the data, for the message of a failed assertion."""
        return f"FakeRecord({self._data!r}, rowcount={self.rowcount})"


def _in_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    if isinstance(row, RowOfEqualNames):
        return tuple(value for _, value in row.pairs)
    return tuple(row.values())
