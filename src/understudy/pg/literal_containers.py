"""The texts of PostgreSQL's arrays, records and ranges, taken apart into their items."""

from __future__ import annotations

import re

# An item is quoted, or goes on to the next delimiter; a backslash takes away any meaning.
_QUOTED = r'"(?:[^"\\]|\\.|"")*"'
_BARE = r'(?:[^"\\,{}]|\\.)+'
_ARRAY_TOKEN = re.compile(rf"\s*(\{{|\}}|,|{_QUOTED}|{_BARE})", re.DOTALL)
_PART = re.compile(rf'(?:{_QUOTED}|[^"\\,()]|\\.)*', re.DOTALL)
_RANGE = re.compile(
    r'\s*[\[(]((?:"(?:[^"\\]|\\.|"")*"|[^"\\,()\[\]]|\\.)*),'
    r'((?:"(?:[^"\\]|\\.|"")*"|[^"\\,()\[\]]|\\.)*)[\])]\s*',
    re.DOTALL,
)
_ONE_RANGE = re.compile(r"\s*(empty|[\[(][^\[\]()]*[\])])\s*(,|$)", re.IGNORECASE)


class Broken(ValueError):
    """A text that is no literal of its kind; the text says which: "array literal"."""


def array_items(text: str, what: str = "array") -> list[str | None]:
    """Return the items of an array's or a multirange's text, flat, None for NULL.

    Raises:
        Broken: it is none, or its rows are of different lengths.
    """
    if what == "ranges":
        return _ranges(text)
    # The lower bounds, which may come first: [2:3]={1,2}.
    text = re.sub(r"^\s*(\[[+-]?\d+(:[+-]?\d+)?\])+=", "", text).strip()
    items: list[str | None] = []
    lengths: dict[int, set[int]] = {}
    counts: list[int] = []
    depths: set[int] = set()
    place, expects_item = 0, True
    if not text.startswith("{"):
        raise Broken("array literal")
    while place < len(text):
        token = _ARRAY_TOKEN.match(text, place)
        if token is None or (place and not counts):
            raise Broken("array literal")
        place, word = token.end(), token[1]
        if word == "{":
            if not expects_item:
                raise Broken("array literal")
            counts.append(0)
        elif word == "}":
            if expects_item and counts[-1]:
                raise Broken("array literal")
            lengths.setdefault(len(counts), set()).add(counts.pop())
            if counts:
                counts[-1] += 1
            expects_item = False
        elif word == ",":
            if expects_item:
                raise Broken("array literal")
            expects_item = True
        else:
            if not expects_item:
                raise Broken("array literal")
            counts[-1] += 1
            depths.add(len(counts))
            items.append(_item(word))
            expects_item = False
    if counts or len(depths) > 1 or any(len(each) > 1 for each in lengths.values()):
        raise Broken("array literal")
    return items


def record_fields(text: str) -> list[str | None]:
    """Return the fields of a record's text, None for NULL.

    Raises:
        Broken: it is none.
    """
    bare = text.strip()
    if not (bare.startswith("(") and bare.endswith(")") and len(bare) > 1):
        raise Broken("record literal")
    return [_field(each) for each in _parts(bare[1:-1], "record literal")]


def range_bounds(text: str) -> tuple[str | None, str | None]:
    """Return the bounds of a range's text, None for a bound that is open.

    Raises:
        Broken: it is none.
    """
    if text.strip().lower() == "empty":
        return None, None
    found = _RANGE.fullmatch(text)
    if found is None:
        raise Broken("range literal")
    return _field(found[1]), _field(found[2])


def _ranges(text: str) -> list[str | None]:
    bare = text.strip()
    if not (bare.startswith("{") and bare.endswith("}") and len(bare) > 1):
        raise Broken("multirange literal")
    inside, place, found = bare[1:-1], 0, list[str | None]()
    while place < len(inside.rstrip()):
        one = _ONE_RANGE.match(inside, place)
        if one is None:
            raise Broken("multirange literal")
        found.append(one[1])
        place = one.end()
    return found


def _parts(text: str, what: str) -> list[str]:
    parts, place = list[str](), 0
    while True:
        part = _PART.match(text, place)
        assert part is not None  # it matches the empty text
        parts.append(part[0])
        place = part.end()
        if place == len(text):
            return parts
        if text[place] != ",":
            raise Broken(what)
        place += 1


def _item(word: str) -> str | None:
    if word.startswith('"'):
        return _unescaped(word[1:-1])
    bare = word.strip()
    return None if bare.upper() == "NULL" else _unescaped(bare)


def _field(part: str) -> str | None:
    return None if part == "" else _unescaped(re.sub(r'(?<!\\)"((?:[^"\\]|\\.|"")*)"', r"\1", part))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)|\"(\")", r"\1\2", text, flags=re.DOTALL)
