"""The options of COPY."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from understudy.pg import sql
from understudy.pg.sql_spelling import name_of, text_of

Columns: TypeAlias = frozenset[str] | None  # None for all
_NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class CopyOptions:
    """The options of a COPY (manual, COPY).

    Attributes:
        format: "text", "csv" or "binary".
        delimiter: between two values; None for the format's own.
        null: what stands for NULL; None for the format's own.
        quote, escape: of csv; `escape` is `quote` unless it is given.
        header: whether the names of the columns come first.
        header_is_checked: whether COPY FROM compares these names with those of the columns.
        default: what stands for the default of a column in COPY FROM; None for nothing.
        force_quote: the columns whose values COPY TO always quotes; None for all.
        force_null: the columns in which a quoted value may be NULL; None for all.
        force_not_null: the columns in which no text is NULL; None for all.
        on_error: "stop", or "ignore" to leave out rows with an invalid value.
        encoding: of the text.
    """

    format: str = "text"
    delimiter: str | None = None
    null: str | None = None
    quote: str = '"'
    escape: str | None = None
    header: bool = False
    header_is_checked: bool = False
    default: str | None = None
    force_quote: Columns = _NONE
    force_null: Columns = _NONE
    force_not_null: Columns = _NONE
    on_error: str = "stop"
    encoding: str = "utf8"

    @staticmethod
    def forces(columns: Columns, name: str | None) -> bool:
        """Return whether a column is one of those of an option."""
        return columns is None or name in columns


def options_in(statement: str) -> CopyOptions:
    """Return the options of a COPY, in the syntax of today or of before version 9.0."""
    tokens = sql.tokens(statement)
    words = [token.upper() for token in tokens]
    options = CopyOptions()
    at = max(words.index(word) for word in ("STDIN", "STDOUT") if word in words) + 1
    if words[1:2] == ["BINARY"]:
        options.format = "binary"
    while at < len(words) and words[at] != "WHERE":
        word, at = words[at], at + 1
        if word == "FORCE":  # the old syntax: FORCE NOT NULL a, b
            parts = ["FORCE"]
            while words[at : at + 1] in (["NOT"], ["NULL"], ["QUOTE"]):
                parts.append(words[at])
                at += 1
            word = "_".join(parts)
        given = at + (words[at : at + 1] in (["AS"], ["QUOTE"]))
        value = _literal(tokens[given]) if given < len(tokens) else ""
        if word == "FORMAT":
            options.format = value.lower()
        elif word in ("CSV", "BINARY"):
            options.format = word.lower()
        elif word == "HEADER":
            options.header = value.upper() not in ("FALSE", "OFF", "0")
            options.header_is_checked = value.upper() == "MATCH"
        elif word in ("FORCE_QUOTE", "FORCE_NULL", "FORCE_NOT_NULL"):
            columns, at = _columns(tokens, at)
            setattr(options, word.lower(), columns)
        elif word in ("DELIMITER", "NULL", "QUOTE", "ESCAPE", "ENCODING", "ON_ERROR", "DEFAULT"):
            setattr(options, word.lower(), value)
            at = given + 1
    return options


def _literal(token: str) -> str:
    if token[:2] in ("E'", "e'"):
        return token[2:-1].encode().decode("unicode_escape")
    text = text_of(token)
    return token.strip('"') if text is None else text


def _columns(tokens: Sequence[str], at: int) -> tuple[Columns, int]:
    """Return the columns of an option (None for all), and where they end."""
    if tokens[at] == "*":
        return None, at + 1
    at += tokens[at] == "("
    found = [name_of(tokens[at])]
    while tokens[at + 1 : at + 2] == (",",):
        found.append(name_of(tokens[at + 2]))
        at += 2
    return frozenset(found), at + 1
