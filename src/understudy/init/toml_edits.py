"""Add tables and keys to a configuration file, and change nothing else in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

from understudy.init.errors import InitError


def with_table(text: str | None, header: str, lines: Sequence[str]) -> str:
    """Return a file's text with a table at its end: the header, then its lines."""
    before = (text or "").rstrip()
    table = "\n".join([header, *lines])
    return _like(text, f"{before}\n\n{table}\n" if before else f"{table}\n")


def with_lines(path: Path, text: str, header: str, lines: Sequence[str]) -> str:
    """Return a file's text with lines at the beginning of one of its tables.

    Raises:
        InitError: The table has no header to put them below.
    """
    pattern = re.compile(rf"(?m)^[ \t]*{re.escape(header)}[ \t]*(#[^\r\n]*)?(?=\r?$)")
    match = pattern.search(text)
    if match is None:
        raise InitError(
            f"{path} has no line {header} to put settings below. Nothing was written.\n"
            f"Put these lines there, and run this again:\n{_shown(lines)}"
        )
    added = "".join(f"\n{line}" for line in lines)
    return text[: match.end()] + _like(text, added) + text[match.end() :]


def checked(path: Path, text: str, lines: Sequence[str]) -> str:
    """Return the text of a TOML file, if it is still valid.

    Raises:
        InitError: It is invalid: the file is written in a way that nothing can be added to.
    """
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InitError(
            f"[tool.understudy] cannot be added to {path} ({error}). Nothing was written.\n"
            f"Put these settings there, and run this again:\n{_shown(lines)}"
        ) from error
    return text


def _shown(lines: Sequence[str]) -> str:
    return indent("\n".join(lines), "  ")


def _like(original: str | None, text: str) -> str:
    """Return text with the line ends of the file that it is added to."""
    if original is None or "\r\n" not in original:
        return text
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
