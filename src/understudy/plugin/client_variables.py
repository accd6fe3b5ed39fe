"""PG* variables of the environment that would keep the application from its test database.

libpq and asyncpg read them even if they get a complete URL. Those that say where the server is, or
how to reach it, are set aside. Those that set up a session (PGOPTIONS, PGTZ, ...) belong to the
application.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_NAMES = {
    "PGCHANNELBINDING",
    "PGGSSENCMODE",
    "PGHOSTADDR",
    "PGLOADBALANCEHOSTS",
    "PGMAXPROTOCOLVERSION",
    "PGMINPROTOCOLVERSION",
    "PGREQUIREAUTH",
    "PGREQUIREPEER",
    "PGREQUIRESSL",
    "PGSERVICE",
    "PGTARGETSESSIONATTRS",
}
# The servers have neither. Drivers ask for both first, and asyncpg reads certificates for it: that
# is half of what connecting takes.
_WITHOUT_ENCRYPTION = {"PGSSLMODE": "disable", "PGGSSENCMODE": "disable"}
# Even the path of a certificate decides: "system" does not allow a server without TLS.
_PREFIX = "PGSSL"


def present() -> list[str]:
    """Return the names of the variables that are set."""
    return sorted(name for name in os.environ if name in _NAMES or name.startswith(_PREFIX))


@contextmanager
def set_aside(kept: Iterable[str] = ()) -> Iterator[None]:
    """Remove the variables while the context is active, except for those in `kept`.

    Drivers are told to ask for no encryption.
    """
    removed = {name: os.environ.pop(name) for name in present() if name not in set(kept)}
    added = {name: text for name, text in _WITHOUT_ENCRYPTION.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
        os.environ.update(removed)
