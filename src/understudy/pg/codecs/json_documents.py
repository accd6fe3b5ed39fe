"""json and jsonb: documents as Python values, and texts that are sent as they are."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring
from typing import Any, NoReturn

from understudy.pg.codecs.codec import (
    Codec,
    Unencodable,
    decoded,
    plain,
    refusal,
    unfit,
    without_version,
)
from understudy.pg.codecs.json_errors import why_not_json
from understudy.pg.codecs.numeric import NUMERIC
from understudy.pg.errors import ServerError

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_SMALL = 2**63
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class JsonText:
    """The text of a json or jsonb value, as PostgreSQL gets it.

    Without it, a value for such a column is the document, and a str the document that is a string.
    A column of type json keeps the text as it is, with its spaces, duplicate keys and the spelling
    of its numbers; `JsonText("null")` is the null of JSON, which is not NULL.

    Attributes:
        text: the text, such as '{"a": 1.0}'.
    """

    text: str


class JsonNumber(float):
    """A number of a document whose text says more than a float: 0.10, 1e400, 5,000 digits."""

    text: str


def json_codec(name: str) -> Codec:
    """Return the codec of json or jsonb, whose values are what `json.loads` gives."""
    is_binary = name == "jsonb"

    def read(text: str) -> Any:
        return _document(text, is_binary=is_binary)

    def receive(data: bytes) -> Any:
        return read(decoded(without_version(name, data) if is_binary else data))

    def write(value: Any) -> str:
        if type(value).__module__.startswith("psycopg."):  # Json(...), Jsonb(...)
            value = value.obj
        if isinstance(value, JsonText):
            try:
                document = read(value.text)
            except ServerError as error:
                reason = error.fields.detail or error.fields.message
                raise Unencodable(f"{value!r} is not a value of {name}: {reason}") from None
            if not is_binary:
                return value.text
            value = document
        pieces: list[str] = []
        try:
            _write(value, _stored_number if is_binary else _given_number, pieces.append)
        except _NotJson as error:
            raise Unencodable(f"{unfit(name, value)}: {error}") from None
        except RecursionError:
            raise Unencodable(f"{unfit(name, value)}: it is nested too deeply") from None
        return "".join(pieces)

    def send(value: Any) -> bytes:
        try:
            return (b"\1" if is_binary else b"") + write(value).encode()
        except UnicodeEncodeError:
            raise unfit(name, value) from None

    return Codec(read, receive, write, send)


# Reading -----------------------------------------------------------------------------------------


def _document(text: str, *, is_binary: bool) -> Any:
    number = _checked_number if is_binary else _number
    try:
        document = json.loads(
            text, parse_constant=_no_constant, parse_float=number, parse_int=number
        )
    except (ValueError, RecursionError):
        raise refusal("22P02", "invalid input syntax for type json", why_not_json(text)) from None
    if is_binary and "\\u" in text:
        _check_escapes(text, document)
    return document


def _number(text: str) -> float:
    if len(text) < 4300 and text.lstrip("-").isdigit():  # the most that Python's int() reads
        whole = int(text)
        return whole if whole or text == "0" else _kept(text)
    number = float(text)
    return number if repr(number) == text else _kept(text)


def _kept(text: str) -> JsonNumber:
    number = JsonNumber(text)
    number.text = text
    return number


def _checked_number(text: str) -> float:
    NUMERIC.input(text)  # which is what jsonb keeps
    return _number(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_escapes(text: str, document: Any) -> None:
    """Refuse the escapes that jsonb cannot store: NUL, and half a pair of surrogates."""
    if "\\u0000" in text.replace("\\\\", ""):
        raise refusal(
            "22P05", "unsupported Unicode escape sequence", "\\u0000 cannot be converted to text."
        )
    if _SURROGATE.search(text) and any(map(_HALF.search, _strings(document))):
        raise refusal(
            "22P02",
            "invalid input syntax for type json",
            "Unicode low surrogate must follow a high surrogate.",
        )


def _strings(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, (list, dict)):
        for item in document:
            yield from _strings(item)
        if isinstance(document, dict):
            yield from _strings(list(document.values()))


# Writing -----------------------------------------------------------------------------------------


class _NotJson(Exception):
    """JSON cannot hold a value; the message says why."""


def _write(value: Any, number: Callable[[float], str], put: Callable[[str], None]) -> None:
    """Write a document, with its keys in the order of jsonb if it is one.

    Args:
        value: the document.
        number: spells a number.
        put: takes the next piece of the text.
    """
    is_stored = number is _stored_number
    kind = type(value)
    if kind is dict:
        if not all(isinstance(key, str) for key in value):
            raise _NotJson("the keys of JSON are str")
        keys = sorted(value, key=_key_order) if is_stored and len(value) > 1 else value
        mark = "{"
        for key in keys:
            put(mark)
            _write(key, number, put)
            put(": ")
            _write(value[key], number, put)
            mark = ", "
        put("}" if value else "{}")
    elif kind is list or kind is tuple:
        mark = "["
        for item in value:
            put(mark)
            _write(item, number, put)
            mark = ", "
        put("]" if value else "[]")
    elif isinstance(value, str):
        value = plain(value)
        if is_stored and "\0" in value:
            raise _NotJson("jsonb holds no NUL character")
        put(encode_basestring(value))
    elif value is None:
        put("null")
    elif kind is bool:
        put("true" if value else "false")
    elif isinstance(value, (int, float)):
        put(number(plain(value)))
    elif isinstance(value, Enum):
        _write(value.value, number, put)
    elif isinstance(value, dict):
        _write(dict(value), number, put)
    elif isinstance(value, (list, tuple)):
        _write(list(value), number, put)
    else:
        raise _NotJson(f"JSON holds no {kind.__name__}")


def _key_order(key: str) -> tuple[int, str]:
    """Sort as jsonb does: the shorter first, counted in bytes."""
    return len(key) if key.isascii() else len(key.encode(errors="surrogatepass")), key


def _given_number(value: float) -> str:
    if type(value) is int and -_SMALL < value < _SMALL:
        return str(value)
    if isinstance(value, JsonNumber):
        return value.text
    if not isinstance(value, float):
        return format(Decimal(int(value)), "f")
    if not math.isfinite(value):
        raise _NotJson("JSON has no NaN and no infinity")
    return float.__repr__(value)


def _stored_number(value: float) -> str:
    """Spell a number as jsonb stores it: as a numeric, without an exponent."""
    text = _given_number(value)
    return NUMERIC.output(text) if "e" in text or "E" in text or text[0] == "-" else text
