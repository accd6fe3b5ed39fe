"""What PostgreSQL stores of a password for SCRAM-SHA-256 (RFC 5802 and 5803)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import stringprep
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# PostgreSQL's 4096 slow down guessing a weak password, and every test that connects.
ITERATIONS = 1


class Keys(NamedTuple):
    """The two keys that a server stores: they prove a password, and cannot be used as one."""

    stored: bytes
    server: bytes


@lru_cache(maxsize=64)
def derive_keys(password: str, salt: bytes) -> Keys:
    """Return the keys for a password."""
    salted = hashlib.pbkdf2_hmac("sha256", _prepared(password).encode(), salt, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return Keys(hashlib.sha256(client_key).digest(), server_key)


def verifier(password: str) -> str:
    """Return the text that PostgreSQL keeps in pg_authid, and accepts as PASSWORD of a role."""
    salt = secrets.token_bytes(16)
    parts = (salt, *derive_keys(password, salt))
    shown = [base64.b64encode(part).decode() for part in parts]
    return f"SCRAM-SHA-256${ITERATIONS}:{shown[0]}${shown[1]}:{shown[2]}"


def _prepared(password: str) -> str:
    """Normalize a password as clients do (SASLprep, RFC 4013)."""
    kept = (letter for letter in password if not stringprep.in_table_b1(letter))
    spaced = "".join(" " if stringprep.in_table_c12(letter) else letter for letter in kept)
    return unicodedata.normalize("NFKC", spaced)
