"""COPY: data to a client and from it, in pieces (manual, 53.2.6)."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from understudy.fake_postgres.protocol import backend_messages, errors, frontend_messages
from understudy.fake_postgres.protocol.answers import first_rows
from understudy.fake_postgres.protocol.backend import LONG, MORE, Backend, Work, outcome, run
from understudy.fake_postgres.protocol.prepared_statements import tag
from understudy.fake_postgres.protocol.statements import Portal, Result, Statement
from understudy.pg import sql
from understudy.pg.codecs.codec import BINARY, TEXT
from understudy.serving.waits import ConnectionDropped, Pending

_DATA, _DONE, _FAIL, _FLUSH, _SYNC = b"dcfHS"


def copy(backend: Backend, portal: Portal, statement: Statement) -> Work:
    """Run a COPY; the responder gets all data of the client at its end.

    Raises:
        ServerError: it fails, or the client aborts it or sends another message.
        ConnectionDropped: the connection is lost after the last piece.
    """
    columns = len(statement.fields or ())
    form = _form(statement.sql)
    if statement.copy == "in":
        backend.send(backend_messages.copy_response(b"G", columns, form))
        portal.values = yield from _received(backend, statement.sql)
    size = sum(map(len, portal.values)) if statement.copy == "in" else 0
    asked: Result | Pending
    if size >= LONG and statement.forward is None:
        asked = Pending(0.0, partial(run, backend, portal), in_thread=True)
    else:
        asked = run(backend, portal)
    result = yield from outcome(backend, asked)
    if result.raw is not None:
        backend.send(result.raw)
        portal.result = Result()
        backend.connection.note_completed(result.tag or "", partial(first_rows, portal, result))
        return
    if statement.copy == "out":
        backend.send(backend_messages.copy_response(b"H", result.columns or columns, form))
        for piece in result.rows:
            backend.send(backend_messages.copy_data(bytes(piece)))
        backend.send(backend_messages.COPY_DONE)
    portal.result = result
    if result.error is not None:
        raise result.error
    if result.dropped:
        raise ConnectionDropped
    done = result.tag or tag(statement, len(result.rows))
    backend.send(backend_messages.command_complete(done))
    backend.connection.note_completed(done, partial(first_rows, portal, result))


def _received(backend: Backend, copy: str) -> Generator[Any, Any, list[bytes]]:
    values: list[bytes] = []
    while True:
        kind, body = yield MORE
        if kind == _DATA:
            values.append(body)
        elif kind == _DONE:
            return values
        elif kind not in (_FLUSH, _SYNC):
            failed = kind == _FAIL
            reason = frontend_messages.query(body) if failed else ""
            text = (
                f"COPY from stdin failed: {reason}"
                if failed
                else f"unexpected message type 0x{kind:02X} during COPY from stdin"
            )
            refused = errors.error("57014" if failed else "08P01", text)
            if _form(copy) == TEXT:  # binary data has no lines
                line = sum(value.count(b"\n") for value in values) + 1
                refused.context = f"COPY {_table(copy)}, line {line}"
            if failed:
                raise refused
            backend.send(backend_messages.error_response(refused))
            raise errors.fatal(
                "08P01", "terminating connection because protocol synchronization was lost"
            )


def _table(copy: str) -> str:
    """Return the name of a COPY's table, without its schema."""
    tokens = sql.tokens(copy)
    name = tokens[3] if len(tokens) > 3 and tokens[2] == "." else tokens[1]
    return name.strip('"')


def _form(statement: str) -> int:
    """Return the format of a COPY, from the words after STDIN or STDOUT."""
    words = [token.strip("'\"").upper() for token in sql.tokens(statement)]
    ends = [words.index(word) for word in ("STDIN", "STDOUT") if word in words]
    return BINARY if "BINARY" in words[min(ends, default=0) :] else TEXT
