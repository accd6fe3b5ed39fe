"""COM_STMT_PREPARE over a connection of PyMySQL, which has no prepared statements itself.

These are the only calls of its private methods: its public ones send COM_QUERY alone, and the
server tells the columns of a statement without running it in reply to COM_STMT_PREPARE alone.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pymysql.connections import Connection

_STMT_PREPARE, _STMT_CLOSE = 0x16, 0x19


class Field(NamedTuple):
    """A column of a result, as the protocol tells it.

    Attributes:
        name: its name.
        table: the table that it is a column of; "" if it is computed, the alias for a derived one.
        column: its name in that table.
        database: the database of the table; "" for a derived table.
        type: the number of its type.
        flags: the flags of its definition.
        charset: the number of its collation; 63 for bytes.
    """

    name: str
    table: str
    column: str
    database: str
    type: int
    flags: int
    charset: int


class Prepared(NamedTuple):
    """A statement that the server accepts: how many parameters it has, and its columns."""

    parameters: int
    fields: tuple[Field, ...]


def prepare(connection: Connection[Any], statement: str) -> Prepared:
    """Let the server read a statement without running it.

    Raises:
        pymysql.MySQLError: the server refuses it, or the connection is lost.
    """
    private: Any = connection
    private._execute_command(_STMT_PREPARE, statement)
    data = private._read_packet().get_all_data()
    number, columns, parameters = struct.unpack_from("<IHH", data, 1)
    _definitions(private, parameters)
    fields = _definitions(private, columns)
    private._execute_command(_STMT_CLOSE, struct.pack("<I", number))  # it has no reply
    return Prepared(parameters, tuple(fields))


def _definitions(private: Any, count: int) -> list[Field]:
    from pymysql.protocol import FieldDescriptorPacket

    packets = [private._read_packet(FieldDescriptorPacket) for _ in range(count)]
    if count:
        private._read_packet()  # EOF
    return [
        Field(
            packet.name,
            packet.org_table,
            packet.org_name,
            _text(packet.db),
            packet.type_code,
            packet.flags,
            packet.charsetnr,
        )
        for packet in packets
    ]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
