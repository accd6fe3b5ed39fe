"""Looks for values in texts, however Python, JSON and SQL spell them, and replaces them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from urllib.parse import quote

HIDDEN = "[redacted]"
_SHORTEST = 3  # characters of a value that is looked for
_SHARED = 6  # of one that is looked for in the texts of other tests
_LONG = 20  # of one of which pytest may show a part, as in 'abcdefgh...stuvwxyz'
_LONGEST = 20_000
_PART = 8  # characters of such a part
_ITEMS = re.compile(r"""\"((?:\\.|[^"\\])*)\"|'((?:\\.|[^'\\])*)'|([^\s{}\[\](),"':]+)""")
_LITERAL = re.compile(r"(?:[a-zA-Z]|[uU]&)?'(.*)'|\$\w*\$(.*)\$\w*\$", re.DOTALL)
_SIMPLE = re.compile(r"[\w .:@+-]*", re.ASCII)  # spelled the same in Python, JSON and SQL
# How drivers of MySQL paste a value into a statement.
_MYSQL = str.maketrans(
    {
        **{char: f"\\{char}" for char in "\\'\""},
        "\0": r"\0",
        "\n": r"\n",
        "\r": r"\r",
        "\x1a": r"\Z",
    }
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class HiddenValues:
    """Values that texts shall not show.

    Attributes:
        is_partial: whether a value is so long that only its whole is looked for.
    """

    def __init__(self) -> None:
        self._values: dict[str, None] = {}
        self._added: list[str] = []  # not in the index yet
        # By the first characters of texts: the texts, and their lengths from the longest on.
        self._by_start: dict[str, tuple[set[str], list[int]]] = {}
        self._parts: set[str] | None = None
        self.is_partial = False

    def add(self, value: str) -> None:
        """Add a value: a literal of SQL, or what a column or a parameter has."""
        if value not in self._values:
            self._values[value] = None
            self._added.append(value)
            self.is_partial |= len(value) > _LONGEST

    def update(self, values: Iterable[str] | HiddenValues) -> None:
        """Add values."""
        for value in values._values if isinstance(values, HiddenValues) else values:
            self.add(value)

    def cleaned(self, text: str, others: HiddenValues) -> str:
        """Return a text with `[redacted]` instead of values.

        Args:
            text: any text.
            others: of other tests; only the longer ones are looked for, and not their parts.
        """
        if not text or not (self._values or others._values):
            return text
        self._index()
        others._index()
        if self._parts is None:
            self._parts = set(_parts(self._values))
        parts: list[str] = []
        at = copied = 0
        while at < len(text):
            end = max(self._end(text, at), self._part_end(text, at), others._end(text, at, _SHARED))
            if end == at:
                at += 1
                continue
            parts += [text[copied:at], HIDDEN]
            at = copied = end
        return "".join([*parts, text[copied:]])

    def _index(self) -> None:
        if not self._added:
            return
        self._parts = None
        for text in chain.from_iterable(map(_texts, self._added)):
            if len(text) < _SHORTEST:
                continue
            texts, lengths = self._by_start.setdefault(text[:_SHORTEST], (set(), []))
            texts.add(text)
            if len(text) not in lengths:
                lengths.append(len(text))
                lengths.sort(reverse=True)
        self._added.clear()

    def _end(self, text: str, at: int, least: int = _SHORTEST) -> int:
        """Return where the longest value at a place ends; the place itself if there is none."""
        found = self._by_start.get(text[at : at + _SHORTEST])
        for length in found[1] if found else ():
            value = text[at : at + length]
            if length >= least and found and value in found[0] and _is_whole(text, at, value):
                return at + length
        return at

    def _part_end(self, text: str, at: int) -> int:
        """Return where the part of a long value at a place ends."""
        end, parts = at, self._parts or ()
        while text[end : end + _PART] in parts:
            end += 1
        return end + _PART - 1 if end > at else at


def _parts(values: Iterable[str]) -> Iterator[str]:
    """Yield the parts of long values."""
    for text in chain.from_iterable(map(_texts, values)):
        if _LONG < len(text) <= _LONGEST:
            for at in range(len(text) - _PART + 1):
                yield text[at : at + _PART]


def _is_whole(text: str, at: int, value: str) -> bool:
    """Return whether a number is not a part of a longer one."""
    if not value.isdecimal():
        return True
    end = at + len(value)
    return not (text[at - 1 : at].isdecimal() or text[end : end + 1].isdecimal())


@lru_cache(maxsize=2**15)
def _texts(value: str) -> Collection[str]:
    """Return a value, its parts if it is a list, and how each may be spelled."""
    if len(value) > _LONGEST:
        return (value,)
    found = {value}
    literal = _LITERAL.fullmatch(value)
    if literal:
        text = literal.group(1) or literal.group(2) or ""
        found |= {text, text.replace("''", "'"), _ESCAPED.sub(r"\1", text.replace("''", "'"))}
    for one in list(found):
        if one[:1] in ("{", "[", "("):
            found.update(item for items in _ITEMS.findall(one) for item in items if item)
        if one.startswith("\\x"):
            found |= _bytes(one)
    return {text for one in found for text in _spelled(one)}


def _spelled(text: str) -> Iterator[str]:
    yield text
    if text.isascii() and text.isalnum():
        return
    yield quote(text, safe="", errors="replace")
    yield quote(text, errors="replace")
    if not _SIMPLE.fullmatch(text):
        for written in (text, text.replace("'", "''"), text.translate(_MYSQL)):
            yield written
            yield repr(written)[1:-1]
            yield repr(f"{written}'\"")[1:-4]  # inside of a text that has both quotes
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]


def _bytes(value: str) -> set[str]:
    """Return what Python prints of a bytea that PostgreSQL prints in hexadecimal."""
    try:
        data = bytes.fromhex(value[2:])
    except ValueError:
        return set()
    return {repr(data)[2:-1], data.decode(errors="replace")}
