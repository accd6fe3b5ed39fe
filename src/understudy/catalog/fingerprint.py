"""A fingerprint of a schema, by which a catalog knows that it is out of date without any server.

It covers what the schema is made of, what brings it into a database, and PostgreSQL's major
version; not where the files lie, nor what they are called, so that it is the same on every machine.
Content is taken file by file in its order, so that renaming a migration changes nothing but its
place.

Two sources can change without a change of their content: a function and Alembic's scripts, where
they import by a computed name, read a file, or use another package than the project's. So whoever
has a server running anyway compares `facts_digest` too, which is over what was really loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict

from understudy.catalog.description import SchemaFacts

# Raise it where the meaning of a description changes.
_FORMAT = 1


def fingerprint(contents: Iterable[bytes], loaders: Iterable[str], major: int) -> str:
    """The fingerprint of a schema, 64 hexadecimal digits.

    Args:
        contents: what the schema is made of, in order.
        loaders: what brings it into a database, in order.
        major: PostgreSQL's major version.
    """
    digest = hashlib.sha256(json.dumps([_FORMAT, list(loaders), major]).encode())
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def facts_digest(facts: SchemaFacts) -> str:
    """A digest of what was loaded, as far as the checks know it: 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(asdict(facts), sort_keys=True).encode()).hexdigest()
