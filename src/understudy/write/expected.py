"""What a value was in all observations of a trial, and how that is spelled."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from understudy.project.python_values import NoSource
from understudy.script.formatting import python_literal
from understudy.write import fingerprint
from understudy.write.spelling import ANY, called, collection, imports_of, mapping, spelled
from understudy.write.trials import Expression

_DEEPEST = 6
Hole = Callable[["Varying"], Expression]


@dataclass(frozen=True)
class Same:
    """A value that was the same in all observations."""

    value: Any
    source: Expression


@dataclass(frozen=True)
class Varying:
    """A value that differed, or that has no source; `values` are those of the observations."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Fields:
    """A value with named parts: a dict, a model, a row, an object of an ORM.

    Attributes:
        value: the value in the first observation.
        parts: what each part was.
        is_partial: whether some parts are left out.
        inner: those parts that `flattened` has put their own parts in the place of.
    """

    value: Any
    parts: Mapping[str, Expected]
    is_partial: bool = False
    inner: Mapping[str, Fields] = field(default_factory=dict)

    @property
    def is_dict(self) -> bool:
        """Whether it equals a dict."""
        return isinstance(self.value, dict)

    @property
    def is_record(self) -> bool:
        """Whether `dict(value)` is what it has, as of a record of asyncpg."""
        kind = type(self.value)
        return not self.is_dict and hasattr(kind, "keys") and hasattr(kind, "__getitem__")

    @property
    def is_row(self) -> bool:
        """Whether it equals a tuple: a namedtuple, or a row of SQLAlchemy."""
        return hasattr(self.value, "_asdict") or hasattr(self.value, "_mapping")

    def access(self, variable: str, name: str) -> str:
        """Return the source of a part."""
        outer, _, rest = name.partition(".")
        if rest and outer in self.inner:
            return self.inner[outer].access(self.access(variable, outer), rest)
        if self.is_dict or self.is_record:
            return f"{variable}[{python_literal(name)}]"
        return f"{variable}.{name}"


@dataclass(frozen=True)
class Items:
    """A list, tuple or set.

    Attributes:
        value: it, in the first observation.
        parts: its items.
        is_ordered: whether their order was the same in all observations.
    """

    value: Any
    parts: tuple[Expected, ...]
    is_ordered: bool = True


Expected = Same | Varying | Fields | Items


def expected(values: Sequence[Any], depth: int = 0) -> Expected:
    """Return what a value was in all observations.

    Args:
        values: the value in each observation.
        depth: how deep it is in the answer.
    """
    first = values[0]
    if depth > _DEEPEST or any(type(value) is not type(first) for value in values):
        return Varying(tuple(values))
    has_names = hasattr(first, "_asdict") or hasattr(first, "_mapping")
    if isinstance(first, list | tuple | set | frozenset) and not has_names:
        return _items(values, depth)
    fields = [None if isinstance(value, str) else fingerprint.fields_of(value) for value in values]
    if fields[0] is not None:
        if any(found is None or set(found) != set(fields[0]) for found in fields):
            return Varying(tuple(values))
        parts = {
            str(name): expected([found[name] for found in fields if found is not None], depth + 1)
            for name in _ordered(first, fields[0])
        }
        return Fields(first, parts)
    plain = fingerprint.plain(first)
    is_same = all(fingerprint.plain(value) == plain for value in values)
    return _one(values, is_same and not fingerprint.is_today(first))


def _one(values: Sequence[Any], is_same: bool) -> Expected:
    """Return a value that is taken as a whole."""
    try:
        return Same(values[0], spelled(values[0])) if is_same else Varying(tuple(values))
    except NoSource:
        return Varying(tuple(values))


def _ordered(value: Any, fields: Mapping[str, Any]) -> list[str]:
    """Return the names of fields; those of an ORM's object in the order of its columns."""
    mapper = getattr(type(value), "__mapper__", None)
    known = [] if mapper is None else [key for key in mapper.columns.keys() if key in fields]  # noqa: SIM118 - no dict
    return list(dict.fromkeys([*known, *fields]))


