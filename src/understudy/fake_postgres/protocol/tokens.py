"""A reader for the tokens of a statement."""

from __future__ import annotations

import re

from understudy.pg import sql, sql_spelling

_WORD = re.compile(r"[^\W\d][\w$]*")
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+")
# Words that must be quoted to be names: pg_get_keywords(), catcode R ...
_RESERVED = """
    all analyse analyze and any array as asc asymmetric both case cast check collate column
    constraint create current_catalog current_date current_role current_time current_timestamp
    current_user default deferrable desc distinct do else end except false fetch for foreign
    from grant group having in initially intersect into lateral leading limit localtime
    localtimestamp not null offset on only or order placing primary references returning select
    session_user some symmetric system_user table then to trailing true union unique user using
    variadic when where window with
"""
# ... and T, which must be quoted as names of columns, settings, cursors and savepoints.
_RESERVED_AS_COLUMNS = """
    authorization binary collation concurrently cross current_schema freeze full ilike inner is
    isnull join left like natural notnull outer overlaps right similar tablesample verbose
"""
RESERVED = frozenset(_RESERVED.split())
RESERVED_AS_COLUMNS = frozenset(_RESERVED_AS_COLUMNS.split())


class UnknownSyntax(Exception):
    """The statement is not a known command."""


class TokenReader:
    """Reads the tokens of a statement one by one."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._pieces = sql.pieces(statement)
        while self._pieces and self._pieces[-1].text == ";":
            self._pieces.pop()
        self._at = 0

    @property
    def left(self) -> int:
        """How many tokens are left."""
        return len(self._pieces) - self._at

    @property
    def place(self) -> int:
        """Where the next token begins in the statement."""
        return self._pieces[self._at].start

    def peek(self) -> str:
        """Return the next token in capitals, or ""."""
        return self._pieces[self._at].text.upper() if self.left else ""

    def raw(self) -> str:
        """Take the next token."""
        if not self.left:
            raise UnknownSyntax
        self._at += 1
        return self._pieces[self._at - 1].text

    def skip(self, *words: str) -> bool:
        """Take `words` if they come next; return whether they do."""
        wanted = self._pieces[self._at : self._at + len(words)]
        if tuple(piece.text.upper() for piece in wanted) != words:
            return False
        self._at += len(words)
        return True

    def need(self, *words: str) -> None:
        """Take `words`.

        Raises:
            UnknownSyntax: something else comes next.
        """
        if not self.skip(*words):
            raise UnknownSyntax

    def name(self) -> str:
        """Take a name: in lower case unless it is quoted."""
        return name_of(self.raw())

    def rest(self) -> str:
        """Take the rest of the statement."""
        if not self.left:
            raise UnknownSyntax
        start = self.place
        last = self._pieces[-1]
        self._at = len(self._pieces)
        return self._statement[start : last.start + len(last.text)]


def number(token: str) -> bool:
    """Return whether a token is a number without a sign."""
    return _NUMBER.fullmatch(token) is not None


def name_of(token: str) -> str:
    """Return a token as a name: in lower case unless it is quoted.

    Raises:
        UnknownSyntax: it is not a name.
    """
    if token.startswith('"') and token.endswith('"') and len(token) > 2:
        return sql_spelling.name_of(token)
    name = token.lower()
    if not _WORD.fullmatch(token) or name in RESERVED or name in RESERVED_AS_COLUMNS:
        raise UnknownSyntax
    return name
