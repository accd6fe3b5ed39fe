"""Show a position in a text: the line, and a caret under the character."""

from __future__ import annotations

import re
import unicodedata

_WIDTH = 100
_WIDE = "WF"


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and the column of an offset, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def line_with_caret(text: str, offset: int) -> list[str]:
    """Return the line that holds the offset, and a line with a caret under that character.

    A line longer than 100 characters is cut around the position.
    """
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : len(text) if end < 0 else end].rstrip("\r")
    column = offset - start
    before = after = ""
    if len(line) > _WIDTH:
        first = max(0, min(column - _WIDTH // 2, len(line) - _WIDTH))
        before, after = "…" * (first > 0), "…" * (first + _WIDTH < len(line))
        line, column = line[first : first + _WIDTH], column - first
    shown = before + line + after
    lead = re.sub(r"[^\t]", _blank, shown[: column + len(before)])
    return [shown.rstrip(), lead + "^"]


def _blank(character: re.Match[str]) -> str:
    if unicodedata.combining(character[0]):
        return ""
    return "  " if unicodedata.east_asian_width(character[0]) in _WIDE else " "
