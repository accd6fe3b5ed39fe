"""A connection to the real server, for one client of ours, through libpq and with texts alone.

Every call waits for the server, so none may be made in the thread that serves the clients.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from understudy.catalog.schema_reader import read_schema_facts
from understudy.fake_postgres.protocol.statements import Field
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.types import TypeFacts

_NUMBERS = "SELECT format_type(oid, NULL), oid FROM pg_type WHERE oid >= 16384"
_PARTS = {
    "severity": DiagnosticField.SEVERITY_NONLOCALIZED,
    "sqlstate": DiagnosticField.SQLSTATE,
    "message": DiagnosticField.MESSAGE_PRIMARY,
    "detail": DiagnosticField.MESSAGE_DETAIL,
    "hint": DiagnosticField.MESSAGE_HINT,
    "schema": DiagnosticField.SCHEMA_NAME,
    "table": DiagnosticField.TABLE_NAME,
    "column": DiagnosticField.COLUMN_NAME,
    "datatype": DiagnosticField.DATATYPE_NAME,
    "constraint": DiagnosticField.CONSTRAINT_NAME,
}
_REST = {
    b"q": DiagnosticField.INTERNAL_QUERY,
    b"p": DiagnosticField.INTERNAL_POSITION,
    b"F": DiagnosticField.SOURCE_FILE,
    b"L": DiagnosticField.SOURCE_LINE,
    b"R": DiagnosticField.SOURCE_FUNCTION,
}
_GONE = "terminating connection due to administrator command"


class Upstream:
    """A connection to the real server.

    Args:
        dsn: the URL of its database.
        user: who connects.

    Attributes:
        pid: the process of the server that serves it.
        notices: what the server has said meanwhile.
    """

    def __init__(self, dsn: str, user: str) -> None:
        try:
            self._psycopg = psycopg.connect(
                dsn, user=user, autocommit=True, client_encoding="utf8", prepare_threshold=None
            )
        except psycopg.OperationalError as error:
            text = str(error).partition("FATAL:  ")[2].strip()
            state = "3D000" if text.startswith("database") else "28000"
            raise ServerError(ErrorFields(state, text, "FATAL")) from error
        self._pgconn: PGconn = self._psycopg.pgconn
        self._pgconn.notice_handler = self._note
        self.pid = self._pgconn.backend_pid
        self._canceller = self._pgconn.get_cancel()
        self._is_closing = False
        self.notices: list[ServerError] = []
        self._lock = threading.Lock()

    def prepare(
        self, name: str, sql: str, declared: Sequence[int]
    ) -> tuple[tuple[int, ...], tuple[Field, ...]]:
        """Prepare a statement; return the types of its parameters, and its columns.

        Raises:
            ServerError: it is refused.
        """
        with self._turn() as pgconn:
            _checked(pgconn.prepare(name.encode(), sql.encode(), list(declared)))
            found = _checked(pgconn.describe_prepared(name.encode()))
        parameters = tuple(found.param_type(number) for number in range(found.nparams))
        return parameters, tuple(_field(found, number) for number in range(found.nfields))

    def execute(self, name: str, values: Sequence[bytes | None]) -> PGresult:
        """Run a prepared statement.

        Raises:
            ServerError: it fails.
        """
        with self._turn() as pgconn:
            # NULL is a None, which the declaration forgets.
            given = cast("list[bytes]", values)
            return _checked(pgconn.exec_prepared(name.encode(), given))

    def copy_in(self, sql: str, pieces: Sequence[bytes]) -> str:
        """Run a COPY to the server; return its tag.

        Raises:
            ServerError: it fails.
        """
        with self._turn() as pgconn:
            _checked(pgconn.exec_(sql.encode()))
            for piece in pieces:
                pgconn.put_copy_data(piece)
            pgconn.put_copy_end()
            return _tag(_last(pgconn))

    def copy_out(self, sql: str) -> tuple[list[bytes], int, str]:
        """Run a COPY from the server; return its pieces, the number of its columns, and its tag.

        Raises:
            ServerError: it fails.
        """
        with self._turn() as pgconn:
            columns = _checked(pgconn.exec_(sql.encode())).nfields
            pieces: list[bytes] = []
            while (got := pgconn.get_copy_data(0))[0] > 0:
                pieces.append(bytes(got[1]))
            return pieces, columns, _tag(_last(pgconn))

    def run(self, sql: str) -> None:
        """Run a command.

        Raises:
            ServerError: it fails.
        """
        with self._turn() as pgconn:
            _checked(pgconn.exec_(sql.encode()))

    def types(self) -> tuple[dict[str, TypeFacts], dict[str, int]]:
        """Return what the server knows of types that are not built in, and their numbers."""
        with self._turn():
            facts = read_schema_facts(self._psycopg).types
            numbers: dict[str, int] = dict(self._psycopg.execute(_NUMBERS).fetchall())
        known = {name: fact for name, fact in facts.items() if name in numbers}
        return known, {name: numbers[name] for name in known}

    def cancel(self) -> None:
        """Have the server cancel what runs."""
        self._canceller.cancel()

    def close(self) -> None:
        """Hang up, once what runs has ended."""
        if self._is_closing:
            return
        self._is_closing = True
        if self._lock.locked():
            self.cancel()
        threading.Thread(target=self._close).start()

    def _close(self) -> None:
        with self._lock:
            self._psycopg.close()

    @contextmanager
    def _turn(self) -> Iterator[PGconn]:
        with self._lock:
            if self._psycopg.closed:  # the client has left meanwhile
                raise ServerError(ErrorFields("57P01", _GONE, "FATAL"))
            yield self._pgconn

    def _note(self, result: PGresult) -> None:
        self.notices.append(_error(result))


def _field(found: PGresult, number: int) -> Field:
    name = found.fname(number)
    assert name is not None
    return Field(
        name.decode(),
        found.ftype(number),
        found.fsize(number),
        found.fmod(number),
        found.ftable(number),
        found.ftablecol(number),
    )


def _checked(result: PGresult) -> PGresult:
    if result.status in (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE):
        raise _error(result)
    return result


def _last(pgconn: PGconn) -> PGresult:
    """Return what a COPY came to, and leave nothing behind for the next call."""
    found = pgconn.get_result()
    assert found is not None
    while pgconn.get_result() is not None:
        pass
    return _checked(found)


def _tag(result: PGresult) -> str:
    return (result.command_status or b"").decode()


def _error(result: PGresult) -> ServerError:
    def part(which: DiagnosticField) -> str | None:
        found = result.error_field(which)
        return None if found is None else found.decode(errors="replace")

    fields = {name: text for name, which in _PARTS.items() if (text := part(which)) is not None}
    if "sqlstate" not in fields:  # of libpq: the server is gone
        return ServerError(ErrorFields("57P01", _GONE, "FATAL"))
    position = part(DiagnosticField.STATEMENT_POSITION)
    return ServerError(
        ErrorFields(**fields),
        None if position is None else int(position),
        part(DiagnosticField.CONTEXT),
        tuple((letter, text) for letter, which in _REST.items() if (text := part(which))),
    )
