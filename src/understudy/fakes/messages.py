"""The wording of the fakes' own errors and failures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from understudy.script.formatting import quoted, shown, shown_expected, suggestion
from understudy.script.origin import Origin


def bad_pool_size(size: object) -> str:
    """Say that a pool cannot be of this size."""
    return f"FakePool takes max_size as a whole number from 1, got {shown(size)}"


def foreign_connection() -> str:
    """Say that a connection is not out of this pool."""
    return "release() was given a connection that is not out of this pool (given back already?)"


def pool_exhausted(size: int, timeout: float, origin: Origin, holders: Sequence[Origin]) -> str:
    """Say that no connection came back in time, and who holds them."""
    lines = [
        f"no connection came free in {timeout:g} s: all {size} of the pool are out",
        f"  wanted at: {origin.place}",
        *(f"  held since: {holder.place}" for holder in holders),
        "Give one back sooner, or allow more: FakePool(max_size=...).",
    ]
    return "\n".join(lines)


def not_returned(origin: Origin) -> str:
    """Say that a connection was never given back, and who took it."""
    return (
        "a connection was never given back to the pool\n"
        f"  taken at: {origin.place}\n"
        "Use `async with pool.acquire()`, or call close() on it."
    )


def no_such_method(spec: str, name: object, known: Iterable[str]) -> str:
    """Say that the original has no such method."""
    names = sorted(known)
    listed = f"; it has {', '.join(names)}" if names else "; it has no public methods"
    near = suggestion(str(name), names)
    return f"{spec} has no method {shown(name)}{near or listed}"


def reserved_names(spec: str, names: Sequence[str]) -> str:
    """Say that the original's own names collide with a dummy's."""
    return (
        f"dummy({spec}): {spec} has {', '.join(names)} itself, and a dummy needs these names to be "
        "scripted with; write a small class by hand"
    )


def no_spec(spec: object) -> str:
    """Say that a dummy needs a class."""
    return f"dummy() takes the class to stand in for, got {shown(spec)}"


def no_such_attribute(spec: str, name: str, known: Iterable[str]) -> str:
    """Say that neither the original nor the test gave a dummy this attribute."""
    near = suggestion(name, known)
    return f"dummy of {spec} has no attribute {name!r}{near}; set it on the dummy if code reads it"


def method_call(method: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """Return a method's call as its source."""
    return f"{method}({', '.join(_listed(args, kwargs))})"


def on_method(method: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """Return the source of a method's rule."""
    return f"on({', '.join([quoted(method), *_listed(args, kwargs)])})"


def _listed(args: Sequence[object], kwargs: Mapping[str, object]) -> list[str]:
    named = [f"{name}={shown_expected(value)}" for name, value in kwargs.items()]
    return [*map(shown_expected, args), *named]


def wrong_arguments(
    method: str,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    signature: object,
    reason: object,
    origin: Origin,
) -> str:
    """Say that the original would refuse these arguments."""
    return (
        f"{method_call(method, args, kwargs)} does not fit the original: {reason}\n"
        f"  signature: {method}{signature}\n"
        f"  at: {origin.place}"
    )


def sync_hang(method: str) -> str:
    """Say that a sync method cannot wait."""
    return f"{method}() is not async: it cannot hang until it is cancelled"
