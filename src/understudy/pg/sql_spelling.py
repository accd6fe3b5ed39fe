"""How SQL spells names and texts: reads them from tokens, and writes them."""

from __future__ import annotations

import re

_TAG = re.compile(r"\$\w*\$")


def name_of(token: str) -> str:
    """Return the name that a token means: in lower case unless it is quoted."""
    return token[1:-1].replace('""', '"') if token[:1] == '"' else token.lower()


def quoted(name: str) -> str:
    """Return a name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def text_of(token: str) -> str | None:
    """Return the text of a string literal; None for another token, or one with escapes."""
    if token.startswith(("e'", "E'")):
        return None if "\\" in token else token[2:-1].replace("''", "'")
    if token.startswith("'") and token.endswith("'") and len(token) > 1:
        return token[1:-1].replace("''", "'")
    tag = _TAG.match(token)
    return token[tag.end() : -tag.end()] if tag else None


def literal(text: str) -> str:
    """Return a text as a literal, as PostgreSQL's quote_literal() does."""
    spelled = "'" + text.replace("'", "''") + "'"
    return "E" + spelled.replace("\\", "\\\\") if "\\" in text else spelled
