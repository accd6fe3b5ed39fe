"""Why a text is invalid JSON: the DETAIL of PostgreSQL's error."""

from __future__ import annotations

import re
from typing import Never

_SPACE = re.compile(r"[ \t\n\r]*")
_WORD = re.compile(r"[A-Za-z0-9_\u0080-\U0010ffff]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BEGUN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][+-]?[0-9]*)?")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{0,3}")
_ESCAPED = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])')
_KEYWORDS = ("true", "false", "null")
_ENDED = "The input string ended unexpectedly."


class _Wrong(Exception):
    """The text is invalid JSON; the message says why."""


def why_not_json(text: str) -> str | None:
    """Return why a text is invalid JSON; None if no reason is found, or it is nested too deeply."""
    try:
        _Reader(text).document()
    except _Wrong as wrong:
        return str(wrong)
    except RecursionError:
        return None
    return None


class _Reader:
    """Reads a text as PostgreSQL's parser does, which looks one token ahead.

    Attributes:
        token: the token that comes next, "" at the end.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.token = ""
        self._advance()

    def document(self) -> None:
        self._value()
        if self.token:
            self._fail("end of input")

    def _value(self) -> None:
        if self.token == "{":
            self._object()
        elif self.token == "[":
            self._array()
        elif self.token[:1] in ("", *"]},:"):
            self._fail("JSON value")
        else:
            self._advance()

    def _object(self) -> None:
        self._advance()
        if self.token == "}":
            self._advance()
            return
        if self.token[:1] != '"':
            self._fail('string or "}"')
        while True:
            if self.token[:1] != '"':
                self._fail("string")
            self._advance()
            if self.token != ":":
                self._fail('":"')
            self._advance()
            self._value()
            if self.token != ",":
                break
            self._advance()
        if self.token != "}":
            self._fail('"," or "}"')
        self._advance()

    def _array(self) -> None:
        self._advance()
        if self.token == "]":
            self._advance()
            return
        self._value()
        while self.token == ",":
            self._advance()
            self._value()
        if self.token != "]":
            self._fail('"," or "]"')
        self._advance()

    def _fail(self, expected: str) -> Never:
        found = f'Expected {expected}, but found "{self.token}".'
        raise _Wrong(found if self.token else _ENDED)

    # Tokens --------------------------------------------------------------------------------------

    def _advance(self) -> None:
        space = _SPACE.match(self._text, self._at)
        assert space is not None  # it matches the empty text
        start = self._at = space.end()
        first = self._text[start : start + 1]
        if first == '"':
            self._string()
        elif first and first in "-0123456789":
            self._number()
        elif first and first not in "{}[],:":
            self._word(start)
            if self._text[start : self._at] not in _KEYWORDS:
                self._at = max(self._at, start + 1)
                self._invalid(start)
        else:
            self._at += len(first)
        self.token = self._text[start : self._at]

    def _string(self) -> None:
        start = self._at
        self._at += 1
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == '"':
                self._at += 1
                return
            if character < " ":
                raise _Wrong(f"Character with value 0x{ord(character):02x} must be escaped.")
            self._at += self._escaped() if character == "\\" else 1
        self._invalid(start)

    def _escaped(self) -> int:
        """Return the length of an escape sequence."""
        escape = _ESCAPED.match(self._text, self._at)
        if escape is not None:
            return len(escape[0])
        following = self._text[self._at + 1 : self._at + 2]
        if following == "u":
            digits = _HEXADECIMAL.match(self._text, self._at + 2)
            assert digits is not None  # it matches the empty text
            if digits.end() == len(self._text):
                return digits.end() - self._at  # the text ends before it is wrong
            raise _Wrong(r'"\u" must be followed by four hexadecimal digits.')
        if following:
            raise _Wrong(f'Escape sequence "\\{following}" is invalid.')
        return 1

    def _number(self) -> None:
        start = self._at
        whole = _NUMBER.match(self._text, start)
        self._at = start if whole is None else whole.end()
        after = self._at
        self._word(after)
        if whole is None or self._at > after or self._text[after : after + 1] == ".":
            begun = _BEGUN_NUMBER.match(self._text, start)
            assert begun is not None  # it matches the empty text
            self._word(begun.end())
            self._invalid(start)

    def _word(self, start: int) -> None:
        word = _WORD.match(self._text, start)
        assert word is not None  # it matches the empty text
        self._at = word.end()

    def _invalid(self, start: int) -> Never:
        raise _Wrong(f'Token "{self._text[start : self._at]}" is invalid.')
