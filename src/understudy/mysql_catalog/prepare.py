"""COM_STMT_PREPARE over a connection of PyMySQL, which has no prepared statements itself.

Its private methods are called here alone: its public ones send COM_QUERY, and the server tells the
columns of a statement without running it only in reply to COM_STMT_PREPARE.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from understudy.mysql.packets import Command, Err, read_column_definition, read_err, read_prepared
from understudy.mysql.types import Column

if TYPE_CHECKING:
    from pymysql.connections import Connection

_ERR = b"\xff"


class Prepared(NamedTuple):
    """A statement that the server accepts: how many parameters it has, and its columns."""

    parameters: int
    columns: tuple[Column, ...]


class _Payload:
    """A packet as `Connection._read_packet` makes it, which raises no error of the server."""

    def __init__(self, data: bytes, encoding: str) -> None:
        self.data = bytes(data)

    def is_error_packet(self) -> bool:
        return False


def prepare(connection: Connection[Any], statement: str) -> Prepared | Err:
    """Let the server read a statement without running it, and return what it says.

    Raises:
        pymysql.MySQLError: the connection is lost.
    """
    private: Any = connection
    private._execute_command(Command.STMT_PREPARE, statement.encode("utf-8", "surrogateescape"))
    reply = private._read_packet(_Payload).data
    if reply[:1] == _ERR:
        return read_err(reply)
    prepared = read_prepared(reply)
    _definitions(private, prepared.parameters)
    columns = _definitions(private, prepared.columns)
    # It has no reply.
    private._execute_command(Command.STMT_CLOSE, struct.pack("<I", prepared.id))
    return Prepared(prepared.parameters, columns)


def _definitions(private: Any, count: int) -> tuple[Column, ...]:
    found = [read_column_definition(private._read_packet(_Payload).data) for _ in range(count)]
    if count:
        private._read_packet(_Payload)  # EOF
    return tuple(found)
