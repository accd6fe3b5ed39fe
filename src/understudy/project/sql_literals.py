"""The SQL statements that stand in a project's source, as text.

A statement is only given if it is certain that it is one, and complete: an f-string, or a text that
is put together from parts, is counted and left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from understudy.pg import sql, sql_lists
from understudy.project import files, parsing
from understudy.project.sources import Module, Project

# What makes a text that begins with a command a statement, and not a sentence of English.
_STATEMENT = re.compile(
    r"""
      SELECT\b.*\bFROM\b | SELECT\s+(?:\w+\s*\(|[\d'$:%]|EXISTS\b|CURRENT_)
    | INSERT\s+INTO\s+\S+ .* (?:\bVALUES\b|\bSELECT\b|\bDEFAULT\b) | UPDATE\s.+?\sSET\s.*=
    | DELETE\s+FROM\s+\S+ | MERGE\s+INTO\s+\S+ | WITH\s.+?\sAS\s.*?\(
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_COMMANDS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH"})
# Functions that send their text, or make a statement of it.
_SENDING = re.compile(
    r"(?:execute|fetch|query|select|cursor|prepare|stream|scalar|copy|text|sql|statement|raw)\w*",
    re.IGNORECASE,
)
# Functions to which a text is only something to show.
_SHOWING = frozenset(
    {"print", "debug", "info", "warning", "warn", "error", "exception", "critical", "log", "Field"}
    | {"Query", "Path", "Body", "Header", "Depends", "Option", "Argument", "add_argument", "echo"}
)
_PARAMETER = re.compile(r"\$\d+|%s|%\(\w+\)s|\$\(\w+\)p|:[^\W\d]\w*|\?")
_VALUE = re.compile(r"\d.*|[eEbBxXnN]?'.*", re.DOTALL)
_NAMED = re.compile(r"^--[ \t]*name[ \t]*:.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Literal:
    """A statement in the source.

    Attributes:
        text: the statement.
        path: its file.
        lines: for each line of `text`, its line in the file.
        column: the column of its first character, from 0; of the quote if that is before it on the
            same line.
    """

    text: str
    path: Path
    lines: tuple[int, ...]
    column: int

    @property
    def line(self) -> int:
        """Its first line."""
        return self.lines[0]

    @property
    def last(self) -> int:
        """Its last line."""
        return self.lines[-1]

    def line_of(self, offset: int) -> int:
        """Return the line in the file on which a character of the text stands."""
        return self.lines[self.text.count("\n", 0, offset)]


@dataclass(slots=True)
class Inventory:
    """The statements of a project.

    Attributes:
        literals: those that are complete, by file and line.
        composed: the places of those that are put together at run time.
        unreadable: the files that cannot be read or parsed.
        tests: the files of the tests, whose statements are not in it.
    """

    literals: list[Literal] = field(default_factory=list)
    composed: list[files.Place] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)
    tests: set[Path] = field(default_factory=set)


class Places:
    """Finds the literal of a statement that was sent, by its text and the line that sent it."""

    def __init__(self, literals: Iterable[Literal]) -> None:
        self._exact: dict[sql.Tokens, list[Literal]] = {}
        self._loose: dict[sql.Tokens, list[Literal]] = {}
        for literal in literals:
            self._exact.setdefault(shape(literal.text), []).append(literal)
            self._loose.setdefault(shape(literal.text, loose=True), []).append(literal)

    def find(self, statement: str, path: Path | None = None, line: int = 0) -> list[Literal]:
        """Return the literals of a statement; several if it is not certain which one was sent.

        Args:
            statement: its text, with the parameters as its driver has written them.
            path: the file that sent it, if known.
            line: the line that sent it.
        """
        found = self._exact.get(shape(statement)) or self._loose.get(shape(statement, loose=True))
        if not found:
            return []
        # A call and the literal in it begin on the same line, or on the next one.
        near = [
            literal
            for literal in found
            if literal.path == path and literal.line - 2 <= line <= literal.last + 1
        ]
        return near or found


def shape(statement: str, *, loose: bool = False) -> sql.Tokens:
    """Return the tokens of a statement, the same for each way to write its parameters.

    Args:
        statement: the statement, with $1, %s, %(name)s or :name.
        loose: whether a value in the text counts as a parameter, and a list of them as one.
    """
    found: list[str] = []
    tokens = _inner(sql.tokens(statement))
    at = 0
    while at < len(tokens):
        token = tokens[at]
        is_value = loose and _VALUE.fullmatch(token) is not None
        if is_value or _PARAMETER.fullmatch(token):
            found.append("?")
            while tokens[at + 1 : at + 2] == ("::",):
                at += 2  # SQLAlchemy writes the types of parameters
                if tokens[at + 1 : at + 2] == ("(",):
                    at = tokens.index(")", at)
        else:
            found.append(token.replace("%%", "%"))
        at += 1
    return _without_lists(found) if loose else tuple(found)


def _without_lists(tokens: Sequence[str]) -> sql.Tokens:
    """Return tokens with one parameter instead of a list: SQLAlchemy expands `IN :ids`."""
    found: list[str] = []
    for token in tokens:
        found.append(token)
        if found[-3:] == ["?", ",", "?"]:
            del found[-2:]
        elif found[-3:] == ["(", "?", ")"] and found[-4:-3] in (["IN"], ["in"]):
            found[-3:] = ["?"]
    return tuple(found)


def _inner(tokens: sql.Tokens) -> sql.Tokens:
    """Return the query in what a driver makes of it for a cursor or a COPY."""
    first = tokens[0].upper() if tokens else ""
    if first == "DECLARE" and "FOR" in tokens:
        return tokens[tokens.index("FOR") + 1 :]
    if first == "COPY" and tokens[1:2] == ("(",):
        return tokens[2 : sql_lists.items(tokens, 2, {";"})[1]]
    return tokens


def inventory(root: Path, excluded: Iterable[Path] = ()) -> Inventory:
    """Return the statements in the source of a project, without its tests and migrations.

    Args:
        root: the project's folder.
        excluded: files that are left out, such as those of the schema.
    """
    project = Project(root)
    found = Inventory()
    left_out = set(excluded)
    for path in sorted(files.walk(root)):
        if files.is_test_code(path, root, project.pytest):
            found.tests.add(path)
        elif path in left_out:
            continue
        elif path.suffix == ".py":
            _read_python(path, project, found)
        elif path.suffix == ".sql":
            _read_sql(path, found)
    found.literals.sort(key=lambda literal: (literal.path, literal.line, literal.column))
    return found


def _read_python(path: Path, project: Project, found: Inventory) -> None:
    try:
        content = parsing.read(path)
        if not any(word in content.upper() for word in (b"SELECT", b"INTO", b"UPDATE", b"DELETE")):
            return
        module = project.load(path)
    except (OSError, parsing.Unreadable):
        found.unreadable.append(path)
        return
    if not any(name.partition(".")[0] == "alembic" for name in module.imports.values()):
        _read_module(module, found)
    module.forget()


def _read_module(module: Module, found: Inventory) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.JoinedStr):
            first = node.values[0] if node.values else None
            if isinstance(first, ast.Constant) and _is_statement(module, node, str(first.value)):
                found.composed.append(module.place(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if isinstance(module.parents.get(node), ast.JoinedStr | ast.FormattedValue | ast.Expr):
                continue  # a part of an f-string, or a docstring
            if not _is_statement(module, node, node.value):
                continue
            if _is_composed(module, node):
                found.composed.append(module.place(node))
            else:
                found.literals += _literals(module, node)


def has_statement(module: Module, node: ast.AST) -> bool:
    """Return whether a function or a class certainly has SQL in its source, whole or in parts."""
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Constant | ast.JoinedStr):
            continue
        text = inner.values[0] if isinstance(inner, ast.JoinedStr) and inner.values else inner
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            above = module.parents.get(inner)
            is_part = isinstance(above, ast.JoinedStr | ast.FormattedValue | ast.Expr)
            if not is_part and _is_statement(module, inner, text.value):
                return True
    return False


def _is_statement(module: Module, node: ast.expr, text: str) -> bool:
    """Return whether it is certain that a text in the source is SQL."""
    word = next(iter(sql.first_tokens(text)), "")
    if word.upper() not in _COMMANDS or word not in (word.upper(), word.lower()):
        return False
    if isinstance(node, ast.Constant) and not _STATEMENT.match(" ".join(sql.tokens(text))):
        return False
    is_sent = False
    for above in module.above(node):
        if isinstance(above, ast.Call):
            name = parsing.last_name(above)
            if name in _SHOWING or name.endswith(("Error", "Exception", "Warning")):
                return False
            is_sent = is_sent or _SENDING.fullmatch(name) is not None
        elif isinstance(above, ast.stmt):
            if isinstance(above, ast.Raise | ast.Assert):
                return False
            break
    # English does not write its first word in capitals.
    return is_sent or word.isupper() or "\n" in text or "$1" in text


def _is_composed(module: Module, node: ast.expr) -> bool:
    """Return whether a text is changed before it is sent: added to, or filled in."""
    above = module.parents.get(node)
    if isinstance(above, ast.BinOp | ast.AugAssign):
        return True
    if isinstance(above, ast.Attribute):
        return above.attr in ("format", "join", "replace", "format_map", "substitute")
    if (
        isinstance(above, ast.Call)
        and node in above.args
        and parsing.last_name(above) in ("SQL", "Template")
    ):
        return True
    tokens = sql.tokens(str(node.value)) if isinstance(node, ast.Constant) else ()
    return "{" in tokens or tokens.count("(") != tokens.count(")")


def _literals(module: Module, node: ast.Constant) -> Iterator[Literal]:
    """Return the statements of a text, which may be several."""
    text = str(node.value)
    first = node.lineno
    # Line for line the same, unless a line break is escaped or the text has several parts.
    is_plain = (node.end_lineno or first) - first == text.count("\n")
    for start, statement in _statements(text):
        before = text.count("\n", 0, start)
        count = statement.count("\n")
        lines = range(first + before, first + before + count + 1)
        yield Literal(
            statement,
            module.path,
            tuple(lines) if is_plain else (first,) * (count + 1),
            start - (text.rindex("\n", 0, start) + 1) if before else node.col_offset,
        )


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the text of each statement, from its first token to its last."""
    for piece in sql.split(text):
        tokens = sql.pieces(piece.text)
        start = tokens[0].start
        yield piece.start + start, piece.text[start : tokens[-1].start + len(tokens[-1].text)]


def _read_sql(path: Path, found: Inventory) -> None:
    """Read a file of named queries, as aiosql has them; other files are schemas and scripts."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return  # no file of queries that a library could load
    names = [match.end() for match in _NAMED.finditer(text)]
    for name, following in zip(names, [*names[1:], len(text)], strict=False):
        for offset, statement in _statements(text[name:following]):
            start = name + offset
            first = text.count("\n", 0, start) + 1
            lines = tuple(range(first, first + statement.count("\n") + 1))
            found.literals.append(
                Literal(statement, path, lines, start - (text.rfind("\n", 0, start) + 1))
            )
