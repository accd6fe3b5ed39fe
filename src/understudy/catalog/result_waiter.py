"""Wait for libpq's results in Python, so that Ctrl-C works and a silent server is detected."""

from __future__ import annotations

import selectors
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

_SHUT_DOWN = ("57P01", "57P02", "57P03")
_POLL = 0.1  # seconds: not every system interrupts select() for a signal


class ConnectionLost(Exception):
    """The connection was lost, or the server was silent too long; the text is the reason."""


class ResultWaiter:
    """Sends what libpq has buffered, and waits for the results.

    Args:
        pgconn: the connection.
        silence: seconds without a byte after which the connection counts as lost; None waits on.
    """

    def __init__(self, pgconn: PGconn, silence: float | None = None) -> None:
        self._pgconn = pgconn
        self._silence = silence
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> ResultWaiter:
        self._selector.register(self._pgconn.socket, selectors.EVENT_READ)
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()

    def next_result(self) -> PGresult | None:
        """Return the next result, or None after the last result of a command.

        Raises:
            ConnectionLost: the server was silent too long.
        """
        while self._pgconn.is_busy():
            # Read while sending: the server may block until its notices are received.
            unsent = self._pgconn.flush()
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent else 0)
            self._selector.modify(self._pgconn.socket, events)
            if self._wait() & selectors.EVENT_READ:
                self._pgconn.consume_input()
        return self._pgconn.get_result()

    def command_result(self) -> PGresult:
        """Return the only result of a command.

        Raises:
            ConnectionLost: the server has shut down, was silent, or broke the protocol.
        """
        from psycopg.pq import DiagnosticField, ExecStatus

        result = self.next_result()
        if result is not None and result.status == ExecStatus.FATAL_ERROR:
            state = result.error_field(DiagnosticField.SQLSTATE)
            if state is None or state.decode() in _SHUT_DOWN:
                message = result.error_field(DiagnosticField.MESSAGE_PRIMARY)
                text = message.decode() if message else result.get_error_message()
                raise ConnectionLost(" ".join(text.split()))
        if result is None or self.next_result() is not None:
            raise _out_of_sync()
        return result

    def synchronise(self) -> None:
        """Consume the answer to a Sync.

        Raises:
            ConnectionLost: the server was silent, or broke the protocol.
        """
        from psycopg.pq import ExecStatus

        result = self.next_result()
        if result is None or result.status != ExecStatus.PIPELINE_SYNC:
            raise _out_of_sync()

    def _wait(self) -> int:
        deadline = None if self._silence is None else time.monotonic() + self._silence
        while not (ready := self._selector.select(_POLL)):
            if deadline is not None and time.monotonic() > deadline:
                raise ConnectionLost(f"the server was silent for {self._silence:g} s")
        return ready[0][1]


def _out_of_sync() -> ConnectionLost:
    return ConnectionLost("the server's answers do not follow the protocol")
