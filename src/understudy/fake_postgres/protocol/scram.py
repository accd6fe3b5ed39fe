"""SCRAM-SHA-256 from the server's side (RFC 5802 and 7677), for one password."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from understudy.fake_postgres.protocol import errors
from understudy.pg.scram import ITERATIONS, derive_keys

MECHANISM = "SCRAM-SHA-256"
_SALT = secrets.token_bytes(16)


class Exchange:
    """One client's proof that it knows a password."""

    def __init__(self, password: str) -> None:
        self._keys = derive_keys(password, _SALT)
        self._nonce = ""
        self._binding = b""
        self._signed = ""

    def first(self, message: str) -> str:
        """Read the client's first message; return the server's.

        Raises:
            ServerError: it is malformed, or asks for channel binding.
        """
        flag, _, rest = message.partition(",")
        name, _, bare = rest.partition(",")
        if flag.startswith("p="):
            raise errors.fatal(
                "08P01", "client requires SCRAM channel binding, but it is not supported"
            )
        fields = _fields(bare)
        if flag not in ("n", "y") or name or "r" not in fields:
            raise errors.fatal("08P01", "malformed SCRAM message")
        self._binding = base64.b64encode(f"{flag},{name},".encode())
        self._nonce = fields["r"] + secrets.token_urlsafe(18)
        answer = f"r={self._nonce},s={base64.b64encode(_SALT).decode()},i={ITERATIONS}"
        self._signed = f"{bare},{answer}"
        return answer

    def final(self, message: str) -> str | None:
        """Verify the client's proof; return the server's, or None if the password is wrong.

        Raises:
            ServerError: it is malformed, or belongs to another exchange.
        """
        unproved, separator, proof = message.rpartition(",p=")
        fields = _fields(unproved)
        if not separator or "c" not in fields or "r" not in fields:
            raise errors.fatal("08P01", "malformed SCRAM message")
        if fields["r"] != self._nonce or fields["c"].encode() != self._binding:
            detail = "Nonce does not match."
            raise errors.fatal("08P01", "invalid SCRAM response", detail=detail)
        signed = f"{self._signed},{unproved}".encode()
        try:
            proved = base64.b64decode(proof, validate=True)
        except binascii.Error:
            raise errors.fatal("08P01", "malformed SCRAM message") from None
        signature = hmac.digest(self._keys.stored, signed, "sha256")
        key = bytes(one ^ other for one, other in zip(proved, signature, strict=False))
        if len(proved) != len(signature) or hashlib.sha256(key).digest() != self._keys.stored:
            return None
        return f"v={base64.b64encode(hmac.digest(self._keys.server, signed, 'sha256')).decode()}"


def _fields(message: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in message.split(","))
    return {name: value for name, separator, value in pairs if separator}
