"""The protocol of one connection: bytes in, bytes out.

It has no sockets, threads or event loop. A transport feeds it the client's bytes, sends what it
returns, and waits for `pending`. The server speaks first: `feed(b"")` returns its greeting. Two
threads must not use a session at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from understudy.fake_mysql.protocol import administration, prepared_statements, queries
from understudy.fake_mysql.protocol.backend import PACKET, Backend, Work
from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.login import ServerOptions
from understudy.fake_mysql.protocol.responder import Responder
from understudy.mysql.error_fields import MysqlErrorFields, server_error
from understudy.mysql.fields import Malformed
from understudy.mysql.packets import Command, Frames, PacketTooLong
from understudy.mysql.results import Result, ServerWarning
from understudy.pg.errors import ServerError
from understudy.serving.waits import ConnectionDropped, Pending

_LONGEST_PACKET = 1 << 26  # bytes; max_allowed_packet of MySQL 8
_DEADLOCK = 1213
_FATAL = ("FATAL", "PANIC")


class Session:
    """One connection to a server whose statements `responder` answers.

    Args:
        responder: answers the statements.
        connection: the connection.
        options: the login and the server's settings.
        name: what a test calls the server.

    Attributes:
        connection: the connection, as a test sees it.
        pending: what the session waits for before it answers anything else, or None.
        closed: whether the connection has ended; the output so far is still to be sent.
        dropped: whether it ended without a message: the transport is to close at once.
        cancel_request: None: MySQL's clients cancel with KILL.
    """

    cancel_request: tuple[int, int] | None = None

    def __init__(
        self,
        responder: Responder,
        connection: Connection,
        options: ServerOptions = ServerOptions(),  # noqa: B008 # frozen
        name: str = "fake_mysql",
    ) -> None:
        self.connection = connection
        self.pending: Pending | None = None
        self.closed = False
        self.dropped = False
        self._backend = Backend(responder, connection, options, name)
        self._frames = Frames(_LONGEST_PACKET)
        self._waits_for_packet = False
        self._work: Work | None = administration.log_in(self._backend)

    def feed(self, data: bytes) -> bytes:
        """Process the client's bytes; return what to send now."""
        if self.closed:
            return b""
        self._frames.add(data)
        return self._run()

    def resume(self, came: Result | Pending | BaseException | None) -> bytes:
        """Go on with the outcome of `pending`; return what to send now.

        Does nothing if nothing is pending, since it was cancelled.
        """
        if self.closed or self.pending is None:
            return b""
        self.pending = None
        self._advance(came)
        return self._run()

    def cancel(self) -> bytes:
        """Cancel the running statement, if one runs, as KILL QUERY does."""
        if self.closed or self.pending is None or not self._backend.is_admitted:
            return b""
        if self.pending.cancel is not None:
            self.pending.cancel()
            return b""
        return self.resume(server_error(1317, "70100", "Query execution was interrupted"))

    def terminate(self, error: ServerError | None = None) -> bytes:
        """End the connection, as KILL does.

        Args:
            error: what a client is told that waits for an answer; another one sees the end only.
        """
        if self.closed:
            return b""
        is_asking = self.pending is not None
        self.pending = None
        if error is not None and is_asking:
            self._backend.send([self._backend.form().error(error)])
        self._end()
        return self._output()

    def lose(self) -> None:
        """Note that the client is gone: roll back what is open."""
        if not self.closed:
            self._end()

    def _run(self) -> bytes:
        """Answer the received packets, up to one that has to wait."""
        try:
            while self.pending is None and not self.closed:
                if self._work is not None and not self._waits_for_packet:
                    self._advance(None)  # it has not begun
                    continue
                packet = self._frames.next()
                if packet is None:
                    break
                self._backend.sequence = self._frames.sequence + 1 & 255
                if self._work is None:
                    self._take(packet)
                else:
                    self._advance(packet)
        except PacketTooLong:
            self._backend.sequence = self._frames.sequence + 1 & 255
            text = "Got a packet bigger than 'max_allowed_packet' bytes"
            self._fail(server_error(1153, "08S01", text))
            self._end()
        return self._output()

    def _output(self) -> bytes:
        data = b"".join(self._backend.out)
        self._backend.out.clear()
        return data

    def _take(self, packet: bytes) -> None:
        """Begin to answer a command."""
        try:
            handler = _HANDLERS.get(packet[0]) if packet else None
            if handler is None:
                raise server_error(1047, "08S01", "Unknown command")
            self._work = handler(self._backend, packet[1:])
        except BaseException as error:  # noqa: BLE001 # raised again unless it is the client's
            self._failed(error)
            return
        if self._work is None and self._backend.is_closing:
            self._end()

    def _advance(self, sent: object) -> None:
        """Go on with the work until it has to wait again."""
        work = self._work
        assert work is not None
        self._work, self._waits_for_packet = None, False
        try:
            wanted = work.throw(sent) if isinstance(sent, BaseException) else work.send(sent)
        except StopIteration:
            if self._backend.is_closing:
                self._end()
            return
        except BaseException as error:  # noqa: BLE001 # raised again unless it is the client's
            self._failed(error)
            return
        self._work = work
        self._waits_for_packet = wanted is PACKET
        if not self._waits_for_packet:
            self.pending = wanted

    def _failed(self, error: BaseException) -> None:
        """Send the client a ServerError; raise any other error, which is a bug here."""
        is_admitted = self._backend.is_admitted
        if isinstance(error, Malformed):
            text = "Malformed communication packet" if is_admitted else "Bad handshake"
            error = server_error(1835 if is_admitted else 1043, "08S01", text)
        if isinstance(error, ServerError):
            self._fail(error)
            if not is_admitted or error.fields.severity in _FATAL:
                self._end()
            return
        self._drop()
        if not isinstance(error, ConnectionDropped):
            raise error

    def _fail(self, error: ServerError) -> None:
        backend, connection, fields = self._backend, self.connection, error.fields
        backend.send([backend.form().error(error)])
        connection.note_failed(fields)
        code = fields.code if isinstance(fields, MysqlErrorFields) else 0
        connection.warnings = [ServerWarning("Error", code, fields.message)]
        connection.row_count = -1
        if code == _DEADLOCK:  # it rolls the whole transaction back
            backend.state.transactions.end(commit=False)

    def _end(self) -> None:
        self.closed = True
        self.connection.note_lost()
        self._backend.state.transactions.end(commit=False)
        if self._backend.is_admitted:
            self._backend.responder.lost(self.connection)
        if self._work is not None:
            work, self._work = self._work, None
            work.close()

    def _drop(self) -> None:
        self.dropped = True
        self._end()


_HANDLERS: Final[dict[int, Callable[[Backend, bytes], Work | None]]] = {
    Command.QUIT: administration.quit_session,
    Command.INIT_DB: administration.init_db,
    Command.QUERY: queries.query,
    Command.STATISTICS: administration.statistics,
    Command.PROCESS_KILL: administration.process_kill,
    Command.DEBUG: administration.debug,
    Command.PING: administration.ping,
    Command.CHANGE_USER: administration.change_user,
    Command.STMT_PREPARE: prepared_statements.prepare,
    Command.STMT_EXECUTE: prepared_statements.execute,
    Command.STMT_SEND_LONG_DATA: prepared_statements.send_long_data,
    Command.STMT_CLOSE: prepared_statements.close,
    Command.STMT_RESET: prepared_statements.reset,
    Command.SET_OPTION: administration.set_option,
    Command.STMT_FETCH: prepared_statements.fetch,
    Command.RESET_CONNECTION: administration.reset_connection,
}
