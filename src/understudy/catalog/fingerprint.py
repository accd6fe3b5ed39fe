"""A fingerprint of a schema, which tells without a server whether a catalog is out of date.

It covers the content of the schema's sources, the way they are loaded, and the server's
version, but not the location or the names of files: it is the same on every machine. The order of
the files counts.

A function and Alembic's scripts may depend on something that the fingerprint does not cover: a
module imported by a computed name, a file, a package. Therefore `Catalog` also compares the schema
itself when a server is running.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

# Raise it when the meaning of a description changes.
_FORMAT = 1


def fingerprint(contents: Iterable[bytes], loaders: Iterable[str], server: int | str) -> str:
    """Return the fingerprint of a schema, 64 hexadecimal digits.

    Args:
        contents: the content of its sources, in order.
        loaders: how each source is loaded, in order.
        server: as `store.Server`: PostgreSQL's major version, or another server with its version.
    """
    digest = hashlib.sha256(json.dumps([_FORMAT, list(loaders), server]).encode())
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()
