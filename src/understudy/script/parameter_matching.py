"""Match the parameters of a call with those that a rule expects, and describe differences."""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from understudy.script.failures import PredicateFailed
from understudy.script.formatting import predicate_name, shown, typed

Given = Sequence[Any] | Mapping[str, Any] | None
Key = tuple[Any, ...]
# Values that are equal have the same hash, and no hash fails.
_PLAIN = frozenset([int, str, bool, float, bytes, type(None), UUID, dt.date, dt.datetime])


class Parameters:
    """The parameters that a rule expects; without any, every call matches.

    Args:
        expected: one value or predicate for each parameter (for each row, of `execute_many`);
            for a statement with named parameters, one mapping from name to value or predicate.
    """

    __slots__ = ("_plain", "expected")

    def __init__(self, expected: tuple[Any, ...] = ()) -> None:
        self.expected = expected
        # Most rules expect, and most calls pass, a list of plain values: it is compared as a whole.
        is_plain = all(map(_is_plain, expected))
        self._plain = list(expected) if is_plain else None

    @property
    def plain(self) -> Key | None:
        """The expected values, if each is a plain value; None if not, or if any are accepted."""
        return None if not self.expected or self._plain is None else self.expected

    def exact_key(self, given: Given) -> Key | None:
        """Return values as a key, if they match plain values of the same types by equality alone.

        None if they are to be compared one by one.
        """
        if isinstance(given, list | tuple) and all(map(_is_plain, given)):
            return tuple(given)
        return None

    def match(self, given: Given) -> bool:
        """Return whether `given` are the expected parameters.

        Raises:
            PredicateFailed: a predicate raised instead of answering.
        """
        if not self.expected or (self._plain is not None and given == self._plain):
            return True
        return not self._differences(given, stop_at_first=True)

    def differences(self, given: Given) -> list[str]:
        """Describe every difference from `given`."""
        return self._differences(given, stop_at_first=False) if self.expected else []

    def _differences(self, given: Given, *, stop_at_first: bool) -> list[str]:
        named = len(self.expected) == 1 and isinstance(self.expected[0], Mapping)
        if isinstance(given, Mapping):
            if not named:
                return [
                    f"expected {shown(self.expected)} by position, got them by name: {shown(given)}"
                ]
            return _mapping_differences(self.expected[0], given, stop_at_first)
        return _sequence_differences(self.expected, tuple(given or ()), "", stop_at_first)


def _sequence_differences(
    expected: Sequence[Any], given: Sequence[Any], path: str, stop_at_first: bool
) -> list[str]:
    found: list[str] = []
    if len(expected) != len(given):
        where = f"{path} " if path else ""
        found.append(f"{where}expected {len(expected)} of them, got {len(given)}")
    for index, (want, got) in enumerate(zip(expected, given, strict=False)):
        if found and stop_at_first:
            break
        found.extend(_difference(want, got, f"{path}[{index}]", stop_at_first))
    return found


def _mapping_differences(
    expected: Mapping[str, Any], given: Mapping[str, Any], stop_at_first: bool
) -> list[str]:
    found = [
        f"{name} expected {typed(expected[name])}, got nothing"
        for name in expected
        if name not in given
    ]
    found += [
        f"{name} not expected, got {typed(given[name])}" for name in given if name not in expected
    ]
    for name in expected:
        if name in given and not (found and stop_at_first):
            found.extend(_difference(expected[name], given[name], name, stop_at_first))
    return found


def _difference(expected: Any, given: Any, path: str, stop_at_first: bool) -> list[str]:
    if _is_predicate(expected):
        try:
            holds = bool(expected(given))
        except Exception as error:
            text = (
                f"{path} the predicate {predicate_name(expected)} raised "
                f"{type(error).__name__}: {error} on {typed(given)}"
            )
            if stop_at_first:
                raise PredicateFailed(text) from error
            return [text]
        return (
            []
            if holds
            else [f"{path} got {typed(given)}, which {predicate_name(expected)} refuses"]
        )
    if (_is_nan(expected) and _is_nan(given)) or expected == given:
        return []
    if _is_row(expected) and _is_row(given):
        # A row of `execute_many`, or an array: a list and a tuple are equal.
        return _sequence_differences(expected, given, path, stop_at_first)
    return [f"{path} expected {typed(expected)}, got {typed(given)}"]


def _is_plain(value: Any) -> bool:
    return type(value) in _PLAIN and not _is_nan(value)


def _is_nan(value: Any) -> bool:
    """Return whether this is NaN, which equals no value in Python and itself in PostgreSQL."""
    return (
        value.is_nan()
        if isinstance(value, Decimal)
        else isinstance(value, float) and value != value
    )


def _is_row(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _is_predicate(expected: Any) -> bool:
    """Return whether this tests a value: functions do, classes and other objects are values."""
    return inspect.isroutine(expected) or isinstance(expected, functools.partial)
