"""A small responder, which answers these tests' statements as PostgreSQL would."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.login import ServerOptions
from understudy.fake_postgres.protocol.session import Session
from understudy.fake_postgres.protocol.statements import Field, Result, Statement
from understudy.pg.codecs.codec import BINARY, Decoder, Encoder
from understudy.pg.errors import ErrorFields, ServerError, TrailingBytes
from understudy.serving.waits import Pending

INT4, TEXT_OID = 23, 25
Answer = Callable[[Sequence[Any]], Result | Pending]


def refusal(sqlstate: str, message: str, **fields: Any) -> ServerError:
    return ServerError(ErrorFields(sqlstate, message, **fields))


def ints(*values: int) -> Result:
    return Result([(value,) for value in values])


def raising(error: ServerError) -> Answer:
    def answer(parameters: Sequence[Any]) -> Result:
        raise error

    return answer


def copied(pieces: Sequence[Any]) -> Result:
    return Result(tag=f"COPY {b''.join(pieces).count(10)}")


def one(column: str = "?column?", oid: int = INT4, size: int = 4) -> tuple[Field, ...]:
    return (Field(column, oid, size),)


class Known:
    """Answers the statements in `statements`, and refuses others as PostgreSQL refuses nonsense.

    `controls` are answers, or errors, before commands of the session, by their SQL in capitals.
    """

    def __init__(self) -> None:
        self.statements: dict[str, tuple[Statement, Answer]] = {}
        self.controls: dict[str, Result | Pending | Exception] = {}
        self.controlled: list[str] = []
        self.executed: list[tuple[str, list[Any]]] = []
        self.sessions: list[Session] = []
        self.know("select 1", "SELECT", lambda _: ints(1), fields=one())
        self.know("select 2", "SELECT", lambda _: ints(2), fields=one())
        self.know(
            "select generate_series(1,5)",
            "SELECT",
            lambda _: ints(1, 2, 3, 4, 5),
            fields=one("generate_series"),
        )
        self.know(
            "select $1::int4", "SELECT", lambda given: ints(*given), (INT4,), fields=one("int4")
        )
        self.know(
            "select $1::text",
            "SELECT",
            lambda given: Result([tuple(given)]),
            (TEXT_OID,),
            fields=one("text", TEXT_OID, -1),
        )
        self.know("select 1/0", "SELECT", raising(refusal("22012", "division by zero")))
        self.know("insert into t values (1)", "INSERT", lambda _: Result(tag="INSERT 0 1"))
        self.know("delete from t", "DELETE", lambda _: Result(tag="DELETE 1"))
        self.know(
            "insert into t values (1),(2) returning i",
            "INSERT",
            lambda _: ints(1, 2),
            fields=one("i"),
        )
        for sql in ("copy t from stdin", "copy t from stdin (format binary)"):
            self.know(sql, "COPY", copied, fields=one("i"), copy="in")
        pieces = Result([b"1\n", b"2\n"])
        self.know(
            "copy (select generate_series(1,2)) to stdout",
            "COPY",
            lambda _: pieces,
            fields=one("i"),
            copy="out",
        )
        header = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"
        self.know(
            "copy (select 1 where false) to stdout with binary",
            "COPY",
            lambda _: Result([header], "COPY 0"),
            fields=one(),
            copy="out",
        )
        raised = refusal("P0001", "no")
        raised.context = "PL/pgSQL function inline_code_block line 1 at RAISE"
        self.know("do $$begin raise 'no'; end$$", "DO", raising(raised))

    def know(
        self,
        sql: str,
        command: str,
        answer: Answer,
        parameters: tuple[int, ...] = (),
        **described: Any,
    ) -> None:
        self.statements[sql] = (Statement(sql, command, parameters, **described), answer)

    def connect(self, server_options: ServerOptions | None = None, pid: int = 7) -> Session:
        session = Session(self, Connection(pid, 11), server_options or ServerOptions("18.4"))
        self.sessions.append(session)
        return session

    def prepare(self, sql: str, declared: tuple[int, ...], connection: Connection) -> Statement:
        known = self.statements.get(sql.strip())
        if known is None:
            word = (re.findall(r"[^ \t\n\r\f\v;]+", sql) or [sql])[-1]
            if word == "nope":
                error = refusal("42703", 'column "nope" does not exist')
            else:
                error = refusal("42601", f'syntax error at or near "{word}"')
            error.position = sql.index(word) + 1
            raise error
        return known[0]

    def execute(
        self, statement: Statement, parameters: Sequence[Any], connection: Connection
    ) -> Result | Pending:
        self.executed.append((statement.sql, list(parameters)))
        return self.statements[statement.sql][1](parameters)

    def control(
        self, sql: str, connection: Connection, parameters: Sequence[Any] = ()
    ) -> Result | Pending | None:
        self.controlled.append(sql)
        answer = self.controls.get(sql.upper())
        if isinstance(answer, Exception):
            raise answer
        return answer

    def notify(self, channel: str, payload: str, connection: Connection) -> None:
        for session in self.sessions:
            assert session.notify(channel, payload, connection.pid) == b"" or (
                session.connection is not connection
            )

    def decoder(self, oid: int, form: int) -> Decoder:
        if oid == TEXT_OID:
            return bytes.decode
        return _binary_int if form == BINARY else _text_int

    def encoder(self, oid: int, form: int) -> Encoder:
        if oid == TEXT_OID:
            return str.encode
        return struct.Struct("!i").pack if form == BINARY else lambda value: str(value).encode()


def _text_int(data: bytes) -> int:
    try:
        return int(data[:1000])
    except ValueError:
        shown = data.decode(errors="replace")
        message = f'invalid input syntax for type integer: "{shown}"'
        raise refusal("22P02", message) from None


def _binary_int(data: bytes) -> int:
    if len(data) < 4:
        raise refusal("08P01", "insufficient data left in message")
    if len(data) > 4:
        raise TrailingBytes
    value: int = struct.unpack("!i", data)[0]
    return value
