"""The protocol of one connection: bytes in, bytes out.

It has no sockets, threads or event loop. A transport feeds it the client's bytes, sends what it
returns, and waits for `pending`. Two threads must not use it at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from understudy.fake_postgres.protocol import backend_messages, errors, extended_query, simple_query
from understudy.fake_postgres.protocol.backend import MORE, Backend, Work, settle
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.frames import BadLength, Frames, UnknownKind
from understudy.fake_postgres.protocol.login import ServerOptions
from understudy.fake_postgres.protocol.responder import Responder
from understudy.fake_postgres.protocol.startup import start
from understudy.fake_postgres.protocol.statements import Result
from understudy.pg.errors import ServerError
from understudy.serving.waits import ConnectionDropped, Pending

_SYNC, _TERMINATE = b"SX"
_FATAL = ("FATAL", "PANIC")


class Session:
    """One connection to a server whose statements `responder` answers.

    Args:
        responder: answers the statements.
        connection: the connection.
        server_options: the login and the server's settings.

    Attributes:
        connection: the connection, as a test sees it.
        pending: what the session waits for before it answers anything else, or None.
        closed: whether the connection has ended; the output so far is still to be sent.
        dropped: whether it ended without a message: the transport is to close at once.
    """

    def __init__(
        self,
        responder: Responder,
        connection: Connection,
        server_options: ServerOptions = ServerOptions(),  # noqa: B008 # frozen
    ) -> None:
        self.connection = connection
        self.pending: Pending | None = None
        self.closed = False
        self.dropped = False
        self._backend = Backend(responder, connection, server_options)
        self._frames = Frames()
        self._work: Work | None = None
        self._extended = False
        self._skipping = False
        self._begin(start(self._backend))

    @property
    def cancel_request(self) -> tuple[int, int] | None:
        """The pid and secret in the CancelRequest for which this connection was made, or None."""
        return self._backend.cancel_request

    def feed(self, data: bytes) -> bytes:
        """Process the client's bytes; return what to send now."""
        if self.closed:
            return b""
        self._frames.add(data)
        return self._run()

    def resume(self, came: Result | Pending | BaseException) -> bytes:
        """Go on with the outcome of `pending`; return what to send now.

        Does nothing if nothing is pending, since it was cancelled.
        """
        if self.closed or self.pending is None:
            return b""
        self.pending = None
        self._advance(came)
        return self._run()

    def cancel(self) -> bytes:
        """Cancel the running statement, if one runs."""
        waiting = self._work is not None and self._backend.started
        if self.closed or not waiting:
            return b""
        if self.pending is not None and self.pending.cancel is not None:
            self.pending.cancel()
            return b""
        self.pending = None
        self._advance(errors.error("57014", "canceling statement due to user request"))
        return self._run()

    def notify(self, channel: str, payload: str, pid: int) -> bytes:
        """Deliver a notification now, or when the connection is idle, if it listens."""
        if self.closed or channel not in self.connection.channels:
            return b""
        message = backend_messages.notification(pid, channel, payload)
        if self._backend.idle:
            return message
        self._backend.notifications.append(message)
        return b""

    def terminate(self, error: ServerError) -> bytes:
        """End the connection with an error, as an administrator can at any time."""
        if self.closed:
            return b""
        self.pending = None
        self._end()
        return backend_messages.error_response(error)

    def lose(self) -> None:
        """Note that the client is gone: roll back what is open."""
        if not self.closed:
            self._end()

    def _run(self) -> bytes:
        """Answer the received messages, up to one that has to wait."""
        backend = self._backend
        try:
            while not (backend.started or self.pending or self.closed):
                frame = self._frames.first()
                if frame is None:
                    break
                self._advance((0, frame))
            if backend.started and self.pending is None:
                self._take_all()
        except BadLength:  # PostgreSQL logs it and hangs up
            self._drop()
        except UnknownKind as error:
            self._fail(errors.unknown_message(error.kind))
        data = b"".join(backend.out)
        backend.out.clear()
        return data

    def _take_all(self) -> None:
        if self.closed:
            return
        backend = self._backend
        for kind, body in self._frames:
            backend.idle = False
            if self._work is not None or self._skipping or kind == _TERMINATE:
                self._take_otherwise(kind, body)
            else:
                try:
                    work = _HANDLERS[kind](backend, body)
                except BaseException as error:  # noqa: BLE001 # raised again unless for the client
                    self._extended = kind in _EXTENDED
                    self._failed(error)
                else:
                    if work is None:
                        continue
                    self._extended = kind in _EXTENDED
                    self._begin(work)
            if self.closed or self.pending is not None:
                break

    def _take_otherwise(self, kind: int, body: bytes) -> None:
        """Take a message during other work, or while messages are skipped."""
        if self._work is not None:
            self._advance((kind, body))
        elif kind == _TERMINATE:
            self._end()
        elif kind == _SYNC:
            self._skipping = False
            try:
                work = _sync(self._backend, body)
            except ServerError as error:
                self._extended = False
                self._fail(error)
            else:
                assert work is None, "a failed statement leaves nothing to commit"

    def _begin(self, work: Work) -> None:
        self._work = work
        self._advance(None)

    def _advance(self, sent: object) -> None:
        """Go on with the work until it has to wait again."""
        work = self._work
        assert work is not None
        self._work = None
        try:
            wanted = work.throw(sent) if isinstance(sent, BaseException) else work.send(sent)
        except StopIteration:
            return
        except BaseException as error:  # noqa: BLE001 # raised again unless it is the client's
            self._failed(error)
            return
        self._work = work
        self.pending = None if wanted == MORE else wanted

    def _failed(self, error: BaseException) -> None:
        """Send the client a ServerError; raise any other error, which is a bug here."""
        if isinstance(error, ServerError):
            self._fail(error)
            return
        self._drop()
        if not isinstance(error, ConnectionDropped):
            raise error

    def _fail(self, error: ServerError) -> None:
        backend = self._backend
        backend.send(backend_messages.error_response(error, None if backend.welcomed else "FATAL"))
        self.connection.note_failed(error.fields)
        if error.fields.severity in _FATAL or not backend.welcomed:
            self._end()
            return
        if backend.forwarded and backend.connection.current is None:
            backend.forwarded = False
            settle(backend, commit=False)
        backend.transactions.fail()
        if self._extended:
            self._skipping = True
        else:
            backend.ready()

    def _end(self) -> None:
        self.closed = True
        self.connection.note_lost()
        self._backend.transactions.lose()
        self._backend.portals.close_all()
        if self._backend.forwarder is not None:
            self._backend.forwarder.lost(self.connection)
        if self._work is not None:
            self._work.close()
            self._work = None

    def _drop(self) -> None:
        self.dropped = True
        self._end()


