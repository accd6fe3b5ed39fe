"""What a type hint says about a value: its class, its limits, and whether it takes a value."""

from __future__ import annotations

import collections.abc as abc
import datetime as dt
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any
from uuid import UUID

_PLAIN = (
    *(bool, int, float, Decimal, str, bytes, dict, UUID),
    *(dt.datetime, dt.date, dt.time, dt.timedelta, IPv4Address, IPv6Address),
)
_NAMED: dict[str, type] = {
    **dict.fromkeys(("EmailStr", "NameEmail", "AnyUrl", "AnyHttpUrl", "HttpUrl", "SecretStr"), str),
    **dict.fromkeys(
        ("FutureDatetime", "PastDatetime", "AwareDatetime", "NaiveDatetime"), dt.datetime
    ),
    **dict.fromkeys(("FutureDate", "PastDate"), dt.date),
    "SecretBytes": bytes,
    "UUID1": UUID,
    "UUID3": UUID,
    "UUID4": UUID,
    "UUID5": UUID,
}
_COLLECTIONS: dict[Any, Any] = {
    **dict.fromkeys(
        (list, abc.Sequence, abc.Iterable, abc.Collection, abc.MutableSequence, abc.Iterator), list
    ),
    **dict.fromkeys((set, abc.Set, abc.MutableSet), set),
    frozenset: frozenset,
    tuple: tuple,
    **dict.fromkeys((dict, abc.Mapping, abc.MutableMapping), dict),
}
_NAMES = {
    "ge": "least",
    "gt": "above",
    "le": "most",
    "lt": "below",
    "pattern": "pattern",
    "min_length": "shortest",
    "max_length": "longest",
    "regex": "pattern",
    "min_items": "shortest",
    "max_items": "longest",
}


@dataclass(frozen=True)
class Limits:
    """What else a hint or a field demands.

    Attributes:
        least, most: the smallest and the largest number.
        shortest, longest: the smallest and the largest length.
        pattern: a regular expression; "" for none.
        metadata: the demands as they were given, for pydantic to check them.
    """

    least: Any = None
    most: Any = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str = ""
    metadata: tuple[Any, ...] = ()


def limits_of(things: Sequence[Any], before: Limits) -> Limits:
    """Return limits with those that annotations add: `Field(ge=1)`, `Len(1, 2)`, `constr(...)`."""
    found = before
    for thing in things:
        read: dict[str, Any] = {}
        for name, meaning in _NAMES.items():
            given = getattr(thing, name, None)
            if given is None or callable(given):
                continue
            if meaning in ("above", "below"):
                step = 1 if isinstance(given, int) else type(given)("0.01")
                given = given + step if meaning == "above" else given - step
                meaning = "least" if meaning == "above" else "most"
            read[meaning] = getattr(given, "pattern", given) if meaning == "pattern" else given
        found = replace(found, **read, metadata=(*found.metadata, thing))
        found = limits_of(getattr(thing, "metadata", None) or (), found)
    return found


def unwrapped(hint: Any, limits: Limits) -> tuple[Any, Limits]:
    """Return a hint without Annotated, NewType, type aliases and type variables; and its limits."""
    while True:
        if typing.get_origin(hint) is typing.Annotated:
            hint, *things = typing.get_args(hint)
            limits = limits_of(things, limits)
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":  # typing has it from Python 3.12 on
            hint = hint.__value__
        elif type(origin := typing.get_origin(hint)).__name__ == "TypeAliasType":
            hint = origin.__value__[typing.get_args(hint)]
        elif isinstance(hint, typing.TypeVar):
            hint = hint.__bound__ or (*hint.__constraints__, Any)[0]
        else:
            return hint, limits


def members(hint: Any) -> tuple[list[Any], bool]:
    """Return the types of a union without None, and whether None is one of them."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return ([], True) if hint in (None, type(None)) else ([hint], False)
    found = typing.get_args(hint)
    return [one for one in found if one is not type(None)], type(None) in found


def collection(hint: Any) -> tuple[Any, Sequence[Any]]:
    """Return the class of a list, set, tuple or dictionary, and its arguments; else None."""
    origin = typing.get_origin(hint) or hint
    try:
        return _COLLECTIONS.get(origin), typing.get_args(hint)
    except TypeError:  # a hint that cannot be hashed
        return None, ()


def literals(hint: Any) -> list[Any]:
    """Return the values of a Literal; none for another hint."""
    return list(typing.get_args(hint)) if typing.get_origin(hint) is typing.Literal else []


def plain_type(hint: Any) -> type | None:
    """Return the class of the values of a hint, if it is one whose values can be written."""
    if hint in _PLAIN:
        return typing.cast("type", hint)
    name = getattr(hint, "__name__", "")
    if name in _NAMED and getattr(hint, "__module__", "").startswith("pydantic"):
        return _NAMED[name]
    if isinstance(hint, type):  # constr() and conint() of pydantic 1, and classes of a project
        if issubclass(hint, Path):
            return None
        return next((base for base in _PLAIN if issubclass(hint, base)), None)
    return None


def wrapper(hint: Any) -> Callable[[Any], Any]:
    """Return what makes a value of a hint from that of its plain class."""
    if getattr(hint, "__name__", "") in ("SecretStr", "SecretBytes"):
        return typing.cast("Callable[[Any], Any]", hint)
    return lambda value: value


def checker(hint: Any, limits: Limits) -> Callable[[Any], bool]:
    """Return a function that tells whether a hint with limits takes a value.

    Without pydantic, and for hints that it does not know, it takes every value.
    """
    known: Any = hint if plain_type(hint) or not isinstance(hint, type) else Any
    if not limits.metadata and known in _PLAIN:
        return lambda value: True
    try:
        from pydantic import TypeAdapter

        demands = [thing for thing in limits.metadata if not _is_of_version_1(thing)]
        adapter = TypeAdapter(typing.Annotated[known, *demands] if demands else known)
    except Exception:  # noqa: BLE001 # pydantic is missing, is version 1, or knows no such type
        return lambda value: _within(value, limits)

    def accepts(value: Any) -> bool:
        try:
            adapter.validate_python(value)
        except Exception:  # noqa: BLE001 # a validator may raise anything
            return False
        return _within(value, limits)

    return accepts


def _is_of_version_1(thing: Any) -> bool:
    return type(thing).__module__.startswith(("pydantic.v1", "pydantic.fields")) and not hasattr(
        thing, "metadata"
    )


def _within(value: Any, limits: Limits) -> bool:
    if isinstance(value, str | bytes | list | tuple | set | dict):
        least, most, size = limits.shortest, limits.longest, len(value)
    elif isinstance(value, int | float | Decimal):
        least, most, size = limits.least, limits.most, value  # type: ignore[assignment]
    else:
        return True
    return (least is None or size >= least) and (most is None or size <= most)
