"""Packets of MySQL's protocol: how they are framed, and those with which a server answers.

Both directions are here: `fake_mysql` writes what a server sends, and `real_mysql` reads it. The
layouts are those of MySQL's documentation ("MySQL Client/Server Protocol") and of MariaDB's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import NamedTuple

from understudy.mysql.fields import Malformed, Reader, lenenc, lenenc_int
from understudy.mysql.types import Column

LONGEST_FRAME = 0xFFFFFF


class Command(IntEnum):
    """The first byte of a client's packet."""

    QUIT = 1
    INIT_DB = 2
    QUERY = 3
    FIELD_LIST = 4
    STATISTICS = 9
    PROCESS_INFO = 10
    PROCESS_KILL = 12
    DEBUG = 13
    PING = 14
    CHANGE_USER = 17
    STMT_PREPARE = 22
    STMT_EXECUTE = 23
    STMT_SEND_LONG_DATA = 24
    STMT_CLOSE = 25
    STMT_RESET = 26
    SET_OPTION = 27
    STMT_FETCH = 28
    RESET_CONNECTION = 31


class Status(IntFlag):
    """The state of a connection, as OK and EOF packets report it."""

    IN_TRANSACTION = 1
    AUTOCOMMIT = 2
    MORE_RESULTS = 8
    CURSOR_EXISTS = 64
    LAST_ROW_SENT = 128
    NO_BACKSLASH_ESCAPES = 512
    IN_READ_ONLY_TRANSACTION = 8192
    ANSI_QUOTES = 32768  # of MariaDB alone


class PacketTooLong(Exception):
    """A packet is longer than the receiver takes."""


