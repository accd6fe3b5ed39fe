"""Which extensions a schema asks for, and which a server lacks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from understudy.embedded.binaries import Wanted
from understudy.pg import sql

_CREATE = re.compile(
    r'\bCREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:\\?"([^"\\]+)\\?"|([\w-]+))', re.IGNORECASE
)
# "is not available" since PostgreSQL 15; before, and for a library that cannot be loaded, a path.
_MISSING = re.compile(
    r'extension "([^"\n]+)" is not available'
    r'|could not open extension control file "[^"\n]*/([^"/\n]+)\.control"'
    r'|could not (?:load library|access file) "(?:[^"\n]*/)?([^"/\n]+?)(?:-[0-9.]+)?(?:\.\w+)?"'
)


def wanted_extensions(texts: Iterable[bytes]) -> frozenset[str]:
    """Return the extensions that SQL files or Python modules create.

    A name that is computed is not found here: PostgreSQL then refuses to create the extension.
    """
    found: set[str] = set()
    for text in texts:
        # Most files have none, and are not read further.
        if re.search(rb"\bextension\b", text, re.IGNORECASE):
            found |= _created_in(text.decode(errors="replace"))
    return frozenset(found - {"plpgsql"})


def with_extensions(wanted: Wanted, texts: Iterable[bytes]) -> Wanted:
    """Add the extensions of a schema's texts to what a project asks for."""
    return replace(wanted, extensions=wanted.extensions | wanted_extensions(texts))


def missing_extension(message: str) -> str | None:
    """Return the extension that a server lacks according to a message, or None."""
    found = _MISSING.search(message)
    if found is None:
        return None
    # A library may have another name than its extension.
    created = _CREATE.search(message)
    names = created.groups() if created else found.groups()
    return next(name for name in names if name)


def _created_in(text: str) -> set[str]:
    return {
        quoted or plain.lower()
        for piece in _pieces(text)
        for quoted, plain in _CREATE.findall(piece)
    }


def _pieces(text: str) -> Iterator[str]:
    """Yield the strings of a Python module, or SQL without its comments."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        yield sql.one_line(text)
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
