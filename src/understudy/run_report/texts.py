"""Values of the database as texts: as PostgreSQL prints them if their type is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import TEXT
from understudy.script.boundary import MOST_ROWS, Answer
from understudy.script.calls import Call
from understudy.script.formatting import shown

Texts = list[str | None]


def parameter_texts(call: Call, codecs: Values) -> Texts:
    """Return the parameters of a call; the first rows of a COPY and of `execute_many`."""
    given: Any = call.parameters
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [f"{name} = {text_of(value)}" for name, value in given.items()]
    if has_rows(call):
        return [_row_text(row) for row in list(given)[:MOST_ROWS]]
    types: Sequence[int] = getattr(given, "oids", ())  # of real drivers
    return [
        text_of(value, codecs, types[number] if number < len(types) else 0)
        for number, value in enumerate(given)
    ]


def has_rows(call: Call) -> bool:
    """Return whether the parameters of a call are rows."""
    return call.method == "execute_many" or call.statement.lstrip()[:4].upper() == "COPY"


def _row_text(row: Any) -> str:
    if isinstance(row, str | bytes) or not isinstance(row, Sequence):
        return shown(row)
    return f"({', '.join(map(shown, row))})"


def row_texts(answer: Answer, codecs: Values) -> list[Texts]:
    """Return the rows of an answer."""
    types = answer.types or [0] * len(answer.columns)
    if answer.formats is None:
        return [
            [text_of(value, codecs, oid) for value, oid in zip(row, types, strict=False)]
            for row in answer.rows
        ]
    return [
        [
            None if data is None else _sent_text(data, codecs, oid, form)
            for data, oid, form in zip(row, types, answer.formats, strict=False)
        ]
        for row in answer.rows
    ]


def _sent_text(data: bytes, codecs: Values, oid: int, form: int) -> str:
    """Return what a server has sent; in hexadecimal if its type is unknown and it is no text."""
    if form == TEXT:
        return data.decode(errors="replace")
    if codecs.types.bare(oid) is None:
        # An enum is sent as its label. The types of the schema are not known here.
        text = data.decode(errors="replace")
        return text if text.isprintable() and "\ufffd" not in text else f"\\x{data.hex()}"
    try:
        return text_of(codecs.decoder(oid, form)(data), codecs, oid) or ""
    except Exception:  # noqa: BLE001 # of a version of the type that the codec does not know
        return f"\\x{data.hex()}"


def text_of(value: Any, codecs: Values | None = None, oid: int = 0) -> str | None:
    """Return a Python value as a text; None for NULL."""
    if value is None or type(value) is str:
        return value
    if codecs is not None and oid:
        try:
            return codecs.encoder(oid, TEXT)(value).decode(errors="replace")
        except Exception:  # noqa: BLE001 # what cannot be sent is an error of the test, elsewhere
            return shown(value)
    try:
        return str(value)
    except Exception:  # noqa: BLE001 # an object of the test
        return shown(value)
