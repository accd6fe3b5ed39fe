"""A connection of the proxy to the real server, for one client, with libpq and the text format.

Every call blocks, so it must not be made in the thread that serves the clients.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from understudy.catalog.schema_reader import read_schema_facts
from understudy.fake_postgres.protocol.statements import Field
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.types import TypeFacts

_OIDS = "SELECT format_type(oid, NULL), oid FROM pg_type WHERE oid >= 16384"
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
_OTHER_PARTS = {
    b"q": DiagnosticField.INTERNAL_QUERY,
    b"p": DiagnosticField.INTERNAL_POSITION,
    b"F": DiagnosticField.SOURCE_FILE,
    b"L": DiagnosticField.SOURCE_LINE,
    b"R": DiagnosticField.SOURCE_FUNCTION,
}
_TERMINATED = "terminating connection due to administrator command"


class Upstream:
    """A connection to the real server.

    Args:
        dsn: the URL of its database.
        user: the role.

    Attributes:
        pid: the process ID of its backend.
        notices: the notices that the server has sent.
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
        self._pgconn.notice_handler = self._add_notice
        self.pid = self._pgconn.backend_pid
        self._canceller = self._pgconn.get_cancel()
        self._is_closing = False
        self.notices: list[ServerError] = []
        self._lock = threading.Lock()

    def prepare(
        self, name: str, sql: str, declared: Sequence[int]
    ) -> tuple[tuple[int, ...], tuple[Field, ...]]:
        """Prepare a statement and return its parameter types and columns.

        Raises:
            ServerError: if the server rejects it.
        """
        with self._locked() as pgconn:
            _checked(pgconn.prepare(name.encode(), sql.encode(), list(declared)))
            found = _checked(pgconn.describe_prepared(name.encode()))
        parameters = tuple(found.param_type(number) for number in range(found.nparams))
        return parameters, tuple(_field(found, number) for number in range(found.nfields))

    def execute(self, name: str, values: Sequence[bytes | None]) -> PGresult:
        """Run a prepared statement.

        Raises:
            ServerError: if it fails.
        """
        with self._locked() as pgconn:
            # psycopg's annotation lacks None, which is NULL.
            given = cast("list[bytes]", values)
            return _checked(pgconn.exec_prepared(name.encode(), given))

    def copy_in(self, sql: str, pieces: Sequence[bytes]) -> str:
        """Run a COPY to the server and return its command tag.

        Raises:
            ServerError: if it fails.
        """
        with self._locked() as pgconn:
            _checked(pgconn.exec_(sql.encode()))
            for piece in pieces:
                pgconn.put_copy_data(piece)
            pgconn.put_copy_end()
            return _tag(_last(pgconn))

    def copy_out(self, sql: str) -> tuple[list[bytes], int, str]:
        """Run a COPY from the server and return its data, number of columns and command tag.

        Raises:
            ServerError: if it fails.
        """
        with self._locked() as pgconn:
            columns = _checked(pgconn.exec_(sql.encode())).nfields
            pieces: list[bytes] = []
            while (got := pgconn.get_copy_data(0))[0] > 0:
                pieces.append(bytes(got[1]))
            return pieces, columns, _tag(_last(pgconn))

    def run(self, sql: str) -> None:
        """Run a command.

        Raises:
            ServerError: if it fails.
        """
        with self._locked() as pgconn:
            _checked(pgconn.exec_(sql.encode()))

    def types(self) -> tuple[dict[str, TypeFacts], dict[str, int]]:
        """Return the facts and OIDs of the types that are not built in."""
        with self._locked():
            facts = read_schema_facts(self._psycopg).types
            oids: dict[str, int] = dict(self._psycopg.execute(_OIDS).fetchall())
        known = {name: fact for name, fact in facts.items() if name in oids}
        return known, {name: oids[name] for name in known}

    def cancel(self) -> None:
        """Cancel the running statement."""
        self._canceller.cancel()

    def close(self) -> None:
        """Cancel the running statement, if any, and close the connection in a thread."""
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
    def _locked(self) -> Iterator[PGconn]:
        with self._lock:
            if self._psycopg.closed:  # the client has disconnected
                raise ServerError(ErrorFields("57P01", _TERMINATED, "FATAL"))
            yield self._pgconn

    def _add_notice(self, result: PGresult) -> None:
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
    """Return the result of a COPY, and consume all results of the call."""
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

    fields: dict[str, Any] = {
        name: text for name, which in _PARTS.items() if (text := part(which)) is not None
    }
    if "sqlstate" not in fields:  # an error of libpq: the connection is lost
        return ServerError(ErrorFields("57P01", _TERMINATED, "FATAL"))
    position = part(DiagnosticField.STATEMENT_POSITION)
    return ServerError(
        ErrorFields(**fields),
        None if position is None else int(position),
        part(DiagnosticField.CONTEXT),
        tuple((letter, text) for letter, which in _OTHER_PARTS.items() if (text := part(which))),
    )
