"""The bodies of several responses as one body, in which a variable stands for what differs."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.write.spelling import source
from understudy.write.trials import Expression

_MOST = 3  # variables
_KINDS = {str: "str", int: "int", bool: "bool"}
_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class SharedBody:
    """A body with variables.

    Attributes:
        text: its source.
        variables: each variable with its type.
        columns: the source of each variable's values, one for each body.
    """

    text: str
    variables: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, ...], ...]


def shared(bodies: Sequence[Any], taken: Collection[str]) -> SharedBody | None:
    """Return what bodies have in common; None if too much differs, or there is no name for it.

    Args:
        bodies: the bodies, as JSON values.
        taken: names that are no name of a variable.
    """
    places = [*_differing(bodies)]
    names = [next((key for key in reversed(path) if isinstance(key, str)), "") for path in places]
    names = [re.sub(r"\W+", "_", name) for name in names]
    is_named = all(
        name.isidentifier()
        and not keyword.iskeyword(name)
        and name not in taken
        and not hasattr(builtins, name)
        for name in names
    )
    if not places or () in places or len(places) > _MOST:
        return None
    if not is_named or len({*names}) < len(names):
        return None
    values = [[_at(body, path) for body in bodies] for path in places]
    whole = _with_names(bodies[0], dict(zip(places, names, strict=True)))
    return SharedBody(
        source(whole),
        tuple((name, _kind(column)) for name, column in zip(names, values, strict=True)),
        tuple(tuple(map(source, column)) for column in values),
    )


def _differing(bodies: Sequence[Any], path: _Path = ()) -> Iterator[_Path]:
    """Yield the places at which bodies differ, as deep as they are alike around them."""
    first = bodies[0]
    if all(body == first and type(body) is type(first) for body in bodies):
        return
    if isinstance(first, Mapping):
        if all(isinstance(body, Mapping) and body.keys() == first.keys() for body in bodies):
            for key in first:
                yield from _differing([body[key] for body in bodies], (*path, key))
            return
    elif isinstance(first, list) and all(
        isinstance(body, list) and len(body) == len(first) for body in bodies
    ):
        for at in range(len(first)):
            yield from _differing([body[at] for body in bodies], (*path, at))
        return
    yield path


def _at(body: Any, path: _Path) -> Any:
    for key in path:
        body = body[key]
    return body


def _with_names(body: Any, names: Mapping[_Path, str], path: _Path = ()) -> Any:
    if path in names:
        return Expression(names[path])
    if isinstance(body, Mapping):
        return {key: _with_names(item, names, (*path, key)) for key, item in body.items()}
    if isinstance(body, list):
        return [_with_names(item, names, (*path, at)) for at, item in enumerate(body)]
    return body


def _kind(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values}
    return _KINDS.get(kinds.pop(), "object") if len(kinds) == 1 else "object"
