"""Results of statements, and how a client reads them from a server's packets."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from understudy.mysql import packets
from understudy.mysql.error_fields import server_error
from understudy.mysql.fields import Malformed, Reader
from understudy.mysql.packets import Ok, Status
from understudy.mysql.types import Column
from understudy.pg.errors import ServerError


class ServerWarning(NamedTuple):
    """A row of SHOW WARNINGS.

    Attributes:
        level: Note, Warning or Error.
    """

    level: str
    code: int
    message: str


@dataclass(slots=True)
class Result:
    """The result of a statement. What is bytes is sent as it is: it came from another server.

    Attributes:
        columns: its columns, or the payloads of their definitions; None for a statement without
            rows.
        rows: each a sequence of Python values with None as NULL, or the payload of a row in the
            form of the request: text, or binary for a prepared statement.
        affected: the number of changed rows.
        last_insert_id: the first generated AUTO_INCREMENT value, 0 for none.
        warnings: the warnings, or their number.
        info: the text of an OK packet: "Rows matched: 1  Changed: 1  Warnings: 0".
        status: the status flags of another server; None for those of the session.
        error: the error that comes after the last row, or instead of everything.
        dropped: whether the connection is lost after the last row.
        following: further results of the same statement, a CALL.
    """

    columns: Sequence[Column | bytes] | None = None
    rows: Sequence[Sequence[Any] | bytes] = ()
    affected: int = 0
    last_insert_id: int = 0
    warnings: Sequence[ServerWarning] | int = ()
    info: str = ""
    status: int | None = None
    error: ServerError | None = None
    dropped: bool = False
    following: Sequence[Result] = ()

    @property
    def warning_count(self) -> int:
        """The number of warnings."""
        return self.warnings if isinstance(self.warnings, int) else len(self.warnings)


# Gets the packets of an answer, one by one.
Steps: TypeAlias = Generator[None, bytes, Result]


def read_result(*, deprecate_eof: bool) -> Steps:
    """Read the answer to COM_QUERY or COM_STMT_EXECUTE, with all its results.

    Args:
        deprecate_eof: whether the login has agreed on DEPRECATE_EOF.

    Raises:
        Malformed: the packets are no answer.
    """
    first = yield from _one(deprecate_eof=deprecate_eof)
    last, following = first, []
    while last.error is None and (last.status or 0) & Status.MORE_RESULTS:
        last = yield from _one(deprecate_eof=deprecate_eof)
        following.append(last)
    first.following = following
    return first


def _one(*, deprecate_eof: bool) -> Steps:
    packet = yield
    if packet[:1] == b"\xff":
        return Result(error=error_of(packet))
    if packet[:1] == b"\0":
        return _ended(Result(), packets.read_ok(packet))
    if packet[:1] == b"\xfb":  # a server asks for a file
        raise Malformed
    count = Reader(packet).lenenc_int() or 0
    columns = yield from read_definitions(count, deprecate_eof=deprecate_eof)
    rows: list[bytes] = []
    while not packets.is_end(packet := (yield)):
        if packet[:1] == b"\xff":
            return Result(columns, rows, error=error_of(packet))
        rows.append(packet)
    return _ended(Result(columns, rows), packets.read_ok(packet))


def read_definitions(count: int, *, deprecate_eof: bool) -> Generator[None, bytes, list[bytes]]:
    """Read so many definitions of columns or parameters."""
    definitions = []
    for _ in range(count):
        definitions.append((yield))
    if count and not deprecate_eof:
        yield  # EOF
    return definitions


def read_prepared(
    *, deprecate_eof: bool
) -> Generator[None, bytes, tuple[packets.Prepared, list[bytes], list[bytes]]]:
    """Read the answer to COM_STMT_PREPARE: its head, and definitions of parameters and columns.

    Raises:
        ServerError: the server refuses the statement.
        Malformed: the packets are no answer.
    """
    packet = yield
    if packet[:1] == b"\xff":
        raise error_of(packet)
    head = packets.read_prepared(packet)
    parameters = yield from read_definitions(head.parameters, deprecate_eof=deprecate_eof)
    columns = yield from read_definitions(head.columns, deprecate_eof=deprecate_eof)
    return head, parameters, columns


def error_of(packet: bytes) -> ServerError:
    """Return the error in an ERR packet."""
    return server_error(*packets.read_err(packet))


def _ended(result: Result, end: Ok) -> Result:
    result.affected, result.last_insert_id = end.affected, end.last_insert_id
    result.status, result.warnings = end.status, end.warnings
    result.info = end.info.decode("utf-8", "replace")
    return result
