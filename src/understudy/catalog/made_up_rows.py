"""Rows of which a test gives the columns that matter, and the schema the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

from understudy.catalog.answer_checks import Mismatch
from understudy.catalog.description import Column, Description
from understudy.pg import sample_values
from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import TEXT
from understudy.pg.errors import ServerError
from understudy.pg.types import Type, TypeFacts, Types
from understudy.script.answers import Row, Rows


class CannotMakeUp(Exception):
    """There is no value for a column that the test did not give."""


class RowFiller:
    """Fills rows in, with the same values in every run.

    Args:
        facts: what is known of every type that is not built in.
    """

    def __init__(self, facts: Mapping[str, TypeFacts]) -> None:
        self._types = Types(facts)
        self._values = Values(self._types)

    def fill(self, rows: Rows, description: Description, mismatch: Mismatch) -> Rows:
        """Return rows with all columns of a statement.

        A column that may be NULL is None, as in a row that was inserted without it. Any other
        column, also one that may or may not be NULL, has a value of its type.

        Args:
            rows: mappings.
            description: what PostgreSQL says of the statement.
            mismatch: tells why a value is not possible for a type.

        Raises:
            CannotMakeUp: there is no value for the type of a column.
        """
        given = set().union(*rows.rows)
        columns = description.columns
        names = [column.name for column in columns]
        # A mapping cannot tell which of two equal names it means; the check says so.
        in_order = len(set(names)) < len(names) and not any(names.count(name) > 1 for name in given)
        filled: list[Row] = []
        for number, row in enumerate(rows.rows, 1):
            assert isinstance(row, Mapping), "checked when the rule was written"
            values = [
                row[column.name] if column.name in row else self._value(column, number, mismatch)
                for column in columns
            ]
            # What the statement does not have is kept, for the check.
            named = {**dict(zip(names, values, strict=True)), **row}
            filled.append(tuple(values) if in_order and len(named) == len(set(names)) else named)
        return replace(
            rows, rows=tuple(filled), is_filled=False, made_up=frozenset(names) - frozenset(given)
        )

    def _value(self, column: Column, number: int, mismatch: Mismatch) -> Any:
        if column.nullability == "nullable":
            return None
        kind = self._types.named(column.type)
        seed = Random(f"{column.origin or column.name} {number}")
        text = None
        if kind is not None:
            text = sample_values.sample(self._types, kind, seed, f"{column.name} {number}")
        if text is not None:
            assert kind is not None
            for value in self._readings(kind, text):
                reason = mismatch(column.type, value)
                if reason is None:
                    return value
        if column.nullability == "unknown":
            return None
        raise CannotMakeUp(
            f"no value can be made up for the column {column.name!r} of the type {column.type}"
        )

    def _readings(self, kind: Type, text: str) -> Iterator[Any]:
        """Yield what a text of a type may be in Python: psqlpy answers a str for a uuid."""
        with suppress(ServerError):  # what only PostgreSQL itself can read
            yield self._values.decoder(kind.oid, TEXT)(text.encode())
        if kind.kind in ("base", "enum"):
            yield text
