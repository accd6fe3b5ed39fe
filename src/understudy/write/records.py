"""The fields of classes that carry data: dataclasses, models of pydantic and SQLAlchemy, attrs."""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from understudy.write import hints
from understudy.write.type_hints import Limits, limits_of


class FieldFacts(NamedTuple):
    """A field of a class.

    Attributes:
        name: its name.
        keyword: the name of the argument that sets it.
        hint: its type.
        limits: what else it demands.
        is_required: whether it has no default.
    """

    name: str
    keyword: str
    hint: Any
    limits: Limits = Limits()
    is_required: bool = True


class Fields(NamedTuple):
    """The fields that an instance is built from, and whether it is a dictionary."""

    fields: Sequence[FieldFacts]
    is_dict: bool = False


def fields_of(cls: Any) -> Fields | None:
    """Return the fields of a class that carries data; None for another class."""
    origin = typing.get_origin(cls)
    if origin is not None and isinstance(origin, type) and dataclasses.is_dataclass(origin):
        cls = origin
    if not isinstance(cls, type):
        return None
    if issubclass(cls, dict) and hasattr(cls, "__required_keys__"):
        return Fields(list(_of_typed_dict(cls)), True)
    for holds, read in _READERS:
        if holds(cls):
            return Fields(list(read(cls)))
    return None


def _of_typed_dict(cls: Any) -> Iterator[FieldFacts]:
    for name, hint in hints.known(cls, extras=True).items():
        required = name in cls.__required_keys__
        # What strings say, a TypedDict does not know.
        if getattr(typing.get_origin(hint), "_name", "") in ("Required", "NotRequired"):
            required = typing.get_origin(hint)._name == "Required"
            (hint,) = typing.get_args(hint)
        yield FieldFacts(name, name, hint, Limits(), required)


def _of_dataclass(cls: Any) -> Iterator[FieldFacts]:
    known = hints.known(cls, extras=True)
    missing = dataclasses.MISSING
    for field in dataclasses.fields(cls):
        if field.init:
            required = field.default is missing and field.default_factory is missing
            hint = known.get(field.name, field.type)
            yield FieldFacts(field.name, field.name, hint, Limits(), required)


def _of_named_tuple(cls: Any) -> Iterator[FieldFacts]:
    known = hints.known(cls, extras=True)
    for name in cls._fields:
        required = name not in cls._field_defaults
        yield FieldFacts(name, name, known.get(name, Any), Limits(), required)


def _of_attrs(cls: Any) -> Iterator[FieldFacts]:
    known = hints.known(cls, extras=True)
    for field in cls.__attrs_attrs__:
        if field.init:
            keyword = getattr(field, "alias", None) or field.name.lstrip("_")
            required = (
                type(field.default).__name__ == "_Nothing" or repr(field.default) == "NOTHING"
            )
            hint = known.get(field.name, field.type or Any)
            yield FieldFacts(field.name, keyword, hint, Limits(), required)


def _of_pydantic(cls: Any) -> Iterator[FieldFacts]:
    if not getattr(cls, "__pydantic_complete__", True):
        cls.model_rebuild(raise_errors=False)  # a field names a class that was defined later
    config = cls.model_config
    by_name = any(config.get(key) for key in ("populate_by_name", "validate_by_name"))
    for name, field in cls.model_fields.items():
        alias = field.validation_alias or field.alias
        if hasattr(alias, "choices"):
            alias = alias.choices[0]
        keyword = name if by_name or not isinstance(alias, str) else alias
        if getattr(field, "init", None) is not False:
            hint, limits = field.annotation, limits_of(field.metadata, Limits())
            yield FieldFacts(name, keyword, hint, limits, field.is_required())


def _of_pydantic_1(cls: Any) -> Iterator[FieldFacts]:
    by_name = cls.__config__.allow_population_by_field_name
    for name, field in cls.__fields__.items():
        hint = field.outer_type_
        things = [field.field_info, *([hint] if isinstance(hint, type) else [])]
        if field.allow_none:
            hint = typing.Optional[hint]  # noqa: UP045 # the hint is known at run time only
        keyword = name if by_name else field.alias
        yield FieldFacts(name, keyword, hint, limits_of(things, Limits()), bool(field.required))


def _of_sqlalchemy(cls: Any) -> Iterator[FieldFacts]:
    sqlalchemy = sys.modules["sqlalchemy"]
    for key, column in sqlalchemy.inspect(cls).columns.items():
        if not isinstance(column, sqlalchemy.Column):
            continue  # of a column_property, which only queries fill
        is_serial = column.primary_key and column.autoincrement in (True, "auto")
        try:
            hint = getattr(column.type, "enum_class", None) or column.type.python_type
        except NotImplementedError:  # a type of a dialect
            hint = Any
        is_number = is_serial and hint is int and not column.foreign_keys
        has_default = column.default is not None or column.server_default is not None
        required = not (column.nullable or has_default or is_number)
        length = getattr(column.type, "length", None)
        limits = Limits(longest=length if isinstance(length, int) else None)
        yield FieldFacts(key, key, hint, limits, required)


def _has(name: str) -> Callable[[Any], bool]:
    return lambda cls: hasattr(cls, name)


_READERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Iterator[FieldFacts]]], ...] = (
    (_has("model_fields"), _of_pydantic),
    (_has("__mapper__"), _of_sqlalchemy),
    (lambda cls: hasattr(cls, "__fields__") and hasattr(cls, "__config__"), _of_pydantic_1),
    (dataclasses.is_dataclass, _of_dataclass),
    (_has("__attrs_attrs__"), _of_attrs),
    (lambda cls: issubclass(cls, tuple) and hasattr(cls, "_fields"), _of_named_tuple),
)
