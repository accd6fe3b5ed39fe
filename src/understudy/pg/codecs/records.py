"""Records without a type of their own: what ROW(1, 'a') gives."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from understudy.pg.codecs.codec import Codec, refusal, sized, unfit
from understudy.pg.codecs.container_text import record_text
from understudy.pg.codecs.datetimes import DATE, timestamp
from understudy.pg.codecs.numbers import BOOLEAN, floating, integer
from understudy.pg.codecs.numeric import NUMERIC
from understudy.pg.codecs.strings import UUIDS, text

# What a Python value is taken for; the first that fits.
_NATURAL: tuple[tuple[type, int, Codec], ...] = (
    (bool, 16, BOOLEAN),
    (int, 20, integer("bigint", "!q")),
    (float, 701, floating("double precision", "!d")),
    (str, 25, text("text")),
    (Decimal, 1700, NUMERIC),
    (UUID, 2950, UUIDS),
    (dt.datetime, 1184, timestamp("timestamp with time zone", "", aware=True)),
    (dt.date, 1082, DATE),
)
_UNKNOWN = 705


def _natural(value: Any) -> tuple[int, Codec]:
    for kind, oid, codec in _NATURAL:
        if isinstance(value, kind):
            return oid, codec
    raise unfit("record", value)


def _fields(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)) or hasattr(value, "keys"):
        return list(value.values()) if isinstance(value, dict) else list(value)
    raise unfit("record", value)


def _write(value: Any) -> str:
    return record_text(
        None if field is None else _natural(field)[1].output(field) for field in _fields(value)
    )


def _send(value: Any) -> bytes:
    pieces: list[bytes] = []
    for field in _fields(value):
        if field is None:
            pieces.append(_UNKNOWN.to_bytes(4) + sized(None))
            continue
        oid, codec = _natural(field)
        pieces.append(oid.to_bytes(4) + sized(codec.send(field)))
    return len(pieces).to_bytes(4) + b"".join(pieces)


def _refuse(_value: Any) -> NoReturn:
    raise refusal("0A000", "input of anonymous composite types is not implemented")


RECORD = Codec(_refuse, _refuse, _write, _send)
