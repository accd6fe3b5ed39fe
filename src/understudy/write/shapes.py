"""The shape of an argument: what it consists of, and how it is built and spelled.

What a trial varies are the parts of an argument, such as `dto.email`. They are named by a path:
("dto", "email").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from understudy.project.python_values import NoSource
from understudy.script.formatting import python_literal
from understudy.write.guard import Refused, limited
from understudy.write.spelling import collection, imports_of, mapping, named, spelled
from understudy.write.trials import Expression

Path: TypeAlias = tuple[str, ...]
# The values of parts; an optional part is left out unless it is here. Of a list, its length.
Chosen: TypeAlias = Mapping[Path, Any]
_MOST_ATTEMPTS = 60
_MOST_KINDS = 4  # values of a part that are tried for the sake of another


class NoValue(Exception):
    """No value of a type can be written; the text says why, as the end of a sentence."""


class Absent(Enum):
    """What is chosen for a part that is left out."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True)
class Built:
    """A value, and its source."""

    value: Any
    source: Expression


@dataclass(frozen=True)
class Leaf:
    """A value without parts.

    Attributes:
        path: its name.
        values: ordinary ones, the best first; all of them are accepted by its type.
        boundaries: the unusual ones, each after its name: ("empty", "").
        is_required: whether it has no default.
        is_nullable: whether it may be None.
    """

    path: Path
    values: Sequence[Any]
    boundaries: Sequence[tuple[str, Any]] = ()
    is_required: bool = True
    is_nullable: bool = False

    def build(self, chosen: Chosen) -> Built:
        """Build it from the values of its parts."""
        value = chosen.get(self.path, self.values[0])
        return Built(value, spelled(value))


@dataclass(frozen=True)
class Field:
    """A field of a record.

    Attributes:
        keyword: the name of its argument or key.
        shape: its shape.
    """

    keyword: str
    shape: Shape


@dataclass(frozen=True)
class Record:
    """A value with named parts.

    Attributes:
        path, is_required, is_nullable: as those of a leaf.
        make: the class.
        fields: its fields.
        is_dict: whether it is spelled as a dictionary.
    """

    path: Path
    make: Any
    fields: Sequence[Field]
    is_required: bool = True
    is_nullable: bool = False
    is_dict: bool = False

    def build(self, chosen: Chosen) -> Built:
        """Build it from the values of its parts.

        Raises:
            Refused: the class does what a trial does not do.
            Exception: what the class raises if it does not take them.
        """
        if chosen.get(self.path, ABSENT) is None:
            return Built(None, Expression("None"))
        parts = {one.keyword: one.shape for one in self.fields if is_given(one.shape, chosen)}
        built = {keyword: shape.build(chosen) for keyword, shape in parts.items()}
        values = {keyword: part.value for keyword, part in built.items()}
        imports = imports_of(part.source for part in built.values())
        if self.is_dict:
            return Built(values, mapping([(spelled(k), one.source) for k, one in built.items()]))
        name = named(self.make)
        given = ", ".join(
            f"{keyword}={part.source.text}"
            if keyword.isidentifier()
            else f"**{{{python_literal(keyword)}: {part.source.text}}}"
            for keyword, part in built.items()
        )
        lines = tuple(dict.fromkeys([*name.imports, *imports]))
        with limited():
            made = self.make(**values)
        return Built(made, Expression(f"{name.text}({given})", lines))


@dataclass(frozen=True)
class Items:
    """A list, tuple or set of records.

    Attributes:
        path, is_required, is_nullable: as those of a leaf.
        items: the shapes of its elements, as many as it has at most.
        kind: its class.
    """

    path: Path
    items: Sequence[Shape]
    kind: type[Any] = list
    is_required: bool = True
    is_nullable: bool = False

    def build(self, chosen: Chosen) -> Built:
        """Build it from the values of its parts."""
        count = chosen.get(self.path, len(self.items))
        if count is None:
            return Built(None, Expression("None"))
        built = [item.build(chosen) for item in self.items[:count]]
        values = self.kind(part.value for part in built)
        return Built(values, collection(self.kind, [part.source for part in built]))


