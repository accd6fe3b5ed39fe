"""The statements in the bytes that a client sends to a clone."""

from __future__ import annotations

from collections.abc import Callable

from understudy.fake_postgres.protocol.frames import BadLength, Frames, UnknownKind


class PassedStatements:
    """Reads the statements of one connection; bytes that PostgreSQL refuses end the reading.

    Args:
        note: called with each statement that is executed.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._frames = Frames()
        self._prepared: dict[bytes, str] = {}

    def read(self, data: bytes) -> None:
        """Read bytes of the client."""
        self._frames.add(data)
        try:
            for kind, body in self._frames:
                self._read(chr(kind), body)
        except (BadLength, UnknownKind):
            self._frames = Frames()

    def _read(self, kind: str, body: bytes) -> None:
        if kind == "Q":
            self._note(body.partition(b"\0")[0].decode(errors="replace"))
        elif kind == "P":
            name, text, *_ = *body.split(b"\0", 2), b""
            self._prepared[name] = text.decode(errors="replace")
        elif kind == "B":
            names = body.split(b"\0", 2)
            if len(names) > 1 and (statement := self._prepared.get(names[1])) is not None:
                self._note(statement)
