"""A client of a session, without a socket, made of the room mysql."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from understudy.fake_mysql.protocol.answers import columns_of
from understudy.fake_mysql.protocol.session import Session
from understudy.mysql import packets
from understudy.mysql.binary_values import read_binary_row
from understudy.mysql.fields import lenenc
from understudy.mysql.handshake import Capability
from understudy.mysql.login import USUAL, log_in
from understudy.mysql.packets import Command, Frames
from understudy.mysql.results import Result, read_prepared, read_result
from understudy.mysql.types import Type, value_of

T = TypeVar("T")
MANY = USUAL | Capability.MULTI_STATEMENTS
WITHOUT_EOF = MANY | Capability.DEPRECATE_EOF


class Client:
    """A client, which is logged in.

    `exchange` returns the packets of an answer; the others read them. A packet that is no answer
    to one of the client's has a wrong number, which fails.
    """

    def __init__(
        self,
        session: Session,
        user: str = "ana",
        password: str = "",
        database: str = "shop",
        capabilities: int = MANY,
    ) -> None:
        self.session = session
        self._frames = Frames()
        self._next = 0
        steps = log_in(user, password, database, capabilities=capabilities, is_private=True)
        next(steps)
        received = self._received(session.feed(b""))
        while True:
            try:
                answer = steps.send(received.pop(0))
            except StopIteration as end:
                self.greeting, self.capabilities = end.value
                break
            if answer is not None:
                received = self._received(session.feed(self._framed(answer, self._next)))

    def _framed(self, payload: bytes, sequence: int = 0) -> bytes:
        data, self._next = packets.frame([payload], sequence)
        return data

    def _received(self, data: bytes) -> list[bytes]:
        self._frames.add(data)
        found = []
        while (packet := self._frames.next()) is not None:
            assert self._frames.sequence == self._next, "the packet's number"
            self._next = self._next + 1 & 255
            found.append(packet)
        return found

    def exchange(self, command: Command, body: bytes = b"") -> list[bytes]:
        return self._received(self.session.feed(self._framed(bytes([command]) + body)))

    def resume(self, came: Any) -> list[bytes]:
        return self._received(self.session.resume(came))

    def _read(self, steps: Generator[None, bytes, T], received: list[bytes]) -> T:
        next(steps)
        try:
            for packet in received:
                steps.send(packet)
        except StopIteration as end:
            assert packet is received[-1], "no packet is left"
            value: T = end.value
            return value
        raise AssertionError(f"the answer is incomplete: {received}")

    @property
    def _deprecates_eof(self) -> bool:
        return bool(self.capabilities & Capability.DEPRECATE_EOF)

    def query(self, sql: str) -> Any:
        return self.read(self.exchange(Command.QUERY, sql.encode()))

    def command(self, command: Command, body: bytes = b"") -> Any:
        return self.read(self.exchange(command, body))

    def result(self, received: list[bytes]) -> Result:
        return self._read(read_result(deprecate_eof=self._deprecates_eof), received)

    def read(self, received: list[bytes], *, is_binary: bool = False) -> Any:
        result = self.result(received)
        shown = [shown_as(part, is_binary) for part in (result, *result.following)]
        return shown[0] if len(shown) == 1 else shown

    def prepare(self, sql: str) -> tuple[int, int, list[str]]:
        """Return the number, the count of parameters, and the names of the columns."""
        received = self.exchange(Command.STMT_PREPARE, sql.encode())
        steps = read_prepared(deprecate_eof=self._deprecates_eof)
        head, parameters, columns = self._read(steps, received)
        assert head.parameters == len(parameters)
        names = [packets.read_column_definition(column).name for column in columns]
        return head.id, head.parameters, names

    def execute(self, number: int, *values: str | None, cursor: bool = False) -> Any:
        return self.read(self.executing(number, values, cursor=cursor), is_binary=True)

    def executing(
        self, number: int, values: Sequence[str | None], *, cursor: bool = False
    ) -> list[bytes]:
        body = number.to_bytes(4, "little") + bytes([cursor, 1, 0, 0, 0])
        if values:
            nulls = sum(1 << index for index, value in enumerate(values) if value is None)
            body += nulls.to_bytes((len(values) + 7) // 8, "little") + b"\1"
            body += bytes([Type.VAR_STRING, 0]) * len(values)
            body += b"".join(lenenc(value.encode()) for value in values if value is not None)
        return self.exchange(Command.STMT_EXECUTE, body)


def shown_as(result: Result, is_binary: bool) -> Any:
    """Return rows; or what an OK packet says, its flags in the end; or what an ERR packet says."""
    if result.error is not None:
        fields: Any = result.error.fields
        error = (fields.code, fields.sqlstate, fields.message)
        return error if result.columns is None else (rows_of(result, is_binary), error)
    if result.columns is None:
        return ("OK", result.affected, result.last_insert_id, packets.Status(result.status or 0))
    return rows_of(result, is_binary)


def rows_of(result: Result, is_binary: bool) -> list[tuple[Any, ...]]:
    columns = columns_of(result)
    found = []
    for row in result.rows:
        assert isinstance(row, bytes)
        if is_binary:
            found.append(tuple(read_binary_row(row, columns)))
            continue
        texts = packets.read_text_row(row, len(columns))
        found.append(
            tuple(
                None if text is None else value_of(text, column)
                for text, column in zip(texts, columns, strict=True)
            )
        )
    return found
