"""Read and parse a Python file, or say why that is not possible."""

from __future__ import annotations

import ast
import inspect
import io
import re
import stat
import textwrap
import tokenize
import warnings
from pathlib import Path
from typing import Any

# Parsing takes some hundred times the size of a file in memory, and a second for each megabyte.
LARGEST = 2_000_000


class Unreadable(Exception):
    """A file cannot be read or parsed; the text says why."""


class TooLarge(Unreadable):
    """A file is too large to parse."""


def read(path: Path) -> bytes:
    """Return the content of a source file.

    Raises:
        Unreadable: The file is too large to parse, or not a regular file.
        OSError: The file cannot be read.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("not a regular file")  # reading a pipe would wait for its writer
    _check_size(found.st_size)
    return path.read_bytes()


def decoded(source: bytes) -> str:
    """Return a file's text, decoded as Python does it.

    Raises:
        Unreadable: The file is too large, or not text in the encoding that it declares.
    """
    _check_size(len(source))
    if b"\0" in source:
        line = source.count(b"\n", 0, source.index(b"\0")) + 1
        raise Unreadable(f"line {line} has a NUL byte, which no Python source may have")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        return source.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise Unreadable(f"cannot be decoded: {error}") from error


def parsed(text: str) -> ast.Module:
    """Parse a file's text.

    Raises:
        Unreadable: It is not valid Python, or nested too deeply.
    """
    try:
        with warnings.catch_warnings():
            # Invalid escapes in the user's code are reported by the user's own tools.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise Unreadable(f"line {error.lineno} is not valid Python: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise Unreadable("nested more deeply than Python's parser can follow") from error


def _check_size(size: int) -> None:
    if size > LARGEST:
        largest = f"{LARGEST / 1e6:.0f} MB"
        raise TooLarge(f"{size / 1e6:.1f} MB, and files above {largest} are not parsed")


def last_name(node: ast.expr) -> str:
    """Return the last part of a name or of what is called: `get` of `client.get()`; "" without."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def text_lines(text: str) -> list[str]:
    """Return the lines of a source as Python counts them, with their ends.

    `str.splitlines` also splits at a form feed and at other characters.
    """
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def source_of(thing: Any) -> str:
    """Return the source of a function, class, module or code object; "" without one.

    What was made by `exec`, by a call or in C has none.
    """
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        return ""


def tree_of(thing: Any) -> ast.Module | None:
    """Return the syntax tree of such a source; None without one, or if it is a part of a line."""
    source = source_of(thing)
    try:
        return ast.parse(textwrap.dedent(source)) if source else None
    except SyntaxError:
        return None
