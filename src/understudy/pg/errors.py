"""Errors as PostgreSQL reports them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorFields:
    """The fields of PostgreSQL's ErrorResponse that an application can see (manual, 53.8).

    Attributes:
        more: the fields that few applications look at, each with its letter: ("R", routine).
    """

    sqlstate: str
    message: str
    severity: str = "ERROR"
    detail: str | None = None
    hint: str | None = None
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    datatype: str | None = None
    constraint: str | None = None
    more: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The error as libpq and psqlpy print it: severity, message, DETAIL and HINT."""
        lines = [f"{self.severity}: {self.message}"]
        lines += [f"DETAIL: {self.detail}"] if self.detail else []
        lines += [f"HINT: {self.hint}"] if self.hint else []
        return "\n".join(lines)


class ServerError(Exception):
    """An error that is sent to the client as PostgreSQL sends it; FATAL ones end the connection.

    Attributes:
        fields: what the client can see of it.
        position: the character, from 1, of the statement at which the cursor stands; None without.
        context: the CONTEXT line, None without.
        rest: other fields of a server's, each with its letter (manual, 53.8).
    """

    def __init__(
        self,
        fields: ErrorFields,
        position: int | None = None,
        context: str | None = None,
        rest: tuple[tuple[bytes, str], ...] = (),
    ) -> None:
        super().__init__(fields.text)
        self.fields = fields
        self.position = position
        self.context = context
        self.rest = rest or tuple((letter.encode(), text) for letter, text in fields.more)


class TrailingBytes(ServerError):
    """A value in binary form is complete, and more bytes follow: raised by a decoder.

    PostgreSQL names the place, which only the caller knows; of a parameter its words are
    "incorrect binary data format in bind parameter 1".
    """

    def __init__(self) -> None:
        super().__init__(ErrorFields("22P03", "incorrect binary data format"))
