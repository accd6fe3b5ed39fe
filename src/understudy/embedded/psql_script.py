"""Read an SQL file as psql does: statements, the rows of COPY, and psql's own commands.

Nothing is sent here: variables and conditions of a file are known without a server.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from understudy.embedded.errors import SchemaError
from understudy.pg import sql
from understudy.script.excerpt import line_and_column

_COMMAND = re.compile(r"\\([A-Za-z_]\w*\+?|[!?;.])?([^\n]*)")
_ARGUMENT = re.compile(r"""'((?:[^'\\]|''|\\.)*)'|"((?:[^"]|"")*)"|(\S+)""")
_VARIABLE = re.compile(r""":(?:\{\?(\w+)\}|'(\w+)'|"(\w+)"|(\w+))""")
_END_OF_ROWS = re.compile(r"^\\\.[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_FILE_OF_COPY = re.compile(r"\bfrom\s+(?!std|pstd|program\b)('(?:[^']|'')*'|\S+)", re.IGNORECASE)
_STDIN = ("STDIN", "PSTDIN")
# They change what psql prints, or check that a dump is not changed on its way.
_WITHOUT_EFFECT = (
    "restrict|unrestrict|echo|qecho|warn|timing|pset|x|t|a|f|H|C|T|o|conninfo|p|errverbose|h|l|z"
    "|sf|sv|encoding|d[A-Za-z]*"
)
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
# The words of a statement that tell its kind.
_FIRST_WORDS = 6


@dataclass(frozen=True)
class Source:
    """A text of SQL.

    Attributes:
        shown: its name in messages.
        text: its content.
        folder: the folder that the names of further files in it are relative to.
    """

    shown: str
    text: str
    folder: Path | None = None


@dataclass(frozen=True)
class Statement:
    r"""A statement of SQL.

    Attributes:
        text: the statement, without its semicolon.
        source: where it stands.
        start: its offset there.
        words: its first tokens, in upper case.
        is_exact: whether the text is that of the source, not one with psql's variables replaced.
        rows: the lines after COPY ... FROM stdin.
        is_executed: whether what it returns is SQL to be executed, as for `\gexec`.
    """

    text: str
    source: Source
    start: int
    words: tuple[str, ...]
    is_exact: bool = True
    rows: str | None = None
    is_executed: bool = False


@dataclass(frozen=True)
class Connect:
    r"""psql's `\connect`; `-` and "" keep the database or the user."""

    database: str
    user: str
    source: Source
    start: int


Step = Statement | Connect


def statement_of(text: str, source: Source, start: int) -> Statement:
    """Return a statement that is not part of its source, but was made from what stands there."""
    words = tuple(word.upper() for word in islice(sql.first_tokens(text), _FIRST_WORDS))
    return Statement(text, source, start, words, is_exact=False)


def read_script(source: Source, open_file: Callable[[str, Path | None], Source]) -> list[Step]:
    """Return what psql would do for a file, in order.

    Args:
        source: the file.
        open_file: returns the file with a name; the folder is that of the file that names it if
            the name is relative to it.

    Raises:
        SchemaError: there is a command of psql that cannot be carried out, or `open_file` fails.
    """
    script = _Script(open_file)
    _File(source, script).read()
    return script.steps


@dataclass
class _Script:
    open_file: Callable[[str, Path | None], Source]
    steps: list[Step] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    has_quit: bool = False
    depth: int = 0


class _Branch:
    r"""A `\if` with its branches, of which one at most is read."""

    def __init__(self, is_read: bool, outer: bool) -> None:
        self.outer = outer
        self.is_read = outer and is_read
        self.was_read = is_read


