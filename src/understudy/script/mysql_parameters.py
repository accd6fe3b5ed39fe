"""Parameters compared with what a driver of MySQL makes of them in the text of a statement."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from understudy.script.parameter_matching import Given, Key, Parameters

_TIME = re.compile(r"(-?)(\d{1,3}):(\d\d):(\d\d)(?:\.(\d{1,6}))?")


class MysqlParameters(Parameters):
    """The parameters that a rule expects.

    A date is equal to its text, as a server sees it, a UUID to its text with or without hyphens or
    its bytes, bytes to a string of them, a dict or list to its JSON, an enumeration's member to
    what the driver writes for it.
    """

    __slots__ = ()

    def exact_key(self, given: Given) -> Key | None:
        """Return None: which literals are parameters depends on the rule."""
        return None

    def _differences(self, given: Given, *, stop_at_first: bool) -> list[str]:
        found = super()._differences(given, stop_at_first=stop_at_first)
        if not found:
            return found
        if isinstance(given, Mapping):
            expected = tuple(_as_written(want, given) for want in self.expected)
        else:
            expected = _all_as_written(self.expected, tuple(given or ()))
        return Parameters(expected)._differences(given, stop_at_first=stop_at_first)


def _all_as_written(expected: Sequence[Any], given: Sequence[Any]) -> tuple[Any, ...]:
    if len(expected) != len(given):
        return tuple(expected)
    return tuple(_as_written(want, got) for want, got in zip(expected, given, strict=True))


def _as_written(expected: Any, given: Any) -> Any:
    """Return the value that was given, or in its place what is expected if that differs."""
    if isinstance(expected, Mapping) and isinstance(given, Mapping):
        return {
            name: _as_written(want, given[name]) if name in given else want
            for name, want in expected.items()
        }
    if isinstance(expected, list | tuple):
        if isinstance(given, list | tuple):
            return _all_as_written(expected, given)
        if len(expected) == 1 and not isinstance(given, str):
            return given if _is_same(expected[0], given) else expected
    return given if _is_same(expected, given) else expected


def _is_same(expected: Any, given: Any) -> bool:
    """Return whether a driver would write an expected value like the given one."""
    if callable(expected) or expected is None or given is None:
        return False
    if isinstance(expected, set | frozenset) and isinstance(given, tuple):
        return len(expected) == len(given) and expected == set(given)
    if isinstance(expected, Enum) and _is_same(expected.value, given):
        return True
    if isinstance(expected, UUID):
        digits = given.hex() if isinstance(given, bytes) else str(given).replace("-", "")
        return digits.lower() == expected.hex
    if isinstance(expected, dict | list):
        return isinstance(given, str | bytes) and _json_of(given) == expected
    if isinstance(expected, bytes | bytearray | memoryview) or isinstance(given, bytes):
        return _bytes_of(expected) == _bytes_of(given)
    if isinstance(expected, Decimal) and isinstance(given, str):  # so writes mysql-connector
        return given == str(expected)
    return bool(_text_of(expected) == _text_of(given))


def _json_of(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _bytes_of(value: Any) -> bytes | None:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else None


def _text_of(value: Any) -> Any:
    """Return how a driver writes a date or time, and a string of its own class; else the value."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else value
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        value = dt.timedelta(
            hours=value.hour,
            minutes=value.minute,
            seconds=value.second,
            microseconds=value.microsecond,
        )
    if isinstance(value, str | Enum):
        found = _TIME.fullmatch(str(value))
        if found is None:
            return str(value)
        sign, hours, minutes, seconds, fraction = found.groups(default="")
        value = dt.timedelta(
            hours=int(hours),
            minutes=int(minutes),
            seconds=int(seconds),
            microseconds=int(fraction.ljust(6, "0")),
        )
        return -value if sign else value
    return value
