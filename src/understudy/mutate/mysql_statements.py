"""Statements of MySQL as the operators read them: `$1` for each value, and names in `"`."""

from __future__ import annotations

from functools import lru_cache

from understudy.mysql import sql as mysql
from understudy.mysql.templates import spelled
from understudy.pg import sql
from understudy.pg.sql_spelling import name_of, quoted
from understudy.script.calls import Call
from understudy.script.mysql_calls import MysqlCall


def readable(call: Call) -> str:
    """Return a call's statement as the operators read it; two calls of one line have the same."""
    if not isinstance(call, MysqlCall) or call.template.is_bulk:
        return call.statement
    return _numbered(call.template.text)


def shown(call: Call) -> str:
    """Return a call's statement on one line, as a report shows it: `$1` for each value.

    Of an INSERT of several rows it shows one, with `?`.
    """
    if not isinstance(call, MysqlCall) or call.template.is_bulk:
        return call.sql
    return mysql.readable(_numbered(call.template.text, quotes_names=False))


def printable(sentence: str) -> str:
    r"""Return a sentence about a statement with `\xff` for bytes that are not UTF-8."""
    return sentence.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def as_sent(changed: str, call: Call) -> str:
    """Return a changed statement as it is sent instead of a call: with the call's values."""
    if not isinstance(call, MysqlCall) or call.template.is_bulk:
        return changed  # the rows of a bulk INSERT are in the text
    return _for_mysql(changed, [spelled(value) for value in call.template.values])


def preparable(statement: str) -> str:
    """Return a statement with `?` for each value, as MySQL prepares it."""
    return _for_mysql(statement, None)


@lru_cache(maxsize=1024)
def _numbered(text: str, *, quotes_names: bool = True) -> str:
    parts: list[str] = []
    end = count = 0
    for piece in mysql.pieces(text):
        if piece.kind == "parameter":
            count += 1
            new = f"${count}"
        elif piece.kind == "name" and quotes_names:
            new = quoted(mysql.name_of(piece.text))
        else:
            continue
        parts += [text[end : piece.start], new]
        end = piece.end
    return "".join([*parts, text[end:]])


def _for_mysql(statement: str, values: list[str] | None) -> str:
    parts: list[str] = []
    end = 0
    for piece in sql.pieces(statement):
        if piece.text[0] == "$" and piece.text[1:].isdigit():
            new = "?" if values is None else values[int(piece.text[1:]) - 1]
        elif piece.text[0] == '"':
            new = mysql.quoted(name_of(piece.text))
        else:
            continue
        parts += [statement[end : piece.start], new]
        end = piece.end
    return "".join([*parts, statement[end:]])
