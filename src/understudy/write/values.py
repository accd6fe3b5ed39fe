"""The values to try for a parameter: an ordinary one and those at its boundaries."""

from __future__ import annotations

import datetime as dt
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from understudy.rows.table_facts import Column, Schema, Table
from understudy.write import column_values, error_values, type_hints
from understudy.write.records import Fields, fields_of
from understudy.write.shapes import Field, Items, Leaf, NoValue, Path, Record, Shape
from understudy.write.trials import Argument
from understudy.write.type_hints import Limits

_DEEPEST = 4  # records in records
_STEP = 100  # between the ids of two parameters
_IDS = ("id", "ids", "pk", "uid")
# The ordinary values of parameters that page through a list.
_PAGING = {
    **dict.fromkeys(("limit", "page_size", "per_page", "size", "count", "take"), 10),
    **dict.fromkeys(("page", "page_number"), 1),
    **dict.fromkeys(("offset", "skip"), 0),
}
# Parts of a date: an app may make one of them.
_DATE_PARTS = {"year": 2026, "month": 3, "day": 15, "hour": 9}
_NUMBERS = ("age", "amount", "days", "number", "position", "price", "quantity", "total")


class _Part(NamedTuple):
    """A part of an argument whose shape is wanted; see `shapes.Leaf`."""

    path: Path
    limits: Limits = Limits()
    is_required: bool = True
    is_nullable: bool = False

    @property
    def flags(self) -> tuple[bool, bool]:
        """Whether it is required, and whether it may be None."""
        return self.is_required, self.is_nullable

    @property
    def name(self) -> str:
        """Its name in messages."""
        return ".".join(self.path)


