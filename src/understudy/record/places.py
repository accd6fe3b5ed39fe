"""The calls of `record()` in the source, and the files with scripts in their place."""

from __future__ import annotations

import ast
import hashlib
import io
import itertools
import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from textwrap import indent
from types import FrameType

from understudy.project import parsing, ruff
from understudy.project.imports import with_imports
from understudy.project.parsing import Unreadable
from understudy.record.calls import NotRecordable
from understudy.script.origin import shown_path

_OF_RECORDING = ("insert", "execute")  # the methods of what record() returns


@dataclass(frozen=True)
class Place:
    """A call of `record()`, and the rows that it inserts: a statement of its own.

    Attributes:
        file: the file.
        digest: of its content.
        line: the first line of the statement, from 1.
        last: its last line.
        depth: the column at which it begins.
        end: the column, in bytes, at which it ends.
        receiver: the source of what `record` is called on.
    """

    file: str
    digest: str
    line: int
    last: int
    depth: int
    end: int
    receiver: str

    def __str__(self) -> str:
        return f"{shown_path(self.file)}:{self.line}"


def source_of_file(file: str) -> tuple[str, str]:
    """Return the text of a file and the digest of its content.

    Raises:
        NotRecordable: it cannot be read.
    """
    try:
        source = Path(file).read_bytes()
        return parsing.decoded(source), hashlib.sha256(source).hexdigest()
    except (OSError, Unreadable) as error:
        raise NotRecordable(f"{shown_path(file)} cannot be read: {error}") from error


def place_of(frame: FrameType) -> Place:
    """Return the place of the call that a frame makes.

    Raises:
        NotRecordable: a script cannot take its place.
    """
    file = frame.f_code.co_filename
    text, digest = source_of_file(file)
    where = f"{shown_path(file)}:{frame.f_lineno}"
    above = _parents(text)
    position = _position(frame)
    calls = (node for node in above if isinstance(node, ast.Call))
    call = next((node for node in calls if _is_at(node, position)), None)
    if call is None or not isinstance(call.func, ast.Attribute):
        raise NotRecordable(
            "record() is called by another name, or the file has changed since the run began\n"
            f"  at: {where}\nWrite it as fake_postgres.record()."
        )
    statement = _around(call, above)
    place = _span(statement, text) if isinstance(statement, ast.Expr) else None
    if place is None:
        raise NotRecordable(
            "a script takes the place of a statement: of a record() on lines of its own, whose "
            f"value nothing uses\n  at: {where}\n"
            'Rows go into the same statement: fake_postgres.record().insert("users", id=7)'
        )
    return Place(file, digest, *place, ast.get_source_segment(text, call.func.value) or "")


@lru_cache(maxsize=4)
def _parents(text: str) -> dict[ast.AST, ast.AST]:
    """Return the node around each node of a file."""
    tree = parsing.parsed(text)
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def _around(call: ast.AST, above: Mapping[ast.AST, ast.AST]) -> ast.AST:
    """Return what is around a call of `record()` and the calls of its result."""
    outer = above[call]
    while isinstance(outer, ast.Attribute) and outer.attr in _OF_RECORDING:
        used = above[outer]
        if not isinstance(used, ast.Call) or used.func is not outer:
            break
        outer = above[used]
    return outer


def _position(frame: FrameType) -> tuple[int | None, ...]:
    """Return where the call that a frame makes begins and ends in its file."""
    # An instruction has two bytes.
    found = itertools.islice(frame.f_code.co_positions(), frame.f_lasti // 2, None)
    line, last, start, end = next(found)
    return line, start, last, end


def _is_at(node: ast.Call, position: tuple[int | None, ...]) -> bool:
    is_record = isinstance(node.func, ast.Attribute) and node.func.attr == "record"
    place = node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
    return is_record and place == position


def _span(statement: ast.Expr, text: str) -> tuple[int, int, int, int] | None:
    """Return the first and the last line of a statement, and its columns, with its brackets.

    Returns:
        None if more than a comment is on these lines beside it.
    """
    lines = parsing.text_lines(text)
    starts = list(itertools.accumulate((len(line.encode()) for line in lines), initial=0))
    source = text.encode()
    assert statement.end_lineno is not None, "the tree was parsed from text"
    assert statement.end_col_offset is not None, "likewise"
    start = starts[statement.lineno - 1] + statement.col_offset
    end = starts[statement.end_lineno - 1] + statement.end_col_offset
    while (before := source[:start].rstrip()).endswith(b"("):
        start, end = len(before) - 1, source.index(b")", end) + 1
    first, last = bisect_right(starts, start), bisect_right(starts, end - 1)
    before, after = source[starts[first - 1] : start], source[end : starts[last]].strip()
    if before.strip() or (after and not after.startswith(b"#")):
        return None
    return first, last, len(before), end - starts[last - 1]


@dataclass(frozen=True)
class Script:
    """The script of a place.

    Attributes:
        place: where it goes.
        text: its lines, not indented.
        imports: the imports that it needs.
    """

    place: Place
    text: str
    imports: tuple[str, ...]


def with_scripts(scripts: Iterable[Script]) -> bytes:
    """Return the content of a file with scripts in their places.

    Args:
        scripts: those of one file, each of another place.

    Raises:
        NotRecordable: the file has changed, or cannot have them.
    """
    ordered = sorted(scripts, key=lambda script: -script.place.line)
    file = ordered[0].place.file
    before, digest = source_of_file(file)
    if digest != ordered[0].place.digest:
        raise NotRecordable(
            f"{shown_path(file)} has changed while the tests ran, and was left alone. Record again"
        )
    newline = "\r\n" if "\r\n" in before else "\n"
    lines = parsing.text_lines(before)
    for script in ordered:
        place = script.place
        tail = lines[place.last - 1].encode()[place.end :].decode()
        block = indent(script.text, lines[place.line - 1][: place.depth]).replace("\n", newline)
        lines[place.line - 1 : place.last] = [block + tail]
    imports = [line for script in ordered for line in script.imports]
    text = ruff.with_sorted_imports(
        with_imports("".join(lines), list(dict.fromkeys(imports))), before, Path(file)
    )
    try:
        parsing.parsed(text)
        return _encoded(text, Path(file).read_bytes())
    except (Unreadable, UnicodeEncodeError, OSError) as error:
        raise NotRecordable(f"{shown_path(file)} cannot have the script: {error}") from error


def _encoded(text: str, before: bytes) -> bytes:
    """Return a text in the encoding that its file had."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(before).readline)
    return text.encode(encoding)
