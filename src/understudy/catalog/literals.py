"""Literals that do not belong in a committed file: secrets, and values that change in every run."""

from __future__ import annotations

import re
from functools import lru_cache

from understudy.pg import sql

# Words before a literal that is a secret: PASSWORD '...', password = '...', OPTIONS (secret '...').
_NAMES = frozenset(
    """
    password passwd passphrase secret secret_key client_secret token access_token refresh_token
    auth_token api_key apikey access_key private_key
    """.split()  # noqa: SIM905 # a list of words reads better as a text
)
_BETWEEN = frozenset({"=", ":=", "=>", "encrypted", "is"})
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
_MAY_HOLD = re.compile(rf"(?:{'|'.join(_NAMES)})\b|{_FORMS.pattern}", re.VERBOSE | re.IGNORECASE)
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
    for token, start in sql.pieces(statement):
        is_literal = token[-1] in "'$" and len(token) > 1 and not token[1:].isdecimal()
        if is_literal and (before in _NAMES or _FORMS.search(token)):
            found += [statement[end:start], "'...'"]
            end = start + len(token)
        if token.lower() not in _BETWEEN:
            before = token.strip('"').lower()
    return "".join([*found, statement[end:]])


@lru_cache(maxsize=1024)
def skeleton(statement: str) -> str | None:
    """Return a statement without what looks generated; None if it has no such part."""
    text, count = _GENERATED.subn("?", statement)
    return text if count else None
