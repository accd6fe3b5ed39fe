"""MySQL's SQL as a sequence of pieces.

The rules are those of the manual (MySQL 8.4, 11.1, 11.2 and 11.7) with the default sql_mode:
a backslash escapes in a string, and double quotes enclose a string. ANSI_QUOTES and
NO_BACKSLASH_ESCAPES are not read. What stands in `/*! ... */` is code; every other comment, an
optimizer hint among them, carries no meaning here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

# Longer texts are rows of data, of which a cache would hold many megabytes.
LONGEST_KEPT = 10_000  # characters
Kind = Literal["word", "name", "text", "number", "variable", "symbol", "parameter"]

# Only these make an introducer: `_id 'x'` is a column with an alias.
CHARSETS = (
    "armscii8|ascii|big5|binary|cp1250|cp1251|cp1256|cp1257|cp850|cp852|cp866|cp932|dec8|eucjpms"
    "|euckr|gb18030|gb2312|gbk|geostd8|greek|hebrew|hp8|keybcs2|koi8r|koi8u|latin1|latin2|latin5"
    "|latin7|macce|macroman|sjis|swe7|tis620|ucs2|ujis|utf16|utf16le|utf32|utf8|utf8mb3|utf8mb4"
)
# A quote that nothing closes reaches to the end.
QUOTED = r"""(?:'(?:[^'\\]++|''|\\.)*+(?:'|\\?\Z)|"(?:[^"\\]++|""|\\.)*+(?:"|\\?\Z))"""
NAME = r"`(?:[^`]++|``)*+(?:`|\Z)"
BYTES = r"(?:[xX]'[0-9a-fA-F]*+'|[bB]'[01]*+'|0x[0-9a-fA-F]++(?![\w$])|0b[01]++(?![\w$]))"
_INTRODUCER = rf"(?i:_(?:{CHARSETS})\b\s*+)"
TEXT = rf"(?:(?<![\w$])(?:(?:{_INTRODUCER}|[nN](?=')){QUOTED}|{_INTRODUCER}?{BYTES})|{QUOTED})"
NUMBER = r"(?:[0-9]++(?:\.[0-9]*+)?+|(?<![\w$`])\.\d++)(?:[eE][+-]?\d++)?+(?![\w$])"
# No server has so high a version: mariadb-dump writes a command for its client in such a comment.
COMMENT = r"(?:--(?=[\s\0-\x1f]|\Z)[^\n]*+|\#[^\n]*+|/\*(?!M?!(?!999999)).*?(?:\*/|\Z))"
EXECUTABLE = r"/\*M?!(?!999999)(?:\d{5,6})?"
_TOKEN = re.compile(
    rf"""
      (?P<space>\s++) | (?P<comment>{COMMENT}) | (?P<executable>{EXECUTABLE})
    | (?P<text>{TEXT}) | (?P<name>{NAME})
    | (?P<variable>@@?(?:[\w$.]++|{QUOTED}|{NAME}))
    | (?P<parameter>\?|%s(?![\w$])|%\(\w++\)s)
    | (?P<number>{NUMBER}) | (?P<word>[\w$]++)
    | (?P<symbol>\.\.\.|->>|<=>|->|<<|>>|<>|!=|>=|<=|:=|\|\||&&|%%|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPE_IN_DOUBLE = re.compile(r'\\(.)|""', re.DOTALL)
# The manual, table 11.1; after any other character a backslash means nothing.
_ESCAPED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
_ESCAPED |= {"%": "\\%", "_": "\\_"}
_PROGRAMS = frozenset(["TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "PACKAGE"])
_NOT_COUNTED = frozenset(["IF", "LOOP", "WHILE", "REPEAT", "FOR"])
_DELIMITER = re.compile(r"[ \t]+(\S+)[^\n]*")


class Piece(NamedTuple):
    """A token, and where it begins.

    Attributes:
        kind: "name" for one in backticks, "text" for a string or bytes in any spelling, "variable"
            for `@x` and `@@x`, "parameter" for `?`, `%s` and `%(name)s`.
        text: as it is written.
        start: the offset in the statement.
        is_spaced: whether a space or a comment stands before it.
    """

    kind: Kind
    text: str
    start: int
    is_spaced: bool

    @property
    def end(self) -> int:
        """The offset after it."""
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        """A word in upper case; any other piece as it is written."""
        return self.text.upper() if self.kind == "word" else self.text


def pieces(sql: str) -> tuple[Piece, ...]:
    """Return the tokens of SQL, semicolons among them, without white space and comments.

    Never fails: invalid SQL becomes pieces, too.
    """
    return _pieces(sql) if len(sql) <= LONGEST_KEPT else tuple(scan(sql))


@lru_cache(maxsize=1024)
def _pieces(sql: str) -> tuple[Piece, ...]:
    return tuple(scan(sql))


def scan(sql: str, start: int = 0) -> Iterator[Piece]:
    """Yield the tokens one by one from a position, which must not be inside of a token."""
    is_spaced = False
    is_executable = False
    skipped = 0
    for match in _TOKEN.finditer(sql, start):
        kind = match.lastgroup
        if kind == "executable":
            is_executable = True
        elif kind == "symbol" and is_executable and sql.startswith("*/", match.start()):
            is_executable = False
            skipped = match.end() + 1
        elif kind != "space" and kind != "comment" and match.start() >= skipped:
            yield Piece(kind, match[0], match.start(), is_spaced)  # type: ignore[arg-type] # a Kind
            is_spaced = False
            continue
        is_spaced = True


def one_line(sql: str) -> str:
    """Return SQL as it was written, but on one line and without comments."""
    parts = [f" {piece.text}" if piece.is_spaced else piece.text for piece in pieces(sql)]
    while parts and parts[-1].strip() == ";":
        parts.pop()
    return "".join(parts).strip()


def readable(sql: str) -> str:
    r"""Return SQL on one line, to be shown.

    Bytes that are not UTF-8, from `surrogateescape`, are written `\xff`: no file, terminal or
    channel takes them.
    """
    text = one_line(sql)
    if text.isascii() or not _has_bytes(text):
        return text
    return _encoded(text).decode("utf-8", "backslashreplace")


def command_of(sql: str) -> str:
    """Return the first word in upper case, such as "SELECT"; brackets may stand before it.

    After WITH it is the word of the statement that uses the queries; "" if there is no word.
    """
    depth = 0
    is_with = False
    for piece in scan(sql):
        depth += (piece.text == "(") - (piece.text == ")")
        if piece.kind != "word" or (is_with and depth):
            continue
        word = piece.word
        if not is_with and word == "WITH":
            is_with, depth = True, 0
        elif not is_with or word in ("SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "VALUES"):
            return word
    return "WITH" if is_with else ""


def text_of(literal: str) -> str | bytes:
    """Return what a string or bytes literal means: a piece of kind "text".

    Bytes are 0x41, x'41', b'01000001', what `_binary` introduces, and a string with characters
    from `surrogateescape`: drivers paste bytes into a statement like this.
    """
    if literal[0] == "'" and literal[-1] == "'" and "\\" not in literal and "''" not in literal:
        text = literal[1:-1]
    else:
        if literal[0] == "_":
            introducer = re.match(rf"_(?i:{CHARSETS})(?=[\s'\"0xXbB])\s*", literal)
            rest = literal[introducer.end() :] if introducer else literal
            value = text_of(rest)
            is_binary = literal[:7].lower() == "_binary"
            return _encoded(value) if is_binary and isinstance(value, str) else value
        if literal[0] in "nN":
            literal = literal[1:]
        if literal[0] not in "'\"":
            return _bytes_of(literal)
        escape = _ESCAPE if literal[0] == "'" else _ESCAPE_IN_DOUBLE
        end = -1 if literal[-1] == literal[0] else None
        text = escape.sub(lambda match: _unescaped(match, literal[0]), literal[1:end])
    return text if text.isascii() or not _has_bytes(text) else _encoded(text)


def _unescaped(match: re.Match[str], quote: str) -> str:
    character: str | None = match[1]
    return quote if character is None else _ESCAPED.get(character, character)


def _has_bytes(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _bytes_of(literal: str) -> bytes:
    digits = literal[2:].rstrip("'")
    if literal[0] in "xX" or literal[1] == "x":
        return bytes.fromhex(digits if len(digits) % 2 == 0 else f"0{digits}")
    return int(digits or "0", 2).to_bytes((len(digits) + 7) // 8, "big")


class _Bodies:
    """Finds the semicolons that end a statement: one in the body of a stored program does not."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._command = ""
        self._is_program = False
        self._open = 0
        self._previous = ""

    def is_end(self, piece: Piece) -> bool:
        """Return whether a piece, given in order, ends the statement."""
        word = piece.word
        if word == ";" and not self._open:
            self._clear()
            return True
        self._command = self._command or word
        if self._command in ("CREATE", "ALTER"):
            self._is_program = self._is_program or word in _PROGRAMS
        elif self._command == "BEGIN" and self._previous == "BEGIN" and word == "NOT":
            self._is_program = True  # BEGIN NOT ATOMIC
            self._open = 1
        if self._is_program:
            self._count(word)
        self._previous = word
        return False

    def _count(self, word: str) -> None:
        if self._previous == "END" and word in _NOT_COUNTED:
            self._open += 1  # END IF ends what was not counted
        elif word == "BEGIN" or (word == "CASE" and self._previous != "END"):
            self._open += 1
        elif word == "END":
            self._open = max(0, self._open - 1)


class Statement(NamedTuple):
    """A statement of several.

    Attributes:
        text: as it is written, without what ends it.
        start: its offset.
    """

    text: str
    start: int


def statements(sql: str) -> list[Statement]:
    """Return the statements that semicolons join; what is empty is left out.

    Semicolons in the body of a stored program join nothing.
    """
    found: list[Statement] = []
    start = 0
    bodies = _Bodies()
    is_empty = True
    if ";" not in sql:
        return [] if next(scan(sql), None) is None else [_between(sql, 0, len(sql))]
    for piece in pieces(sql):
        if not bodies.is_end(piece):
            is_empty = False
            continue
        if not is_empty:
            found.append(_between(sql, start, piece.start))
        start, is_empty = piece.end, True
    return found if is_empty else [*found, _between(sql, start, len(sql))]


def script_statements(text: str) -> list[Statement]:
    """Return the statements of a file for the command-line client, as mysqldump writes it.

    DELIMITER is the client's own command: it names what ends the statements after it. Without it,
    semicolons in the body of a stored program end nothing either.
    """
    found: list[Statement] = []
    position = 0
    delimiter = ";"
    while position < len(text):
        end, after, following = _end_of_statement(text, position, delimiter)
        statement = _between(text, position, end)
        if next(scan(statement.text), None) is not None:
            found.append(statement)
        position = after
        delimiter = following
    return found


def _end_of_statement(text: str, start: int, delimiter: str) -> tuple[int, int, str]:
    """Return where a statement ends, where the next one begins, and what ends that."""
    first = next(scan(text, start), None)
    if first is None:
        return len(text), len(text), delimiter
    if first.word == "DELIMITER" and (named := _DELIMITER.match(text, first.end)):
        return first.start, named.end(), named[1]
    if delimiter == ";":
        bodies = _Bodies()
        ends = (piece.start for piece in scan(text, start) if bodies.is_end(piece))
    else:
        # The client looks for it in words, too: END$$.
        skipped = rf"{QUOTED}|{NAME}|{COMMENT}|(?P<end>{re.escape(delimiter)})"
        matches = re.compile(skipped, re.DOTALL).finditer(text, start)
        ends = (match.start() for match in matches if match.lastgroup)
    end = next(ends, len(text))
    return end, end + len(delimiter), delimiter


def _between(text: str, start: int, end: int) -> Statement:
    part = text[start:end]
    return Statement(part.strip(), start + len(part) - len(part.lstrip()))


def quoted(name: str) -> str:
    """Return a name in backquotes."""
    return "`" + name.replace("`", "``") + "`"


def name_of(text: str) -> str:
    """Return a name without its backquotes, if it has any."""
    return text[1:-1].replace("``", "`") if text[:1] == "`" else text
