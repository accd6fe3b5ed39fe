"""Texts that match a regular expression of a check, such as `^[A-Z]{3}-[0-9]{4}$`.

Only what checks usually say is read: characters, classes, groups, alternatives and counts. What
cannot be read has no example. PostgreSQL decides whether an example matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

_COUNT = re.compile(r"(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??")
_MORE = 3  # repetitions beyond the smallest number, if there is no limit
_LONGEST = 255  # repetitions
_DEEPEST = 50  # groups in groups
_SHORT = {"d": digits, "w": f"{ascii_letters}{digits}_", "s": " "}
_NAMED = {
    "alpha": ascii_letters,
    "lower": ascii_lowercase,
    "upper": ascii_uppercase,
    "digit": digits,
    "alnum": ascii_letters + digits,
    "xdigit": "0123456789abcdef",
    "space": " ",
}
_ANY = ascii_lowercase + digits
_PRINTABLE = f"{ascii_letters}{digits} _-.:/@+"
_Make = Callable[[], str]


class _CannotRead(Exception):
    """The expression has something that is not read."""


def example(pattern: str, random: Random) -> str | None:
    """Return a text that probably matches a regular expression, or None."""
    reader = _Reader(pattern, random)
    try:
        make = reader.alternatives(0)
    except _CannotRead:
        return None
    return make() if reader.is_at_end else None


class _Reader:
    def __init__(self, pattern: str, random: Random) -> None:
        self._rest = pattern
        self._random = random

    @property
    def is_at_end(self) -> bool:
        return not self._rest

    def alternatives(self, depth: int) -> _Make:
        """Read up to a closing bracket or the end."""
        if depth > _DEEPEST:
            raise _CannotRead
        choices = [self._sequence(depth)]
        while self._takes("|"):
            choices.append(self._sequence(depth))
        return lambda: self._random.choice(choices)()

    def _takes(self, text: str) -> bool:
        found = self._rest.startswith(text)
        self._rest = self._rest[len(text) :] if found else self._rest
        return found

    def _character(self) -> str:
        if not self._rest:
            raise _CannotRead
        first, self._rest = self._rest[0], self._rest[1:]
        return first

    def _sequence(self, depth: int) -> _Make:
        parts: list[tuple[_Make, int, int]] = []
        while self._rest and self._rest[0] not in "|)":
            parts.append((self._atom(depth), *self._counts()))

        def make() -> str:
            return "".join(
                part()
                for part, least, most in parts
                for _ in range(self._random.randint(least, most))
            )

        return make

    def _counts(self) -> tuple[int, int]:
        match = _COUNT.match(self._rest)
        if match is None:
            return 1, 1
        self._rest = self._rest[match.end() :]
        sign, least, comma, most = match.groups()
        if sign:
            return {"*": (0, _MORE), "+": (1, 1 + _MORE), "?": (0, 1)}[sign]
        low = int(least)
        high = int(most) if most else low + _MORE if comma else low
        if not low <= high <= _LONGEST:
            raise _CannotRead
        return low, high

    def _atom(self, depth: int) -> _Make:
        if self._takes("("):
            if not self._takes("?:") and self._rest.startswith("?"):
                raise _CannotRead  # a condition on what follows, or an option
            group = self.alternatives(depth + 1)
            if not self._takes(")"):
                raise _CannotRead
            return group
        first = self._character()
        if first in "^$":
            return lambda: ""
        characters = self._class() if first == "[" else _ANY if first == "." else first
        if first == "\\":
            characters = self._escaped()
        elif first in "*+?{":
            raise _CannotRead
        return lambda: self._random.choice(characters)

    def _escaped(self) -> str:
        character = self._character()
        if character in _SHORT:
            return _SHORT[character]
        if character.isalnum():
            raise _CannotRead  # a reference to a group, a boundary of words
        return character

    def _class(self) -> str:
        is_negated = self._takes("^")
        found = "]" if self._takes("]") else ""
        while not self._takes("]"):
            if self._takes("[:"):
                name, _, self._rest = self._rest.partition(":]")
                if name not in _NAMED:
                    raise _CannotRead
                found += _NAMED[name]
                continue
            character = self._character()
            if character == "\\":
                found += self._escaped()
            elif self._rest[:1] == "-" and self._rest[1:2] not in ("", "]"):
                self._character()
                last = self._character()
                if not 0 <= ord(last) - ord(character) <= _LONGEST:
                    raise _CannotRead
                found += "".join(map(chr, range(ord(character), ord(last) + 1)))
            else:
                found += character
        if is_negated:
            found = "".join(character for character in _PRINTABLE if character not in found)
        if not found:
            raise _CannotRead
        return found
