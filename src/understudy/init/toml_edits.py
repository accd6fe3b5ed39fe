"""Tables and keys put into a configuration file, everything else left as it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from understudy.init import messages
from understudy.init.errors import WriterError


def with_table(text: str | None, header: str, lines: Sequence[str]) -> str:
    """A file with a table at its end: the header, then its lines."""
    before = (text or "").rstrip()
    table = "\n".join([header, *lines])
    return _like(text, f"{before}\n\n{table}\n" if before else f"{table}\n")


def with_lines(path: Path, text: str, header: str, lines: Sequence[str]) -> str:
    """A file with lines at the beginning of one of its tables.

    Raises:
        WriterError: the table has no header of its own to put them below.
    """
    pattern = re.compile(rf"(?m)^[ \t]*{re.escape(header)}[ \t]*(#[^\r\n]*)?(?=\r?$)")
    match = pattern.search(text)
    if match is None:
        raise WriterError(messages.no_header(path, header, lines))
    added = "".join(f"\n{line}" for line in lines)
    return text[: match.end()] + _like(text, added) + text[match.end() :]


def checked(path: Path, text: str, lines: Sequence[str]) -> str:
    """The text of a TOML file, once it is known to be one.

    Raises:
        WriterError: it is none: what was there is written in a way that nothing can be added to.
    """
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WriterError(messages.no_room(path, lines, error)) from error
    return text


def _like(original: str | None, text: str) -> str:
    """Text with the line ends of what it is added to."""
    if original is None or "\r\n" not in original:
        return text
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
