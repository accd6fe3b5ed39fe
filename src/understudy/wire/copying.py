"""COPY: data to a client and from it, in pieces (manual, 53.2.6)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from understudy.script import sql
from understudy.wire import incoming, messages, outgoing, refusals
from understudy.wire.backend import MORE, Backend, Work, outcome
from understudy.wire.portals import Portal
from understudy.wire.responder import BINARY, TEXT, ConnectionDropped, Statement
from understudy.wire.statements import tag

_DATA, _DONE, _FAIL, _FLUSH, _SYNC = b"dcfHS"


def copy(backend: Backend, portal: Portal, statement: Statement) -> Work:
    """Run a COPY: what the client sends goes to the responder in one piece at the end.

    Raises:
        ServerError: it fails, or the client gives it up or sends something else.
        ConnectionDropped: the connection is lost behind the last piece.
    """
    columns = len(statement.fields or ())
    form = _form(statement.sql)
    values: list[bytes] = []
    if statement.copy == "in":
        backend.send(outgoing.copy_response(b"G", columns, form))
        values = yield from _received()
    answer = backend.responder.execute(statement, values, backend.connection)
    result = yield from outcome(answer)
    if statement.copy == "out":
        backend.send(outgoing.copy_response(b"H", columns, form))
        for piece in result.rows:
            backend.send(outgoing.copy_data(bytes(piece)))
        backend.send(outgoing.COPY_DONE)
    portal.result = result
    if result.dropped:
        raise ConnectionDropped
    backend.send(outgoing.command_complete(result.tag or tag(statement, len(result.rows))))


def _received() -> Generator[Any, Any, list[bytes]]:
    values: list[bytes] = []
    while True:
        kind, body = yield MORE
        if kind == _DATA:
            values.append(body)
        elif kind == _DONE:
            return values
        elif kind == _FAIL:
            raise refusals.error("57014", messages.copy_failed(incoming.query(body)))
        elif kind not in (_FLUSH, _SYNC):
            raise refusals.error("08P01", messages.unexpected_in_copy(kind))


def _form(statement: str) -> int:
    """Return the format of a COPY, by the words behind STDIN or STDOUT."""
    words = [token.strip("'\"").upper() for token in sql.tokens(statement)]
    ends = [words.index(word) for word in ("STDIN", "STDOUT") if word in words]
    return BINARY if "BINARY" in words[min(ends, default=0) :] else TEXT
