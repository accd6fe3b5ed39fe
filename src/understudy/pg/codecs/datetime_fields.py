"""The fields of a text that is a date, a time of day or an interval.

PostgreSQL takes such a text apart before it looks at what the fields mean (datetime.c,
ParseDateTime). This module knows all of its fields, and of the dates and times that they may be
only whether there can be one: the names of time zones alone are hundreds.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

# Punctuation that is not listed here separates fields.
_FIELD = re.compile(
    r"""(?P<time>\d+:[\d:.]*)
    | (?P<number>\d+
          (?:(?P<mark>[-/.])(?:\d+(?:(?P=mark)(?:\d|(?P=mark))*)?|(?:[a-z\d]|(?P=mark))*))?
        | \.\d*)
    | (?P<word>[a-z]++(?![-/.+\d]) | (?:[dhjmsy]|at|on)(?=[+\d]))
    | (?P<name>[a-z]+[-/.+\d][-+/_.:a-z\d]*)
    | (?P<signed>[+-]\s*[\d.][\d:.-]*)
    | (?P<special>[+-]\s*[a-z]+)
    | (?P<space>[\s!"\#$%&'()*,:;<=>?@\[\\\]^_`{|}~/])""",
    re.VERBOSE | re.ASCII,
)
_SPECIAL = frozenset(("epoch", "infinity", "now", "today", "tomorrow", "yesterday"))
_MONTH = re.compile(r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec")
_UNKNOWN_LETTERS = frozenset("abcefgiklnopqruvwx")  # the others alone are units, or a zone
_RUN_TOGETHER_DATE = re.compile(r"\d{2,}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)
_RUN_TOGETHER_TIME = re.compile(r"([01]\d|2[0-4])[0-5]\d([0-5]\d|60)?", re.ASCII)


class Malformed(Exception):
    """The text is not a date, a time or an interval."""


class Field(NamedTuple):
    """A field of a text.

    Attributes:
        kind: "name" for a word with punctuation or digits in it, such as a zone's name, "signed"
            for a number or a time with a sign, "special" for a word with one.
        text: in small letters.
    """

    kind: Literal["time", "number", "word", "name", "signed", "special"]
    text: str


def fields_in(text: str) -> list[Field]:
    """Take a text apart.

    Raises:
        Malformed: it has a character that no field has.
    """
    found: list[Field] = []
    text = text.lower()
    at = 0
    while at < len(text):
        field = _FIELD.match(text, at)
        if field is None:
            raise Malformed
        at = field.end()
        if field.lastgroup != "space":
            kind = field.lastgroup
            found.append(Field(kind, re.sub(r"\s", "", field[0])))  # type: ignore[arg-type] # a group's name
    return found


def may_be_date(text: str) -> bool:
    """Return whether PostgreSQL may find a date in a text; False is certain."""
    try:
        fields = fields_in(text)
    except Malformed:
        return False
    if any(kind == "word" and word in _UNKNOWN_LETTERS for kind, word in fields):
        return False
    parts: list[str] = []
    for kind, field in fields:
        if field == "j" or any(word in field for word in _SPECIAL):
            return True
        if kind != "signed" and _MONTH.search(field) and re.search(r"\d", text):
            return True
        if kind == "number":
            numbers = _numbers(field)
            if _is_date(numbers):
                return True
            parts += numbers
    return len(parts) == 3 or _is_day_of_year(parts)


def _numbers(field: str) -> list[str]:
    return [number for number in re.split("[-/.]+", field) if number]


def _is_day_of_year(numbers: list[str]) -> bool:
    return len(numbers) == 2 and len(numbers[0]) > 2 and len(numbers[1]) == 3


def _is_date(numbers: list[str]) -> bool:
    """Return whether numbers that are joined by marks, or one number, may be a date."""
    if len(numbers) == 1:
        return _RUN_TOGETHER_DATE.fullmatch(numbers[0]) is not None
    return len(numbers) == 3 or _is_day_of_year(numbers)


def may_be_time(text: str) -> bool:
    """Return whether PostgreSQL may find a time of day in a text; False is certain."""
    try:
        fields = fields_in(text)
    except Malformed:
        return False
    words = {field for kind, field in fields if kind == "word"}
    if words & _UNKNOWN_LETTERS:
        return False
    if fields and re.match(r"a?t\d+:", fields[0].text):
        return True
    for kind, field in fields:
        numbers = _numbers(field) or [""]
        is_short = kind in ("number", "name") and len(numbers) < 3
        if kind == "time" or field in ("now", "allballs"):
            return True
        if is_short and _RUN_TOGETHER_TIME.fullmatch(re.sub("^a?t", "", numbers[0])):
            return True
    return bool(words & {"am", "pm"}) and len(fields) > 1
