"""Rows for a test on a database without PostgreSQL's catalogs: SQLite, MySQL.

What a row needs is made up from a few facts about the columns. If the database refuses the row,
other values are tried.
"""

from __future__ import annotations

import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from understudy.rows.alternatives import alternatives
from understudy.rows.column_hints import ColumnHints
from understudy.rows.errors import RowRefused, UnknownName
from understudy.rows.names import did_you_mean, keyword
from understudy.rows.row import Row

_MOST = 2000  # combinations of values that are tried for a row
_LARGEST = 1_000_000


@dataclass(frozen=True)
class SimpleColumn:
    """A column of a table.

    Attributes:
        name: its name.
        type: its type, as the database shows it.
        is_required: whether a row needs a value that the database does not give.
        is_generated: whether the database alone gives its values.
    """

    name: str
    type: str
    is_required: bool
    is_generated: bool


@dataclass(frozen=True)
class SimpleTable:
    """A table.

    Attributes:
        name: its name, as the database spells it.
        columns: its columns, in order.
        keys: its foreign keys: the table that they lead to, and pairs of columns.
        definition: the text with its CHECK constraints, or "".
    """

    name: str
    columns: Sequence[SimpleColumn]
    keys: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    definition: str


class SimpleRows(ABC):
    """Inserts the rows of one test.

    Args:
        seed: the same seed generates the same values.
        locale: of the values that a column's name suggests; None for the default.

    Attributes:
        product: what messages call the database.
    """

    product: str
    _integrity_error: type[Exception]

    def __init__(self, seed: str, locale: str | None) -> None:
        self._random = Random(seed)
        self._hints = ColumnHints(seed, locale)
        self._latest: dict[str, Row] = {}

    @abstractmethod
    def _read(self, name: str) -> SimpleTable:
        """Return a table.

        Raises:
            RowsError: there is no such table.
        """

    @abstractmethod
    def _first_row(self, table: str) -> Mapping[str, Any] | None:
        """Return an existing row; None if there is none."""

    @abstractmethod
    def _inserted(self, table: SimpleTable, values: Mapping[str, object]) -> Mapping[str, Any]:
        """Insert a row, and return it as the database has it."""

    @abstractmethod
    def _value(self, column: SimpleColumn) -> object:
        """Return a value for a column."""

    def _insert(self, name: str, values: Mapping[str, object]) -> Row:
        table = self._read(name)
        columns = {column.name: column for column in table.columns}
        for column in values:
            if column not in columns:
                hint = did_you_mean(column, [*columns])
                raise UnknownName(f"{table.name} has no column {column!r}.{hint}")
            if columns[column].is_generated:
                raise RowRefused(f"{table.name}.{column} is a generated column.\nLeave it out.")
        made: dict[str, object] = {}
        for parent, pairs in table.keys:
            made |= self._reference(table, parent, pairs, values)
        free = [
            column
            for column in table.columns
            if column.name not in values and column.name not in made and column.is_required
        ]
        row = self._first_accepted(table, {**made, **values}, free)
        self._latest[table.name.lower()] = row
        return row

    def _reference(
        self,
        table: SimpleTable,
        parent: str,
        pairs: Sequence[tuple[str, str]],
        values: Mapping[str, object],
    ) -> dict[str, object]:
        """Return the values of a foreign key that the row requires."""
        columns = {column.name.lower(): column for column in table.columns}
        own = [columns[name.lower()] for name, _ in pairs]
        if any(column.name in values for column in own):
            return {}
        is_required = any(column.is_required for column in own)
        if not is_required or parent.lower() == table.name.lower():
            return {}
        row: Mapping[str, Any] | None = self._latest.get(parent.lower())
        if row is None:
            row = self._first_row(parent) or self._insert(parent, {})
        named = {key.lower(): value for key, value in row.items()}
        return {column.name: named[to.lower()] for column, (_, to) in zip(own, pairs, strict=True)}

    def _first_accepted(
        self, table: SimpleTable, given: Mapping[str, object], free: Sequence[SimpleColumn]
    ) -> Row:
        """Insert the first row that is accepted, of the values that can be made up."""
        definition = [table.definition] if "CHECK" in table.definition.upper() else []
        choices: list[Sequence[object]] = []
        for column in free:
            own = [self._value(column), self._value(column)]
            is_named = re.search(rf"\b{re.escape(column.name)}\b", table.definition, re.IGNORECASE)
            others = alternatives(definition, [], self._random) if definition and is_named else []
            choices.append([*own, *others])
        refusal: Exception | None = None
        for values in itertools.islice(_combinations(choices), _MOST):
            named = {**given, **dict(zip((column.name for column in free), values, strict=True))}
            try:
                return Row(table.name, self._inserted(table, named))
            except self._integrity_error as error:
                refusal = error
                if not free or self._column_of(error) in given:
                    break
        assert refusal is not None
        shown = ", ".join(f"{key}={value!r}" for key, value in given.items())
        remedy = ", ".join(keyword(column.name) for column in free)
        raise RowRefused(
            f"{self.product} refuses the row of {table.name}: {self._reason(refusal)}"
            + (f"\n  given: {shown}" if shown else "")
            + (f"\nPass it: insert({table.name!r}, {remedy})" if free else "")
        )

    def _column_of(self, error: Exception) -> str | None:
        """Return the column of which a refused row has a wrong value; None if it is not known."""
        return None

    def _reason(self, error: Exception) -> str:
        return str(error)

    def _number(self) -> int:
        return self._random.randint(1, _LARGEST)

    def _text(self, column: SimpleColumn, number: int) -> str:
        return self._hints.value(column.name) or f"{column.name} {number}"


def _combinations(choices: Sequence[Sequence[object]]) -> Iterator[Sequence[object]]:
    """Yield a value for each column: with one changed at a time, then all combinations.

    Columns that constraints name have more than two choices, and come first.
    """
    first = [values[0] for values in choices]
    yield first
    for place, values in enumerate(choices):
        for value in values[1:]:
            yield [*first[:place], value, *first[place + 1 :]]
    yield from itertools.product(*(values if values[2:] else values[:1] for values in choices))
    yield from itertools.product(*choices)
