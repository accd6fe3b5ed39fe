"""Write a driver's placeholders as PostgreSQL's own: $1, $2, ...

Each driver replaces them by a pattern, without a look at SQL: what stands in a literal or in a
comment is replaced too, and so it is here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Style = Literal["numbered", "psqlpy", "psycopg"]

_PSQLPY = re.compile(r"\$\(([^)]+)\)p")
# A dot that takes no line break, as psycopg's.
_PSYCOPG = re.compile(r"%(?:\(([^)]+)\).|.)")


class BadPlaceholder(ValueError):
    """The driver itself refuses the text; the message is the driver's."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement with numbered placeholders.

    Attributes:
        text: what PostgreSQL gets.
        names: the name of each parameter, in the order of their numbers; None where the driver
            goes by position. psqlpy counts a name anew wherever it stands.
    """

    text: str
    names: tuple[str | None, ...] = ()
    _starts: tuple[int, ...] = field(default=(0,), repr=False)
    _origins: tuple[int, ...] = field(default=(0,), repr=False)
    _copied: tuple[bool, ...] = field(default=(True,), repr=False)

    def original_position(self, position: int) -> int:
        """Where in the driver's text a character of `text` comes from, both counted from 1."""
        piece = bisect_right(self._starts, position - 1) - 1
        inside = position - 1 - self._starts[piece] if self._copied[piece] else 0
        return self._origins[piece] + inside + 1


def to_numbered(statement: str, style: Style) -> Numbered:
    """Rewrite the placeholders of a statement that is given parameters.

    Args:
        statement: as the code under test wrote it.
        style: "psqlpy" for `$(name)p`, "psycopg" for `%s`, `%(name)s` and `%%`; both replace them
            only where parameters are given (psqlpy: a list will do for names, too). "numbered" is
            for a text that is PostgreSQL's already.

    Raises:
        BadPlaceholder: psycopg would refuse the text before it asks the server.
    """
    if style == "numbered":
        return Numbered(statement)
    pattern = _PSQLPY if style == "psqlpy" else _PSYCOPG
    names: list[str | None] = []
    read: Callable[[re.Match[str]], str] = (
        (lambda match: _next_number(match[1], names))
        if style == "psqlpy"
        else (lambda match: _psycopg(match, names))
    )
    pieces: list[str] = []
    starts, origins, copied = [], [], []
    length = end = 0

    def add(text: str, origin: int, is_copy: bool) -> None:
        nonlocal length
        starts.append(length)
        origins.append(origin)
        copied.append(is_copy)
        pieces.append(text)
        length += len(text)

    for match in pattern.finditer(statement):
        add(statement[end : match.start()], end, True)
        add(read(match), match.start(), False)
        end = match.end()
    add(statement[end:], end, True)
    return Numbered("".join(pieces), tuple(names), tuple(starts), tuple(origins), tuple(copied))


def _next_number(name: str | None, names: list[str | None]) -> str:
    names.append(name)
    return f"${len(names)}"


def _psycopg(match: re.Match[str], names: list[str | None]) -> str:
    text = match[0]
    if text == "%%":
        return "%"
    if text == "%(":
        incomplete = match.string[match.start() :].split()[0]
        raise BadPlaceholder(f"incomplete placeholder: '{incomplete}'")
    if text == "% ":
        raise BadPlaceholder(
            "incomplete placeholder: '%'; if you want to use '%' as an operator you can double "
            "it up, i.e. use '%%'"
        )
    if text[-1] not in "sbt":
        raise BadPlaceholder(f"only '%s', '%b', '%t' are allowed as placeholders, got '{text}'")
    name: str | None = match[1]
    if names and (names[0] is None) != (name is None):
        raise BadPlaceholder("positional and named placeholders cannot be mixed")
    if name is not None and name in names:
        return f"${names.index(name) + 1}"
    return _next_number(name, names)