@dataclass
class Values:
    """Makes the shapes of a function's arguments, so that no two parts have the same value.

    Attributes:
        schema: the schema, whose columns tell what a part with their name may be.
        source: the source of the function: tables that it names are preferred.
        function: the function: exceptions that it tells apart are preferred.
        guesses: the arguments with a part whose type nothing says.
    """

    schema: Schema
    source: str = ""
    function: Callable[..., Any] | None = None
    guesses: set[str] = field(default_factory=set)
    _taken: list[Any] = field(default_factory=list)
    _ids: int = 0

    def shape(self, argument: Argument) -> Shape:
        """Return the shape of an argument.

        Raises:
            NoValue: no value of its type can be written.
        """
        hint = argument.hint
        if hint is inspect.Parameter.empty and argument.default not in (
            None,
            inspect.Parameter.empty,
        ):
            hint = type(argument.default)
        return self._of(hint, _Part((argument.name,), is_required=argument.is_required))

    def _of(self, hint: Any, part: _Part) -> Shape:
        if len(part.path) > _DEEPEST:
            raise NoValue(f"{part.name} is nested too deeply")
        hint, limits = type_hints.unwrapped(hint, part.limits)
        members, has_none = type_hints.members(hint)
        part = part._replace(limits=limits, is_nullable=part.is_nullable or has_none)
        if len(members) > 1:
            return self._first_of(members, part)
        hint, limits = type_hints.unwrapped(members[0] if members else None, limits)
        part = part._replace(limits=limits)
        if type_hints.members(hint)[0] != [hint] and hint is not None:
            return self._of(hint, part)
        if hint in (None, type(None)):
            return Leaf(part.path, [None], (), part.is_required, True)
        if hint == tuple[()]:
            return Leaf(part.path, [()], (), *part.flags)
        if error_values.is_error(hint):
            return self._error(hint, part)
        fields = fields_of(hint)
        if fields is not None:
            return self._record(hint, fields, part)
        origin, arguments = type_hints.collection(hint)
        if origin is dict and (keys := self._keys(part.path[-1])):
            return self._dict_of(keys, arguments, part)
        if origin is dict:
            return Leaf(part.path, [self._dict(arguments, part.path)], [("empty", {})], *part.flags)
        if origin is not None:
            return self._items(origin, arguments, part)
        return self._leaf(hint, part)

    def _first_of(self, members: Sequence[Any], part: _Part) -> Shape:
        """Return the first member of a union of which a value can be written."""
        reasons = []
        for member in members:
            try:
                return self._of(member, part)
            except NoValue as error:
                reasons.append(str(error))
        raise NoValue("; ".join(reasons))

    def _error(self, hint: Any, part: _Part) -> Shape:
        found = [*error_values.examples(hint, self.function)]
        if not found:
            raise NoValue(f"no value of {hint.__name__} can be written for {part.name}")
        boundaries = [(one.name, one) for one in found[1:]]
        return error_values.ErrorLeaf(part.path, found, boundaries, *part.flags)

    def _record(self, hint: Any, fields: Fields, part: _Part) -> Shape:
        found: list[Field] = []
        for one in fields.fields:
            try:
                inner = _Part((*part.path, one.name), one.limits, one.is_required)
                shape = self._of(one.hint, inner)
            except NoValue:
                if one.is_required:
                    raise
                continue
            found.append(Field(one.keyword, shape))
        return Record(part.path, hint, found, *part.flags, fields.is_dict)

    def _items(self, origin: Any, arguments: Sequence[Any], part: _Part) -> Shape:
        path, limits = part.path, part.limits
        if not arguments:
            self.guesses.add(path[0])
        inner = [argument for argument in arguments if argument is not ...] or [str]
        each = inner if origin is tuple and ... not in arguments and arguments else inner[:1] * 2
        if origin is not tuple and limits.longest is not None:
            each = each[: limits.longest]
        shapes = [self._of(hint, _Part((*path, str(n)))) for n, hint in enumerate(each)]
        leaves = [shape for shape in shapes if isinstance(shape, Leaf)]
        if len(leaves) < len(shapes) or not leaves:
            return Items(path, shapes, origin, *part.flags)
        whole = origin(leaf.values[0] for leaf in leaves)
        is_empty_allowed = not limits.shortest and not (origin is tuple and ... not in arguments)
        boundaries = [("empty", origin())] if is_empty_allowed else []
        if is_empty_allowed and leaves:
            boundaries.append(("single", origin([leaves[0].values[0]])))
        return Leaf(path, [whole], boundaries, *part.flags)

    def _keys(self, name: str) -> dict[str, bool]:
        """Return the keys that the source reads of a dictionary, and which it must have."""
        read = re.findall(rf'\b{name}\[["\'](\w+)["\']\](?!\s*=[^=])', self.source)
        asked = re.findall(rf'\b{name}\.(?:get|pop)\(\s*["\'](\w+)["\']', self.source)
        asked += re.findall(rf'["\'](\w+)["\'] (?:not )?in {name}\b', self.source)
        return {key: key not in asked for key in [*read, *asked]}

    def _dict_of(self, keys: Mapping[str, bool], arguments: Sequence[Any], part: _Part) -> Shape:
        hint = arguments[1] if len(arguments) == 2 else Any
        fields = [
            Field(key, self._of(hint, _Part((*part.path, key), is_required=needed)))
            for key, needed in keys.items()
        ]
        return Record(part.path, dict, fields, *part.flags, is_dict=True)

    def dictionary(self, shape: Shape, columns: Mapping[str, tuple[type, bool]]) -> Shape:
        """Return the shape of a dictionary of columns.

        Args:
            shape: that of the argument so far.
            columns: the class of each column's values, and whether it is required.
        """
        fields = [
            Field(name, self._of(kind, _Part((*shape.path, name), is_required=is_required)))
            for name, (kind, is_required) in columns.items()
        ]
        return Record(shape.path, dict, fields, shape.is_required, shape.is_nullable, is_dict=True)

    def _dict(self, arguments: Sequence[Any], path: Path) -> Any:
        kinds = arguments if len(arguments) == 2 else (Any, Any)
        key: Any = "key"
        try:
            if kinds[0] not in (str, Any):
                key = self._of(kinds[0], _Part((*path, "key"))).build({}).value
            shape = self._of(kinds[1], _Part((*path, "key")))
        except NoValue:
            return {}
        return {key: shape.build({}).value}

    # Values without parts -------------------------------------------------------------------------

    def _leaf(self, hint: Any, part: _Part) -> Shape:
        path, limits = part.path, part.limits
        column = self._column(path)
        literals = type_hints.literals(hint)
        if literals:
            values, boundaries = literals, [(str(one), one) for one in literals[1:]]
        elif isinstance(hint, type) and issubclass(hint, Enum):
            values = list(hint)
            boundaries = [(one.name.lower(), one) for one in values[1:]]
        else:
            kind = type_hints.plain_type(hint) or self._guessed(hint, path, column)
            values = self._ordinary(kind, path, limits, column)
            if column is not None and kind in (int, float, Decimal):
                values = column_values.within(values, self.schema, *column)
            boundaries = self._boundaries(kind, limits, column, values)
        accepted = type_hints.checker(hint, limits)
        values = [value for value in values if accepted(value)]
        if not values:
            raise NoValue(f"no value is known that {part.name} takes")
        self._taken += values[:1]
        boundaries = [(name, value) for name, value in boundaries if accepted(value)]
        wrap = type_hints.wrapper(hint)
        return Leaf(
            path,
            [wrap(value) for value in values],
            [(name, wrap(value)) for name, value in boundaries],
            *part.flags,
        )

    def _guessed(self, hint: Any, path: Path, column: tuple[Table, Column] | None) -> type:
        """Return the class of a value whose hint says none.

        Raises:
            NoValue: the hint is a class of which no value can be written.
        """
        if hint not in (Any, object, inspect.Parameter.empty):
            name = getattr(hint, "__qualname__", None) or str(hint)
            raise NoValue(f"no value of {name} can be written for {'.'.join(path)}")
        if column is not None:
            return column_values.python_type(self.schema, column[1]) or str
        self.guesses.add(path[0])
        last = path[-1].lower().rstrip("_").split("_")[-1]  # `id_` is an id
        if last in ("at", "date"):
            return dt.datetime if last == "at" else dt.date
        return int if last in (*_IDS, *_DATE_PARTS, *_NUMBERS) or path[-1] in _PAGING else str

    def _ordinary(
        self, kind: type, path: Path, limits: Limits, column: tuple[Table, Column] | None
    ) -> list[Any]:
        name = _name(path)
        if kind is bool:
            return [True, False]
        if kind is int:
            return self._integers(path, name, limits, column)
        if kind in (float, Decimal):
            least = kind(limits.least + 1) if limits.least is not None else kind("10.50")
            most = least if limits.most is None else kind(limits.most)
            return self._unused([kind("10.50"), least, most, kind(1)])
        if kind is str:
            key = self._key(column) if not limits.pattern else ""
            return [key] if key else self._unused(self._texts(name, limits, column))
        found = [column_values.plain(kind, number) for number in range(6)]
        if issubclass(kind, dt.date):  # one that is in the past or in the future
            found += [value.replace(year=year) for value in found[:1] for year in (2000, 2099)]
        if kind is dt.datetime:
            aware = [value.replace(tzinfo=dt.UTC) for value in found]
            is_aware = column is None or column[1].type.name != "timestamp"
            found = aware + found if is_aware else found + aware
        if kind is dict:
            found.append({})
        return self._unused([value for value in found if value is not None])

    def _integers(
        self, path: Path, name: str, limits: Limits, column: tuple[Table, Column] | None
    ) -> list[Any]:
        words = name.lower().rstrip("_").split("_")
        if name.lower() in _PAGING:
            found = [_PAGING[name.lower()]]
        elif words[-1] in _IDS or (column and column_values.is_key(column[0], column[1].name)):
            found = [column_values.FIRST_ID + _STEP * self._ids]
            if path[-1].isdecimal() and self._taken and type(self._taken[-1]) is int:
                found = [self._taken[-1] + 1]
            else:
                self._ids += 1
        elif words[-1] in _DATE_PARTS:
            found = [_DATE_PARTS[words[-1]]]
        else:
            found = [column_values.plain(int, number) for number in range(12)]
        ends = [limit for limit in (limits.least, limits.most) if limit is not None]
        return self._unused([*found, *(int(end) for end in ends), 1, 2])

    def _key(self, column: tuple[Table, Column] | None) -> str:
        """Return the text of a key that is no text in the database; "" for a text."""
        kind = None if column is None else column_values.python_type(self.schema, column[1])
        is_key = column is not None and column[1].name.lower().split("_")[-1] in (*_IDS, "uuid")
        if kind not in (int, UUID) or not is_key:
            return ""
        number = column_values.FIRST_ID + _STEP * self._ids
        self._ids += 1
        return str(number if kind is int else UUID(int=number))

    def _texts(
        self, name: str, limits: Limits, column: tuple[Table, Column] | None
    ) -> Iterable[str]:
        if column is not None:
            yield from column_values.choices(self.schema, *column)
        longest = limits.longest
        if column is not None and longest is None:
            longest = column_values.length(column[1])
        for number in range(8):
            found = column_values.text(name, number, longest)
            yield found + "x" * ((limits.shortest or 0) - len(found))
        if limits.pattern:
            for number in range(4):
                matching = column_values.matching(limits.pattern.replace("\\Z", "$"), number)
                if matching:
                    yield matching
                    yield matching * -(-(limits.shortest or 1) // len(matching))
        yield from column_values.known_texts(name)

    def _unused(self, values: Iterable[Any]) -> list[Any]:
        """Return values, those that another part has at the end."""
        each = list({repr(value): value for value in values}.values())
        taken = {repr(value) for value in self._taken}
        return sorted(each, key=lambda value: repr(value) in taken)

    def _boundaries(
        self,
        kind: type,
        limits: Limits,
        column: tuple[Table, Column] | None,
        ordinary: Sequence[Any],
    ) -> list[tuple[str, Any]]:
        if kind is bool:
            return [("false", False)]
        if kind is int:
            most = column_values.largest(column[1]) if column else None
            most = int(limits.most) if limits.most is not None else most
            least = None if limits.least is None else int(limits.least)
            return _named(zero=0, negative=-1, one=1, smallest=least, largest=most)
        if kind in (float, Decimal):
            return _named(
                zero=kind(0), negative=kind(-1), largest=limits.most and kind(limits.most)
            )
        if kind is str:
            longest = limits.longest
            if longest is None and column is not None:
                longest = column_values.length(column[1])
            found = _named(empty="", longest=None if longest is None else "a" * longest)
            listed = column_values.choices(self.schema, *column) if column else ()
            found += [(choice, choice) for choice in listed[1:]]
            text = ordinary[0] if ordinary else ""
            return [*found, ("in_capitals", text.upper())] if text.upper() != text else found
        return [("empty", kind())] if kind in (bytes, dict) else []

    def _column(self, path: Path) -> tuple[Table, Column] | None:
        """Return the column with the name of a part: of a table that the source names if any is."""
        name = _name(path)
        # That of `new_expires_at` and `user_ids` is expires_at and user_id.
        names = {name, name.removeprefix("new_"), name[:-1] if name.endswith("_ids") else name}
        found = [
            (table, column)
            for table in self.schema.tables.values()
            for column in table.columns
            if column.name in names
        ]
        words = set(self.source.replace('"', " ").replace(".", " ").split())
        return min(found, key=lambda pair: pair[0].table not in words, default=None)


def _name(path: Path) -> str:
    """Return the name of a part: that of the list for an element of it."""
    return next((name for name in reversed(path) if not name.isdecimal()), "")


def _named(**values: Any) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in values.items() if value is not None]
