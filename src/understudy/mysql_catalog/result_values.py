"""Which values a column of a result can have, as MySQL's drivers return them.

The classes are those of aiomysql, asyncmy and PyMySQL. What the server of a fake can send as such
a value is taken, too: an int for a DECIMAL, a date for a DATETIME.
"""

from __future__ import annotations

import datetime
import json
import math
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from understudy.mysql_catalog.column_types import BYTES, INTEGERS, TEXTS, ColumnType, read_type
from understudy.mysql_catalog.stored_values import refusal
from understudy.script.formatting import typed


def mismatch(type_name: str, value: Any) -> str | None:
    """Return why no driver returns a value for a type; None if one may.

    Args:
        type_name: as `information_schema` prints it; "" if it is not known.
        value: the scripted value; not None.
    """
    kind = read_type(type_name)
    check = _CHECKS.get("json" if kind.is_json else kind.name)
    problem = None if check is None else check(kind, value)
    return None if problem is None else f"no {type_name} is {typed(value)}: {problem}"


def _integer(kind: ColumnType, value: Any) -> str | None:
    if not isinstance(value, int):
        return "it is read as an int"
    least, most = kind.bounds
    return None if least <= value <= most else f"it is from {least:,} to {most:,}"


def _number(kind: ColumnType, value: Any) -> str | None:
    name = "a Decimal" if kind.name == "decimal" else "a float"
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return f"it is read as {name}"
    if not math.isfinite(value):
        return "it has no infinity and no NaN"
    if kind.name == "decimal" and kind.sizes and refusal("", _spelled(kind), Decimal(value)):
        return f"it has {kind.sizes[0]} digits, {(*kind.sizes, 0)[1]} of them after the point"
    return None


def _spelled(kind: ColumnType) -> str:
    return f"{kind.name}({','.join(map(str, kind.sizes))})"


def _text(kind: ColumnType, value: Any) -> str | None:
    if not isinstance(value, str):
        return "it is read as a str"
    if kind.length is not None and len(value) > kind.length:
        return f"it has at most {kind.length:,} characters"
    return None


def _label(kind: ColumnType, value: Any) -> str | None:
    if not isinstance(value, str):
        return "it is read as a str"
    return None if not kind.labels or value in (*kind.labels, "") else _one_of(kind)


def _labels(kind: ColumnType, value: Any) -> str | None:
    if not isinstance(value, str | set | frozenset):
        return "it is read as a str"
    given = set(value.split(",")) if isinstance(value, str) else value
    return None if not kind.labels or given <= {*kind.labels, ""} else _one_of(kind)


def _one_of(kind: ColumnType) -> str:
    return f"it has the labels {', '.join(kind.labels)}"


def _bytes(kind: ColumnType, value: Any) -> str | None:
    if not isinstance(value, bytes | bytearray | memoryview | str):
        return "it is read as bytes"
    size = len(value.encode()) if isinstance(value, str) else len(bytes(value))
    is_long = kind.length is not None and size > kind.length
    return f"it has at most {kind.length:,} bytes" if is_long else None


def _json(kind: ColumnType, value: Any) -> str | None:
    if not isinstance(value, str):
        return None if isinstance(value, dict | list) else "it is read as a str of JSON"
    try:
        json.loads(value)
    except ValueError as error:
        return f"it is read as a str of JSON, and this is none: {error}"
    return None


def _date(kind: ColumnType, value: Any) -> str | None:
    is_date = isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)
    return None if is_date or isinstance(value, str) else "it is read as a date"


def _datetime(kind: ColumnType, value: Any) -> str | None:
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return "it is read as a datetime without a time zone"
    return None if isinstance(value, datetime.date | str) else "it is read as a datetime"


def _time(kind: ColumnType, value: Any) -> str | None:
    is_time = isinstance(value, datetime.timedelta | datetime.time | str)
    return None if is_time else "it is read as a timedelta"


def _bit(kind: ColumnType, value: Any) -> str | None:
    return None if isinstance(value, int | bytes) else "it is read as bytes"


def _year(kind: ColumnType, value: Any) -> str | None:
    return None if isinstance(value, int) else "it is read as an int"


def _uuid(kind: ColumnType, value: Any) -> str | None:
    return None if isinstance(value, str | uuid.UUID) else "it is read as a str"


_CHECKS: dict[str, Callable[[ColumnType, Any], str | None]] = {
    **dict.fromkeys(INTEGERS, _integer),
    **dict.fromkeys(["decimal", "float", "double"], _number),
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(BYTES, _bytes),
    "enum": _label,
    "set": _labels,
    "json": _json,
    "date": _date,
    "datetime": _datetime,
    "timestamp": _datetime,
    "time": _time,
    "bit": _bit,
    "year": _year,
    "uuid": _uuid,
}
