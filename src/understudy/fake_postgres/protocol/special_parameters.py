"""Run-time parameters with a format of their own."""

from __future__ import annotations

import codecs
import re
import zoneinfo
from collections.abc import Callable

from understudy.fake_postgres.protocol import errors
from understudy.pg.sql_spelling import quoted

_STYLES = {"iso": "ISO", "sql": "SQL", "postgres": "Postgres", "german": "German"}
_ORDERS = {
    "ymd": "YMD",
    "dmy": "DMY",
    "euro": "DMY",
    "european": "DMY",
    "mdy": "MDY",
    "us": "MDY",
    "noneuro": "MDY",
    "noneuropean": "MDY",
}
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_$]*")


def boolean(value: str) -> bool | None:
    """Read a Boolean, or an unambiguous prefix of one; None if it is invalid."""
    word = value.lower()
    if word in ("1", "on") or (word and ("true".startswith(word) or "yes".startswith(word))):
        return True
    if word in ("0", "of", "off") or (word and ("false".startswith(word) or "no".startswith(word))):
        return False
    return None


def _search_path(values: tuple[str, ...]) -> str:
    if values == ("",):
        return '""'
    return ", ".join(name if _PLAIN_NAME.fullmatch(name) else quoted(name) for name in values)


def _date_style(values: tuple[str, ...]) -> str:
    given = ", ".join(values)
    style, order = "ISO", "MDY"
    ordered = False
    for word in re.split(r"[\s,]+", given.strip().lower()):
        if word in _STYLES:
            style = _STYLES[word]
            if word == "german" and not ordered:
                order = "DMY"
        elif word in _ORDERS:
            order = _ORDERS[word]
            ordered = True
        elif word != "default":
            detail = f'Unrecognized key word: "{word}".'
            raise errors.invalid_value("DateStyle", given, detail=detail)
    return f"{style}, {order}"


def _time_zone(value: str) -> str:
    offset = re.fullmatch(r"\s*([+-]?)(\d{1,2})(?:\.(\d+))?\s*", value)
    if offset is not None:  # hours east of Greenwich, shown in the other direction as POSIX does
        minutes = round(float(f"0.{offset[3] or 0}") * 60)
        east = offset[1] != "-"
        digits = f"{int(offset[2]):02d}" + (f":{minutes:02d}" if minutes else "")
        return f"<{'+' if east else '-'}{digits}>{'-' if east else '+'}{digits}"
    if value.upper() in ("UTC", "GMT"):
        return value.upper()
    names = {name.lower(): name for name in zoneinfo.available_timezones()}
    if names and value.lower() not in names:
        raise errors.invalid_value("TimeZone", value)
    return names.get(value.lower(), value)


def _client_encoding(value: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", value.lower())
    if plain in ("utf8", "unicode"):
        return "UNICODE" if value == "UNICODE" else "UTF8"
    try:
        codecs.lookup(value)
    except LookupError:
        raise errors.invalid_value("client_encoding", value) from None
    raise errors.unsupported(f"fake_postgres speaks UTF8 only, not {value}")


def _ascii(value: str) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in value.encode())


LISTS: dict[str, Callable[[tuple[str, ...]], str]] = {
    "search_path": _search_path,
    "datestyle": _date_style,
}
SINGLE: dict[str, Callable[[str], str]] = {
    "application_name": _ascii,
    "timezone": _time_zone,
    "client_encoding": _client_encoding,
}