class _File:
    def __init__(self, source: Source, script: _Script) -> None:
        self._source = source
        self._script = script
        self._text = source.text
        self._branches: list[_Branch] = []
        self._skipped_from = 0
        self._clear()

    def read(self) -> None:
        """Add the steps of this file to the script."""
        position: int | None = 0
        while position is not None and not self._script.has_quit:
            position = self._read_from(position)
        self._end_statement(len(self._text))

    @property
    def _is_read(self) -> bool:
        return not self._branches or self._branches[-1].is_read

    def _clear(self) -> None:
        self._start: int | None = None
        self._end = 0
        self._words: list[str] = []
        self._last = ""
        self._takes_rows = False
        self._replaced: list[tuple[int, int, str]] = []
        self._ends = sql.StatementEnds()

    def _read_from(self, position: int) -> int | None:
        """Read to the end, or return the position at which to read on."""
        for token, start in sql.pieces_from(self._text, position):
            if token == "\\":
                return self._command(start)
            if not self._is_read:
                continue
            if self._ends.is_end(token):
                if (after := self._end_statement(start + 1)) is not None:
                    return after
            else:
                self._add(token, start)
        return None

    def _add(self, token: str, start: int) -> None:
        word = token.upper()
        if self._start is None:
            self._start = start
        elif self._words[0] == "COPY" and word in _STDIN and self._last == "FROM":
            self._takes_rows = True
        if len(self._words) < _FIRST_WORDS:
            self._words.append(word)
        self._last = word
        self._end = max(self._end, start + len(token))
        if token[0] == ":" and (found := _VARIABLE.match(self._text, start)):
            value = self._value(found)
            if value is not None:
                self._replaced.append((start, found.end(), value))
                self._end = found.end()

    def _value(self, found: re.Match[str]) -> str | None:
        asked, literal, name, plain = found.groups()
        variables = self._script.variables
        if asked:
            return "TRUE" if asked in variables else "FALSE"
        value = variables.get(literal or name or plain)
        if value is None or plain:
            return value
        mark = "'" if literal else '"'
        return mark + value.replace(mark, 2 * mark) + mark

    def _end_statement(self, end: int, *, is_executed: bool = False) -> int | None:
        """Add the statement before `end`; return where to read on, if not there."""
        if self._start is None:
            return None
        start, text = self._start, self._text[self._start : self._end]
        for begin, stop, value in reversed(self._replaced):
            text = text[: begin - start] + value + text[stop - start :]
        after = rows = None
        if self._takes_rows:
            rows, after = self._rows(end)
        self._script.steps.append(
            Statement(
                text,
                self._source,
                start,
                tuple(self._words),
                is_exact=not self._replaced,
                rows=rows,
                is_executed=is_executed,
            )
        )
        self._clear()
        return after

    def _rows(self, end: int) -> tuple[str, int]:
        """Return the rows that begin on the line after `end`, and the position after them."""
        newline = self._text.find("\n", end)
        start = newline + 1 if newline >= 0 else len(self._text)
        found = _END_OF_ROWS.search(self._text, start)
        stop, after = found.span() if found else (len(self._text), len(self._text))
        return self._text[start:stop], after

    # psql's commands --------------------------------------------------------------------------

    def _command(self, start: int) -> int:
        found = _COMMAND.match(self._text, start)
        assert found is not None
        name = found[1] or ""
        if name in ("if", "elif", "else", "endif"):
            self._condition(name, found[2], start)
        elif self._is_read:
            self._carry_out(name, found[2].strip(), start)
        if self._start is not None:
            # The line does not belong to the statement around it.
            self._blank(start, found.end())
        return found.end()

    def _condition(self, name: str, rest: str, start: int) -> None:
        was_read = self._is_read
        if name == "if":
            self._branches.append(_Branch(was_read and self._truth(rest, start), was_read))
        elif not self._branches:
            raise self._refusal(start, f"\\{name} without \\if")
        elif name == "endif":
            self._branches.pop()
        else:
            branch = self._branches[-1]
            is_next = branch.outer and not branch.was_read
            branch.is_read = is_next and (name == "else" or self._truth(rest, start))
            branch.was_read |= branch.is_read
        if was_read and not self._is_read:
            self._skipped_from = start
        elif self._is_read and not was_read and self._start is not None:
            self._blank(self._skipped_from, start)

    def _truth(self, rest: str, start: int) -> bool:
        value = "".join(self._arguments(rest)).lower()
        if value and any(word.startswith(value) for word in _TRUE):
            return True
        if value and any(word.startswith(value) for word in _FALSE):
            return False
        raise self._refusal(start, f"\\if {rest.strip()}, which is neither true nor false")

    def _carry_out(self, name: str, rest: str, start: int) -> None:
        arguments = self._arguments(rest)
        if name == "set":
            if arguments:
                self._script.variables[arguments[0]] = "".join(arguments[1:])
        elif name == "unset":
            for argument in arguments:
                self._script.variables.pop(argument, None)
        elif name in ("i", "include", "ir", "include_relative") and arguments:
            self._include(arguments[0], is_relative="r" in name.removeprefix("include"))
        elif name in ("c", "connect"):
            self._connect(arguments, start)
        elif name in ("g", "gexec") and not arguments:
            self._end_statement(start, is_executed=name == "gexec")
        elif name == "copy" and (found := _FILE_OF_COPY.search(rest)):
            self._copy(rest, found, start)
        elif name in ("q", "quit"):
            self._script.has_quit = True
        elif not re.fullmatch(_WITHOUT_EFFECT, name.rstrip("+")):
            raise self._refusal(start, f"\\{name}")

    def _include(self, name: str, *, is_relative: bool) -> None:
        if self._script.depth > 20:
            raise SchemaError(f"The schema file {self._source.shown} includes itself.")
        self._script.depth += 1
        source = self._script.open_file(name, self._source.folder if is_relative else None)
        _File(source, self._script).read()
        self._script.depth -= 1

    def _connect(self, arguments: list[str], start: int) -> None:
        names = [word for word in arguments if not word.startswith("-reuse-previous")]
        database = names[0] if names else "-"
        if "=" in database or "://" in database:
            found = re.search(r"dbname='((?:[^'\\]|\\.)*)'|dbname=(\S+)|://[^/]*/([^?]*)", database)
            parts = found.groups() if found else ("-",)
            database = re.sub(r"\\(.)", r"\1", next((part for part in parts if part), "-"))
        user = names[1] if len(names) > 1 else "-"
        self._script.steps.append(Connect(database, user, self._source, start))

    def _copy(self, rest: str, found: re.Match[str], start: int) -> None:
        name = found[1].strip("'").replace("''", "'")
        rows = self._script.open_file(name, None).text
        text = f"COPY {rest[: found.start(1)]}STDIN{rest[found.end(1) :]}".rstrip("; ")
        statement = statement_of(text, self._source, start)
        self._script.steps.append(replace(statement, rows=rows))

    def _arguments(self, rest: str) -> list[str]:
        words = []
        for single, double, plain in _ARGUMENT.findall(rest):
            if plain:
                words.append(_VARIABLE.sub(lambda m: self._value(m) or m[0], plain))
            else:
                words.append(single.replace("''", "'") or double.replace('""', '"'))
        return words

    def _blank(self, start: int, end: int) -> None:
        self._text = self._text[:start] + " " * (end - start) + self._text[end:]

    def _refusal(self, start: int, what: str) -> SchemaError:
        line, _ = line_and_column(self._source.text, start)
        return SchemaError(
            f"The schema file {self._source.shown}, line {line}, has the psql command {what}, which"
            " Understudy does not carry out.\n"
            "Remove it, or run psql in a function and name that: "
            'schema = "tests.schema:create".\n'
            "Understudy carries out \\connect, \\copy ... from a file, \\g, \\gexec, \\i, \\if, "
            "\\ir, \\q, \\set and \\unset. It ignores \\restrict and what only prints."
        )