Shape: TypeAlias = Leaf | Record | Items


def is_given(shape: Shape, chosen: Chosen) -> bool:
    """Return whether a part is passed: unless it is optional and not chosen."""
    if shape.path in chosen:
        return chosen[shape.path] is not ABSENT
    return shape.is_required or any(path[: len(shape.path)] == shape.path for path in chosen)


def leaves(shape: Shape) -> Iterator[Leaf]:
    """Yield the parts that have no parts."""
    if isinstance(shape, Leaf):
        yield shape
    for part in parts_of(shape):
        yield from leaves(part)


def parts_of(shape: Shape) -> Sequence[Shape]:
    """Return the parts of a shape."""
    if isinstance(shape, Record):
        return [one.shape for one in shape.fields]
    return shape.items if isinstance(shape, Items) else ()


def all_shapes(shape: Shape) -> Iterator[Shape]:
    """Yield a shape and every part of it."""
    yield shape
    for part in parts_of(shape):
        yield from all_shapes(part)


def builds(shape: Shape, chosen: Chosen) -> bool:
    """Return whether a value is accepted by its own class."""
    try:
        shape.build(chosen)
    except Exception:  # noqa: BLE001 # a class refuses its arguments in any way it likes
        return False
    return True


def settled(shape: Shape) -> dict[Path, Any]:
    """Return the fewest choices with which a shape can be built.

    Raises:
        NoValue: none were found.
    """
    parts = [part for part in parts_of(shape) if part.is_required]
    first = {path: value for part in parts for path, value in settled(part).items()}
    waiting: list[dict[Path, Any]] = [first]
    seen: list[dict[Path, Any]] = []
    reason = ""
    while waiting and len(seen) < _MOST_ATTEMPTS:
        chosen = waiting.pop(0)
        if chosen in seen:
            continue
        seen.append(chosen)
        try:
            shape.build(chosen)
        except (NoSource, Refused) as error:
            raise NoValue(str(error)) from None
        except Exception as error:  # noqa: BLE001 # a class refuses its arguments in any way
            reason = reason or f"{type(error).__name__}: {error}".replace("\n", " ")
            refused = _refused(error)
            found = [leaf for leaf in leaves(shape) if refused & set(leaf.path)]
            waiting += [
                chosen | {leaf.path: value}
                for leaf in (found or list(leaves(shape)))
                for value in [*leaf.values, *([ABSENT] if not leaf.is_required else [])]
                if chosen.get(leaf.path, leaf.values[0] if leaf.is_required else ABSENT)
                is not value
            ]
        else:
            return chosen
    raise NoValue(f"no values were found that it takes ({reason})")


def complete(shape: Shape, least: Chosen) -> dict[Path, Any]:
    """Return choices that pass every optional part too, as far as the class takes them."""
    chosen = dict(least)
    for part in all_shapes(shape):
        if part.is_required or part.path in chosen or not part.path[1:]:
            continue
        more = {leaf.path: leaf.values[0] for leaf in leaves(part) if leaf.is_required}
        if isinstance(part, Leaf):
            more = {part.path: part.values[0]}
        elif isinstance(part, Items):
            more |= {part.path: len(part.items)}
        # One optional part may demand another kind of the whole.
        kinds = [{}, *({one.path: v} for one in leaves(shape) for v in one.values[1:_MOST_KINDS])]
        found = (kind | more for kind in kinds if more and builds(shape, chosen | kind | more))
        chosen |= next(found, {})
    return chosen


def _refused(error: Exception) -> set[str]:
    """Return the names of the fields that pydantic refuses; none if it tells none."""
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return set()
    return {str(name) for one in errors() for name in one["loc"]} - {"__root__"}