def _items(values: Sequence[Any], depth: int) -> Expected:
    first = values[0]
    if isinstance(first, set | frozenset):
        return _one(values, all(value == first for value in values))
    if any(len(value) != len(first) for value in values):
        return Varying(tuple(values))
    if not first:
        return Items(first, ())
    own = fingerprint.plain(first)
    orders = [fingerprint.order(own, fingerprint.plain(value)) for value in values]
    columns = zip(
        *([value[at] for at in order] for value, order in zip(values, orders, strict=True)),
        strict=True,
    )
    parts = tuple(expected(list(column), depth + 1) for column in columns)
    return Items(first, parts, is_ordered=all(order == sorted(order) for order in orders))


def of_fields(part: Expected, names: Set[str]) -> Expected:
    """Return a value with these fields alone, of it or of its items."""
    if isinstance(part, Items):
        return replace(part, parts=tuple(of_fields(item, names) for item in part.parts))
    if isinstance(part, Fields):
        parts = {name: inner for name, inner in part.parts.items() if name in names}
        return replace(part, parts=parts, is_partial=len(parts) < len(part.parts))
    return part


def flattened(part: Items) -> Items:
    """Return a list with the parts of its items' parts: `Hotel.id` for a row with a Hotel."""
    return replace(part, parts=tuple(map(_flat, part.parts)))


def _flat(part: Expected) -> Expected:
    if not isinstance(part, Fields):
        return part
    inner = {name: one for name, one in part.parts.items() if isinstance(one, Fields)}
    parts: dict[str, Expected] = {}
    for name, one in part.parts.items():
        if isinstance(one, Fields):
            parts |= {f"{name}.{key}": value for key, value in one.parts.items()}
        else:
            parts[name] = one
    return replace(part, parts=parts, inner=inner)


def anything(_part: Varying) -> Expression:
    """Return ANY for what varies."""
    return ANY


def refuse(part: Varying) -> Expression:
    """Refuse what varies.

    Raises:
        NoSource: always.
    """
    raise NoSource(f"{part.values[0]!r} varies")


def whole(part: Expected, hole: Hole = refuse, *, is_plain: bool = False) -> Expression:
    """Return the source of what equals a value.

    Args:
        part: the value.
        hole: returns what stands for a part that varies.
        is_plain: whether models are dicts, as `model_dump` returns them.

    Raises:
        NoSource: there is none.
    """
    if isinstance(part, Same):
        return part.source
    if isinstance(part, Varying):
        return hole(part)
    if isinstance(part, Items):
        if not part.is_ordered:
            raise NoSource("the order varies")
        inner = [whole(item, hole, is_plain=is_plain) for item in part.parts]
        return collection(tuple if isinstance(part.value, tuple) else list, inner)
    if part.is_partial:
        raise NoSource("parts are left out")
    names = list(part.parts)
    inner = [whole(part.parts[name], hole, is_plain=is_plain) for name in names]
    if part.is_row:
        return collection(tuple, inner)
    if part.is_dict or part.is_record or is_plain:
        return mapping([(_key(part, name), one) for name, one in zip(names, inner, strict=True)])
    return _constructed(part, names, inner)


def _key(part: Fields, name: str) -> Expression:
    """Return the source of a key, which in a dict need not be a string."""
    if not part.is_dict:
        return spelled(name)
    return spelled(next(key for key in part.value if str(key) == name))


def _constructed(part: Fields, names: Sequence[str], parts: Sequence[Expression]) -> Expression:
    """Return the call that makes a model or a dataclass; its defaults are left out."""
    kind = type(part.value)
    if hasattr(part.value, "_sa_instance_state"):
        raise NoSource("objects of an ORM are compared by identity")
    defaults = _defaults(kind)
    given = [
        f"{name}={one.text}"
        for name, one in zip(names, parts, strict=True)
        if not (name in defaults and _is_default(part.parts[name], defaults[name]))
    ]
    return called(kind, given, imports_of(parts))


def _defaults(kind: type) -> dict[str, Any]:
    if hasattr(kind, "model_fields"):
        return {name: field.default for name, field in kind.model_fields.items()}
    if hasattr(kind, "__fields__"):
        return {name: field.default for name, field in kind.__fields__.items()}
    if dataclasses.is_dataclass(kind):
        return {field.name: field.default for field in dataclasses.fields(kind)}
    return {}


def _is_default(part: Expected, default: Any) -> bool:
    if not isinstance(part, Same) or type(part.value) is not type(default):
        return False
    return bool(part.value == default)
