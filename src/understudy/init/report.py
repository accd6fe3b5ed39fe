"""Texts of several lines, shortened, and numbers with their nouns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from understudy.init.sources import Unread

_SHOWN = 5
_ERROR = re.compile(r"\s*[\w.]*(?:Error|Exception)\b")
_LONGEST = 240  # the advice often stands at the end of an error


def unread_files(files: Sequence[Unread]) -> str:
    """Return the first of the files that could not be read, with the reasons."""
    lines = [f"  {unread.file.as_posix()}: {unread.reason}" for unread in files[:_SHOWN]]
    if len(files) > _SHOWN:
        lines.append(f"  and {len(files) - _SHOWN} more")
    return "\n".join(lines)


def gist(text: str) -> str:
    """Return the first and the last lines of a text, and the one that names an error."""
    lines = without_links(text)
    if len(lines) > _SHOWN:
        between = lines[2:-2]
        error = [line for line in between if _ERROR.match(line)][-1:]
        # "..." stands for what is left out on either side of it.
        above = ["..."] if not error or between[0] != error[0] else []
        below = ["..."] if error and between[-1] != error[0] else []
        lines = [*lines[:2], *above, *error, *below, *lines[-2:]]
    return "\n".join(shortened(line) for line in lines)


def without_links(text: str) -> list[str]:
    """Return the lines of a text that are not empty and not one of pydantic's links."""
    lines = (line.rstrip() for line in text.splitlines())
    return [line for line in lines if line and "For further information visit" not in line]


def shortened(line: str) -> str:
    """Return a line, without its last words if it is long."""
    if len(line) <= _LONGEST:
        return line
    kept = line[: _LONGEST - 4]
    return f"{kept.rpartition(' ')[0].rstrip() or kept} ..."
