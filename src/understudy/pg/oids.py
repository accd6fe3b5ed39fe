"""Numbers for what a schema defines: the same on every machine, for they come from the names.

PostgreSQL numbers types and tables in the order in which they were created, so that two databases
with one schema do not agree. Drivers keep such numbers and ask with them, so they have to mean the
same thing in a file that is committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

# Numbers below belong to initdb; some drivers read a number with a sign.
FIRST_OWN_OID = 16384
_ROOM = 2**31 - FIRST_OWN_OID


def stable_oids(names: Iterable[str], others: Collection[int] = ()) -> dict[str, int]:
    """Return a number for each name, no two of which are the same, and none one of `others`.

    A name's number depends on nothing but the name, unless two names would have the same: then the
    one that sorts later gets another.
    """
    found: dict[str, int] = {}
    taken = set(others)
    for name in sorted(set(names)):
        salt = 0
        while (number := _number(name, salt)) in taken:
            salt += 1
        taken.add(number)
        found[name] = number
    return found


def _number(name: str, salt: int) -> int:
    text = f"{name}\0{salt}" if salt else name
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
    return FIRST_OWN_OID + int.from_bytes(digest) % _ROOM