def _sync(backend: Backend, body: bytes) -> Work | None:
    if body:
        raise errors.invalid_format()
    if backend.forwarded and (pending := settle(backend, commit=True)) is not None:
        return _settled(backend, pending)
    backend.ready()
    return None


def _settled(backend: Backend, pending: Pending) -> Work:
    yield pending
    backend.ready()


def _nothing(backend: Backend, body: bytes) -> None:
    """Ignore Flush, and the rest of a failed COPY."""


def _function_call(backend: Backend, body: bytes) -> None:
    raise errors.unsupported(
        "fastpath function calls are not supported by fake_postgres; use SELECT"
    )


def _password(backend: Backend, body: bytes) -> None:
    raise errors.unknown_message(ord("p"))


_HANDLERS: Final[dict[int, Callable[[Backend, bytes], Work | None]]] = {
    ord("Q"): simple_query.query,
    ord("P"): extended_query.parse,
    ord("B"): extended_query.bind,
    ord("D"): extended_query.describe,
    ord("E"): extended_query.execute,
    ord("C"): extended_query.close,
    ord("S"): _sync,
    ord("H"): _nothing,
    ord("d"): _nothing,
    ord("c"): _nothing,
    ord("f"): _nothing,
    ord("F"): _function_call,
    ord("p"): _password,
}
_EXTENDED = frozenset(b"PBDECH")
