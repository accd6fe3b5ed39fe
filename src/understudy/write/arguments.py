"""The arguments of a target: ordinary ones, all of them, and unusual values of their parts."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from understudy.project import parsing
from understudy.rows.table_facts import Schema
from understudy.write import asked_names
from understudy.write.shapes import (
    ABSENT,
    Chosen,
    Items,
    Leaf,
    NoValue,
    Path,
    Shape,
    all_shapes,
    builds,
    complete,
    leaves,
    settled,
)
from understudy.write.trials import Expression, Observation, Target
from understudy.write.values import Values

# The values of parameters that page through a list, for a page that is neither the first nor whole.
_PAGE = {**dict.fromkeys(("limit", "offset", "skip", "page_size", "per_page"), 1), "page": 2}


class CannotPropose(Exception):
    """No trial of a target can be proposed; the text is the reason, as a sentence."""


class Arguments:
    """Makes the arguments of a target.

    Args:
        target: the function.
        schema: the schema of the project's database.

    Attributes:
        shapes: the shape of each argument that can be written.
        least: the fewest choices: of what is required.
        full: the choices with everything that is optional.

    Raises:
        CannotPropose: no value of one of its required arguments can be written.
    """

    def __init__(self, target: Target, schema: Schema) -> None:
        self._arguments = target.arguments
        self._values = Values(schema, parsing.source_of(target.function), target.function)
        self.shapes: dict[str, Shape] = {}
        self.least: dict[Path, Any] = {}
        for argument in target.arguments:
            try:
                shape = self._values.shape(argument)
                self.least |= settled(shape)
            except NoValue as error:
                if argument.is_required:
                    raise CannotPropose(
                        f"no value for its parameter {argument.name} can be written: {error}"
                    ) from None
                continue
            self.shapes[argument.name] = shape
        self.full = self._full()

    def learn(self, observations: Iterable[Observation], schema: Schema) -> None:
        """Take names of columns for texts that the code has refused.

        What such a trial did says nothing about the code, so it is no test.
        """
        found: dict[str, Shape] = {}
        for observation in observations:
            learned = asked_names.learned(self.shapes, observation, schema, self._values)
            observation.problem = asked_names.PROBLEM if learned else observation.problem
            found |= learned
        if found:
            self.shapes |= found
            self.least = {}
            for shape in self.shapes.values():
                self.least |= settled(shape)
            self.full = self._full()

    def _full(self) -> dict[Path, Any]:
        full = dict(self.least)
        for name, shape in self.shapes.items():
            least = {path: value for path, value in full.items() if path[0] == name}
            if not shape.is_required:
                least |= {
                    leaf.path: leaf.values[0]
                    for leaf in leaves(shape)
                    if leaf.is_required or leaf is shape
                }
            full |= complete(shape, least)
        return full

    @property
    def bases(self) -> list[Chosen]:
        """The fewest choices, and all of them if these are others."""
        return [self.least, self.full] if self.full != self.least else [self.least]

    def alone(self) -> list[tuple[str, Chosen]]:
        """Return the choices that give one optional argument, with the name of each."""
        return [
            (name, self.least | {path: one for path, one in self.full.items() if path[0] == name})
            for name in self._optional()
        ]

    def without_one(self) -> list[tuple[str, Chosen]]:
        """Return the choices that give all arguments but an optional one, with its name."""
        return [
            (name, {path: value for path, value in self.full.items() if path[0] != name})
            for name in self._optional()
        ]

    def _optional(self) -> list[str]:
        """Return the names of the arguments that may be left out, without those of pages."""
        shapes = self.shapes.items()
        return [n for n, one in shapes if not one.is_required and n.lower() not in _PAGE]

    def pages(self, chosen: Chosen) -> list[Chosen]:
        """Return choices with pages that are neither the first nor as long as the list.

        What is given is changed at once. What is left out is given alone, which tells one number
        from the other.
        """
        found = dict(chosen)
        alone: list[Chosen] = []
        for shape in self.shapes.values():
            for leaf in leaves(shape):
                value = _PAGE.get(leaf.path[-1].lower())
                page = {leaf.path: value}
                if value is None or not builds(shape, found | page):
                    continue
                if leaf.path in chosen:
                    found |= page
                elif leaf is shape:
                    alone.append({**chosen, **page})
        return [found, *alone] if found != chosen else alone

    def storing(self, chosen: Chosen, old: Mapping[str, Any], new: Mapping[str, Any]) -> Chosen:
        """Return choices with which other values are stored in some columns.

        Args:
            chosen: the choices.
            old: the values that are stored, by their columns. The part that has the column's name
                and its value is taken for its source.
            new: those that are to be stored.
        """
        found = dict(chosen)
        untyped = {one.name for one in self._arguments if one.hint is inspect.Parameter.empty}
        for shape in self.shapes.values():
            for leaf in leaves(shape):
                name = leaf.path[-1]
                is_source = name in old and found.get(leaf.path, leaf.values[0]) == old[name]
                value = new.get(name)
                may_be_none = leaf.is_nullable or leaf.path[0] in untyped
                if is_source and old[name] != value and (value is not None or may_be_none):
                    change = {leaf.path: value}
                    found |= change if builds(shape, found | change) else {}
        return found

    def unusual(self, *, with_capitals: bool) -> list[tuple[Path, str, Any]]:
        """Return unusual values of parts, each with its name; those of ids come last.

        Args:
            with_capitals: whether texts in capitals are worth a trial.
        """
        found = [
            (path, name, value)
            for shape in self.shapes.values()
            for part in all_shapes(shape)
            # Of a list, only the first element varies.
            if not any(name.isdecimal() and name != "0" for name in part.path)
            for path, name, value in _unusual(part)
            if name != "in_capitals" or with_capitals
        ]
        return sorted(found, key=lambda one: _is_key(one[0]))

    def built(self, chosen: Chosen) -> dict[str, Expression] | None:
        """Return the source of the arguments; None if a class refuses the values."""
        arguments: dict[str, Expression] = {}
        for argument in self._arguments:
            shape = self.shapes.get(argument.name)
            own = any(path[0] == argument.name for path in chosen)
            if shape is None or not (argument.is_required or own):
                continue
            if chosen.get(shape.path, None) is ABSENT:
                continue
            try:
                arguments[argument.name] = shape.build(chosen).source
            except Exception:  # noqa: BLE001 # the class of an argument refuses the values
                return None
        is_given = [argument.name in arguments for argument in self._arguments]
        for at, argument in enumerate(self._arguments):
            if argument.is_positional and is_given[at] and not all(is_given[:at]):
                return None
        return arguments

    def guesses(self, arguments: dict[str, Expression]) -> tuple[str, ...]:
        """Return the names of arguments of which nothing tells the type."""
        return tuple(sorted(self._values.guesses & arguments.keys()))


def _unusual(part: Shape) -> Iterator[tuple[Path, str, Any]]:
    if part.is_nullable:
        yield part.path, "none", None
    if not part.is_required:
        yield part.path, "left_out", ABSENT
    if isinstance(part, Items) and part.kind is not tuple:
        yield part.path, "empty", 0
        yield part.path, "single", 1
    elif isinstance(part, Leaf):
        for name, value in part.boundaries:
            yield part.path, name, value


def _is_key(path: Path) -> bool:
    """Return whether a part is probably an id, whose unusual values show little."""
    return path[-1].lower().split("_")[-1] in ("id", "ids", "uuid", "pk")