class Frames:
    """The packets in the bytes received so far.

    Args:
        longest: the length in bytes of the longest packet to take.

    Attributes:
        sequence: the sequence number of the latest frame, -1 before the first.
    """

    def __init__(self, longest: int = 1 << 30) -> None:
        self._data = bytearray()
        self._longest = longest
        self._scanned = 0
        self.sequence = -1

    def add(self, data: bytes) -> None:
        """Add received bytes."""
        self._data += data

    @property
    def rest(self) -> bytes:
        """The received bytes that no packet has used."""
        return bytes(self._data)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the payload of each complete packet.

        Raises:
            PacketTooLong: a packet is too long.
        """
        while (packet := self.next()) is not None:
            yield packet

    def next(self) -> bytes | None:
        """Return the payload of the next packet; None if it is incomplete.

        Raises:
            PacketTooLong: it is too long.
        """
        data = self._data
        position = self._scanned  # after the full frames that were found before
        while len(data) >= position + 4:
            length = int.from_bytes(data[position : position + 3], "little")
            if position + length > self._longest:
                self.sequence = data[position + 3]
                raise PacketTooLong
            after = position + 4 + length
            if len(data) < after:
                return None
            if length < LONGEST_FRAME:
                self.sequence = data[position + 3]
                return self._cut(after)
            self._scanned = position = after
        return None

    def _cut(self, after: int) -> bytes:
        """Take the frames before `after` out of the data; return their payloads as one."""
        data = self._data
        if self._scanned == 0:
            packet = bytes(data[4:after])
        else:
            starts = range(0, after, LONGEST_FRAME + 4)
            packet = b"".join(data[at + 4 : min(at + 4 + LONGEST_FRAME, after)] for at in starts)
        del data[:after]
        self._scanned = 0
        return packet


def frame(payloads: Iterable[bytes], sequence: int = 0) -> tuple[bytes, int]:
    """Return the frames of packets, and the sequence number that comes next.

    Args:
        payloads: the packets.
        sequence: the number of the first frame.
    """
    frames: list[bytes] = []
    for payload in payloads:
        length = len(payload)
        if length < LONGEST_FRAME:
            frames += ((length | sequence << 24).to_bytes(4, "little"), payload)
            sequence = sequence + 1 & 255
            continue
        for start in range(0, length + 1, LONGEST_FRAME):
            piece = payload[start : start + LONGEST_FRAME]
            frames += ((len(piece) | sequence << 24).to_bytes(4, "little"), piece)
            sequence = sequence + 1 & 255
    return b"".join(frames), sequence


class Ok(NamedTuple):
    """An OK packet; also the end of rows, where only `status` and `warnings` are set.

    Attributes:
        affected: the number of changed rows.
        last_insert_id: the first generated AUTO_INCREMENT value, 0 for none.
        status: the connection's state.
        warnings: the number of warnings.
        info: a text such as "Rows matched: 1  Changed: 0  Warnings: 0".
    """

    affected: int = 0
    last_insert_id: int = 0
    status: int = Status.AUTOCOMMIT
    warnings: int = 0
    info: bytes = b""


def ok(packet: Ok, header: int = 0) -> bytes:
    """Write an OK packet.

    Args:
        packet: what it says.
        header: 0xFE if it ends rows, for a client with DEPRECATE_EOF.
    """
    return b"".join(
        (
            header.to_bytes(1, "little"),
            lenenc_int(packet.affected),
            lenenc_int(packet.last_insert_id),
            struct.pack("<HH", packet.status, packet.warnings),
            lenenc(packet.info) if packet.info else b"",
        )
    )


def read_ok(packet: bytes) -> Ok:
    """Read an OK packet, or the EOF or OK packet that ends rows.

    Raises:
        Malformed: it is neither.
    """
    reader = Reader(packet)
    header = reader.number(1)
    if header == 0xFE and len(packet) == 5:
        warnings, status = reader.number(2), reader.number(2)
        return Ok(status=status, warnings=warnings)
    if header not in (0, 0xFE):
        raise Malformed
    affected, last_insert_id = reader.lenenc_int() or 0, reader.lenenc_int() or 0
    status, warnings = reader.number(2), reader.number(2)
    info = b"" if reader.at_end else reader.lenenc() or b""
    return Ok(affected, last_insert_id, status, warnings, info)


def eof(status: int, warnings: int = 0) -> bytes:
    """Write an EOF packet."""
    return struct.pack("<BHH", 0xFE, warnings, status)


def is_end(packet: bytes) -> bool:
    """Whether a packet ends rows or columns.

    A text row that begins with the same byte begins with a value of 16 MB or more.
    """
    return packet[:1] == b"\xfe" and len(packet) < LONGEST_FRAME


class Err(NamedTuple):
    """An ERR packet."""

    code: int
    sqlstate: str
    message: str


def err(packet: Err, *, before_login: bool = False, codec: str = "utf-8") -> bytes:
    """Write an ERR packet.

    Args:
        packet: what it says.
        before_login: whether it is instead of a handshake, which has no SQLSTATE yet.
        codec: Python's codec of the connection's character set.
    """
    state = b"" if before_login else b"#" + packet.sqlstate.encode()
    text = packet.message.encode(codec, "replace")
    return b"\xff" + packet.code.to_bytes(2, "little") + state + text


def read_err(packet: bytes, codec: str = "utf-8") -> Err:
    """Read an ERR packet.

    Raises:
        Malformed: it is none.
    """
    reader = Reader(packet)
    if reader.number(1) != 0xFF:
        raise Malformed
    code = reader.number(2)
    state = "HY000"
    if packet[3:4] == b"#":
        state = reader.take(6)[1:].decode("ascii", "replace")
    return Err(code, state, reader.rest().decode(codec, "replace"))


@lru_cache(maxsize=1024)
def column_definition(column: Column, codec: str = "utf-8") -> bytes:
    """Write the definition of a column of a result, or of a parameter."""
    names = (
        "def",
        column.schema,
        column.table,
        column.original_table,
        column.name,
        column.original_name,
    )
    texts = b"".join(lenenc(name.encode(codec, "replace")) for name in names)
    rest = struct.pack(
        "<HIBHB", column.collation, column.length, column.type, column.flags, column.decimals
    )
    return texts + b"\x0c" + rest + b"\0\0"


def read_column_definition(packet: bytes, codec: str = "utf-8") -> Column:
    """Read the definition of a column.

    Raises:
        Malformed: it is none.
    """
    reader = Reader(packet)
    names = [(reader.lenenc() or b"").decode(codec, "replace") for _ in range(6)]
    reader.lenenc_int()  # the length of what follows
    collation, length = reader.number(2), reader.number(4)
    kind, flags, decimals = reader.number(1), reader.number(2), reader.number(1)
    _, schema, table, original_table, name, original_name = names
    return Column(
        name,
        kind,
        collation,
        length,
        flags,
        decimals,
        schema=schema,
        table=table,
        original_table=original_table,
        original_name=original_name,
    )


def text_row(values: Sequence[bytes | None]) -> bytes:
    """Write a row of a result of COM_QUERY."""
    return b"".join([b"\xfb" if value is None else lenenc(value) for value in values])


def read_text_row(packet: bytes, count: int) -> list[bytes | None]:
    """Read a row of `count` values of a result of COM_QUERY.

    Raises:
        Malformed: it has fewer values, or more.
    """
    reader = Reader(packet)
    values = [reader.lenenc() for _ in range(count)]
    if not reader.at_end:
        raise Malformed
    return values


class Prepared(NamedTuple):
    """The beginning of the answer to COM_STMT_PREPARE."""

    id: int
    columns: int
    parameters: int
    warnings: int = 0


def prepared(packet: Prepared) -> bytes:
    """Write the beginning of the answer to COM_STMT_PREPARE."""
    return struct.pack(
        "<BIHHBH", 0, packet.id, packet.columns, packet.parameters, 0, packet.warnings
    )


def read_prepared(packet: bytes) -> Prepared:
    """Read the beginning of the answer to COM_STMT_PREPARE.

    Raises:
        Malformed: it is none.
    """
    if len(packet) < 12 or packet[0] != 0:
        raise Malformed
    _, number, columns, parameters, _, warnings = struct.unpack_from("<BIHHBH", packet)
    return Prepared(number, columns, parameters, warnings)
