"""Python values as the source that a careful colleague would write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from types import BuiltinFunctionType, FunctionType
from typing import Any
from uuid import UUID

from understudy.project.python_values import Names, NoSource, collection_of, dict_of, source_of
from understudy.script.formatting import python_literal
from understudy.write.fingerprint import VARIES, Unordered
from understudy.write.imported_names import NAMES, home_of
from understudy.write.trials import Expression

_LONG = 20  # letters; a text that begins with more of one letter is written as "a" * 21 + "b"
_MANY = 4  # items; a list of more that are equal is written as [1] * 5
ANY = Expression("ANY", ("from understudy import ANY",))
_BITS = (15, 31, 63)


def spelled(value: Any) -> Expression:
    """Return a value as source, with the imports that it needs; parts may be source already.

    Raises:
        NoSource: no source makes such a value.
    """
    if isinstance(value, Expression):
        return value
    if isinstance(value, Enum):
        return _member(value)
    if value is VARIES or isinstance(value, Unordered):
        return ANY
    if isinstance(value, UUID) and value.int < 10_000:
        made = NAMES.of("uuid", "UUID")
        return Expression(f"{made.text}(int={value.int})", made.imports)
    if type(value) is int and abs(value) > 9_999 and (power := _power(value)):
        return Expression(power)
    if type(value) is str and (rest := value.lstrip(value[:1])) != value[1:]:
        count = len(value) - len(rest)
        if count > _LONG:
            more = f" + {source(rest)}" if rest else ""
            return Expression(f"{source(value[0])} * {count}{more}")
    if type(value) in (list, tuple, set, frozenset):
        items = [spelled(item) for item in value]
        if type(value) is list and len(items) > _MANY and all(one == items[0] for one in items):
            return Expression(f"[{items[0].text}] * {len(items)}", items[0].imports)
        if isinstance(value, set | frozenset):
            items.sort(key=lambda item: item.text)  # the order of a set varies
        return collection(type(value), items)
    if isinstance(value, Mapping):
        return mapping([(spelled(key), spelled(item)) for key, item in value.items()])
    if type(value).__name__ in ("SecretStr", "SecretBytes"):
        secret = spelled(value.get_secret_value())
        return called(type(value), [secret.text], secret.imports)
    if isinstance(value, IPv4Address | IPv6Address):
        return called(type(value), [python_literal(str(value))])
    names = _Names()
    return Expression(source_of(value, names), tuple(names.lines))


class _Names(Names):
    """The names of the written files, for the classes of plain values."""

    def __init__(self) -> None:
        super().__init__("")
        self.lines: dict[str, None] = {}

    def of(self, module: str, name: str) -> str:
        found = NAMES.of(module, name)
        self.lines |= dict.fromkeys(found.imports)
        return found.text


def source(value: Any) -> str:
    """Return the source of a value that needs no import, such as a JSON value."""
    return spelled(value).text


def named(thing: Any) -> Expression:
    """Return how a class or function is spelled after its import.

    A generic model of pydantic is spelled with its arguments.

    Raises:
        NoSource: it stands in a function, or its module does not have it.
    """
    generic = getattr(thing, "__pydantic_generic_metadata__", None) or {}
    if generic.get("origin") is not None:
        parts = [named(generic["origin"]), *map(named, generic["args"])]
        inner = ", ".join(part.text for part in parts[1:])
        return Expression(f"{parts[0].text}[{inner}]", imports_of(parts))
    name = getattr(thing, "__qualname__", "")
    if not name or "<" in name:
        raise NoSource(f"{thing!r} cannot be imported")
    if thing.__module__ == "builtins":
        return Expression(name)
    first, dot, rest = name.partition(".")
    imported = NAMES.of(home_of(thing), first)
    return Expression(f"{imported.text}{dot}{rest}", imported.imports)


def called(
    thing: type | FunctionType | BuiltinFunctionType,
    arguments: Iterable[str],
    imports: Iterable[str] = (),
) -> Expression:
    """Return a call with arguments that are spelled already, and their imports."""
    name = named(thing)
    lines = dict.fromkeys([*name.imports, *imports])
    return Expression(f"{name.text}({', '.join(arguments)})", tuple(lines))


def collection(kind: type, items: Sequence[Expression]) -> Expression:
    """Return a list, tuple, set or frozenset of items that are spelled already."""
    return Expression(collection_of(kind, [item.text for item in items]), imports_of(items))


def mapping(pairs: Sequence[tuple[Expression, Expression]]) -> Expression:
    """Return a dict of keys and values that are spelled already."""
    text = dict_of((key.text, value.text) for key, value in pairs)
    return Expression(text, imports_of(one for pair in pairs for one in pair))


def imports_of(expressions: Iterable[Expression]) -> tuple[str, ...]:
    """Return the imports of expressions, each once."""
    return tuple(dict.fromkeys(line for one in expressions for line in one.imports))


def _member(value: Enum) -> Expression:
    name = named(type(value))
    if not value.name or not value.name.isidentifier():  # a combination of flags
        raise NoSource(f"{value!r} has no name")
    return Expression(f"{name.text}.{value.name}", name.imports)


def _power(value: int) -> str:
    """Return an end of a range of integers as a power of two; "" for another number."""
    for bits in _BITS:
        if value == 2**bits - 1:
            return f"2**{bits} - 1"
        if value == 2**bits:
            return f"2**{bits}"
        if value == -(2**bits):
            return f"-(2**{bits})"
    return ""


def evaluated(source: Expression) -> Any:
    """Return the value that a source makes: a literal, or a call of a class that it imports."""
    return eval(source.text, imported(source.imports))


def imported(lines: Iterable[str]) -> dict[str, Any]:
    """Return the names that import lines bind."""
    namespace: dict[str, Any] = {}
    exec("\n".join(lines), namespace)
    return namespace


def snake(name: str) -> str:
    """Return the name of a class as a part of the name of a test or variable."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
