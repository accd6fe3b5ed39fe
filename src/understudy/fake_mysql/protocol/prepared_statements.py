"""The commands for prepared statements, and for the cursors on their rows."""

from __future__ import annotations

from itertools import chain

from understudy.fake_mysql.protocol.backend import Backend, Work, settled
from understudy.fake_mysql.protocol.queries import check_single, empty_query, executed, own_answer
from understudy.fake_mysql.protocol.statements import Execution, Prepared, Statement
from understudy.mysql import packets, sql
from understudy.mysql.binary_values import read_execute
from understudy.mysql.error_fields import server_error
from understudy.mysql.fields import Reader, lenenc_int
from understudy.mysql.packets import Status
from understudy.mysql.results import Result
from understudy.pg.errors import ServerError

_MOST = 16382  # max_prepared_stmt_count


def prepare(backend: Backend, body: bytes) -> Work:
    """Answer COM_STMT_PREPARE."""
    text = body.decode(backend.connection.codec, "surrogateescape")
    if not sql.pieces(text):
        raise empty_query()
    check_single(backend, text)
    own = own_answer(backend, text)
    if own is None:
        statement = yield from settled(backend.responder.prepare(text, backend.connection))
        assert isinstance(statement, Statement), "a responder returns a Statement, perhaps later"
    else:
        statement = Statement(text, columns=own.columns or ())
    if len(backend.prepared) >= _MOST:
        text = "Can't create more than max_prepared_stmt_count statements (current value: 16382)"
        raise server_error(1461, "42000", text)
    backend.connection.row_count = 0
    backend.latest_statement += 1
    number = statement.number = backend.latest_statement
    backend.prepared[number] = Prepared(statement)
    columns, parameters = statement.columns, statement.parameters
    form, status = backend.form(), backend.state.status()
    head = packets.Prepared(number, len(columns), len(parameters))
    backend.send(
        chain(
            [packets.prepared(head)],
            form.definitions(parameters, status),
            form.definitions(columns, status),
        )
    )


def execute(backend: Backend, body: bytes) -> Work:
    """Answer COM_STMT_EXECUTE."""
    prepared = _find(backend, body, "mysqld_stmt_execute")
    statement = prepared.statement
    codec = backend.connection.codec
    count = len(statement.parameters)
    sent = read_execute(body, count, prepared.types, prepared.long_data, codec)
    prepared.types = sent.types
    prepared.long_data = {}
    prepared.rows = []
    result = yield from executed(backend, statement, Execution(sent.values, sent.sent))
    command = sql.command_of(statement.sql)
    if sent.has_cursor and result.columns is not None and result.error is None:
        _open_cursor(backend, prepared, result)
        backend.connection.note_completed(f"{command} {len(result.rows)}")
    else:
        backend.answer(result, command, is_binary=True)


def _open_cursor(backend: Backend, prepared: Prepared, result: Result) -> None:
    """Send the columns; the client will fetch the rows."""
    form = backend.form(is_binary=True)
    columns = result.columns or ()
    status = backend.state.status() | Status.CURSOR_EXISTS
    prepared.rows = list(form.rows(result))
    backend.send([lenenc_int(len(columns)), *form.definitions(columns, status)])
    if form.deprecate_eof:
        backend.send([form.end(status, result.warning_count)])


def fetch(backend: Backend, body: bytes) -> None:
    """Answer COM_STMT_FETCH."""
    prepared = _find(backend, body, "mysqld_stmt_fetch")
    count = Reader(body, 4).number(4)
    rows, prepared.rows = prepared.rows[:count], prepared.rows[count:]
    status = backend.state.status()
    status |= Status.CURSOR_EXISTS if prepared.rows else Status.LAST_ROW_SENT
    backend.send([*rows, backend.form().end(status)])


def send_long_data(backend: Backend, body: bytes) -> None:
    """Take a part of a parameter, which gets no answer."""
    reader = Reader(body)
    prepared = backend.prepared.get(reader.number(4))
    if prepared is not None:
        index = reader.number(2)
        prepared.long_data[index] = prepared.long_data.get(index, b"") + reader.rest()


def reset(backend: Backend, body: bytes) -> None:
    """Answer COM_STMT_RESET."""
    prepared = _find(backend, body, "mysqld_stmt_reset")
    prepared.long_data, prepared.rows = {}, []
    backend.answer(Result())


def close(backend: Backend, body: bytes) -> None:
    """Forget a prepared statement, which gets no answer."""
    prepared = backend.prepared.pop(Reader(body).number(4), None)
    if prepared is not None:
        backend.responder.closed(prepared.statement, backend.connection)


def close_all(backend: Backend) -> None:
    """Forget every prepared statement."""
    for prepared in backend.prepared.values():
        backend.responder.closed(prepared.statement, backend.connection)
    backend.prepared.clear()


def _find(backend: Backend, body: bytes, function: str) -> Prepared:
    number = Reader(body).number(4)
    prepared = backend.prepared.get(number)
    if prepared is None:
        raise unknown_statement(number, function)
    return prepared


def unknown_statement(number: int, function: str) -> ServerError:
    """Return the error for a number that no prepared statement has.

    Args:
        number: as the client has sent it.
        function: of the server, which needs the statement.
    """
    text = f"Unknown prepared statement handler ({number}) given to {function}"
    return server_error(1243, "HY000", text)
