"""Literals that do not belong in a committed file: secrets, and values that change in every run."""

from __future__ import annotations

import re
from functools import lru_cache

from understudy.pg import sql
from understudy.pg.sql_spelling import name_of

# Names of secrets, before a literal or of its column: PASSWORD '...', api_token = '...',
# OPTIONS (secret '...'), INSERT INTO users (hashed_password) VALUES ('...').
_NAME = r"(?:password|passwd|passphrase|secret|token|(?:api|access|secret|private)_?key)(?:_hash)?"
_IS_NAME = re.compile(rf"{_NAME}$", re.IGNORECASE)
_BETWEEN = frozenset({"=", "<>", "!=", ":=", "=>", "encrypted", "is", "in", "like", "ilike", "("})
# The secrets that can be recognised by their form.
_FORMS = re.compile(
    r"""
      \w+://[^/\s:@']*:[^/\s@']+@            # a URL with a password
    | \b(?:password|passwd|pwd)\s*=          # a connection string
    | \beyJ[\w-]{8,}\.eyJ                    # a JSON web token
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY
    | \b(?:sk|rk|pk)_(?:live|test)_\w{8,} | \bgh[pousr]_\w{20,} | \bgithub_pat_\w{20,}
    | \bxox[abprs]-\w{8,} | \bAKIA[0-9A-Z]{16}\b | \bAIza[\w-]{30,}
    | SCRAM-SHA-256\$ | ^.?md5[0-9a-f]{32}.?$ | \$2[aby]\$\d\d\$ | \$argon2
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MAY_HOLD = re.compile(rf"{_NAME}\b|{_FORMS.pattern}", re.VERBOSE | re.IGNORECASE)
# What programs generate: UUIDs, times, long numbers and hashes.
_GENERATED = re.compile(
    r"""
      [0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}
    | \d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?
    | (?<![0-9a-f])(?=[0-9a-f]*\d)[0-9a-f]{16,}
    | (?<![\d.])\d{10,}(?:\.\d+)?
    | (?<=_)(?=[0-9a-f]*\d)[0-9a-f]{8,}(?![0-9a-z_])
    """,
    re.VERBOSE | re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def without_secrets(statement: str) -> str:
    """Return a statement in which each literal that looks like a secret is `'...'`."""
    if _MAY_HOLD.search(statement) is None:
        return statement
    found: list[str] = []
    end = 0
    before = ""
    columns = _Columns()
    for token, start in sql.pieces(statement):
        columns.pass_by(token)
        is_literal = token[-1] in "'$" and len(token) > 1 and not token[1:].isdecimal()
        names = (before, columns.current)
        if is_literal and (any(map(_IS_NAME.search, names)) or _FORMS.search(token)):
            found += [statement[end:start], "'...'"]
            end = start + len(token)
        if token.lower() not in _BETWEEN:
            before = token.strip('"').lower()
    return "".join([*found, statement[end:]])


class _Columns:
    """Tells which column of INSERT INTO t (a, b) VALUES (1, 2) a value is for."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._part = ""
        self._depth = self._place = 0

    def pass_by(self, token: str) -> None:
        """Go on to the next token."""
        word = token.upper()
        if word in ("INTO", "VALUES", "SELECT", "RETURNING", "ON"):
            self._part = word
        self._depth += (token == "(") - (token == ")")
        if token == "(" and self._depth == 1:
            self._place = 0
        elif token == "," and self._depth == 1:
            self._place += 1
        elif self._part == "INTO" and self._depth == 1:
            self._names.append(name_of(token))

    @property
    def current(self) -> str:
        """The column of the current value; "" if it is of none."""
        is_value = self._part == "VALUES" and self._depth == 1 and self._place < len(self._names)
        return self._names[self._place] if is_value else ""


@lru_cache(maxsize=1024)
def skeleton(statement: str) -> str | None:
    """Return a statement without what looks generated; None if it has no such part."""
    text, count = _GENERATED.subn("?", statement)
    return text if count else None
