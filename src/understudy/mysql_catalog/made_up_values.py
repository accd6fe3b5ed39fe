"""Values for the columns that a scripted row does not give."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from understudy.catalog.answer_checks import Mismatch
from understudy.catalog.description import Column
from understudy.catalog.made_up_rows import CannotMakeUp, RowFiller
from understudy.mysql_catalog.column_types import BYTES, INTEGERS, TEXTS, ColumnType, read_type

_DAY = datetime.datetime(2024, 1, 1)  # MySQL's have no time zone


class MysqlRowFiller(RowFiller):
    """Fills rows in, with the same values in every run."""

    def __init__(self) -> None:
        super().__init__({})

    def _value(self, column: Column, number: int, mismatch: Mismatch) -> Any:
        kind = read_type(column.type)
        value = _value(kind, column.name, number)
        if value is None and column.nullability == "not null":
            raise CannotMakeUp(
                f"no value can be made up for the column {column.name!r} of the type {column.type}"
            )
        return value


def _value(kind: ColumnType, name: str, number: int) -> Any:
    if kind.is_json:
        return "{}"
    if kind.name in INTEGERS:
        return min(number, kind.bounds[1])
    if kind.name in TEXTS or kind.name in BYTES:
        text = f"{name} {number}"
        cut = text if kind.length is None else text[-kind.length :]
        return cut if kind.name in TEXTS else cut.encode()
    if kind.name in ("enum", "set"):
        return kind.labels[0] if kind.labels else None
    return _OTHERS.get(kind.name, lambda number: None)(number)


_OTHERS: dict[str, Any] = {
    "decimal": lambda number: Decimal(min(number, 9)).scaleb(0),
    "float": float,
    "double": float,
    "year": lambda number: 2000 + number % 100,
    "bit": lambda number: 1,
    "date": lambda number: _DAY.date() + datetime.timedelta(number),
    "datetime": lambda number: _DAY + datetime.timedelta(number),
    "timestamp": lambda number: _DAY + datetime.timedelta(number),
    "time": lambda number: datetime.timedelta(seconds=number % 3600),
    "uuid": lambda number: f"00000000-0000-4000-8000-{number:012}",
}
