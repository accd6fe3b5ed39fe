"""LISTEN and NOTIFY of one connection."""

from __future__ import annotations

from typing import NamedTuple

from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.responder import Responder

_LONGEST_CHANNEL = 63
_LONGEST_PAYLOAD = 7999


class _State(NamedTuple):
    channels: frozenset[str]
    sending: tuple[tuple[str, str], ...]  # channels and payloads


class Listening:
    """The channels and notifications of a connection; both take effect with its commit."""

    def __init__(self, connection: Connection, responder: Responder) -> None:
        self._connection = connection
        self._responder = responder
        self._channels: frozenset[str] = frozenset()
        self._sending: tuple[tuple[str, str], ...] = ()

    def listen(self, channel: str) -> None:
        """Carry out LISTEN."""
        self._channels |= {channel}

    def unlisten(self, channel: str | None) -> None:
        """Carry out UNLISTEN of a channel, or of all."""
        self._channels = frozenset() if channel is None else self._channels - {channel}

    def notify(self, channel: str, payload: str) -> None:
        """Carry out NOTIFY; a repetition in the same transaction is sent once.

        Raises:
            ServerError: the channel is empty, or channel or payload is too long.
        """
        if not channel:
            raise errors.error("22023", "channel name cannot be empty")
        if len(channel.encode()) > _LONGEST_CHANNEL:
            raise errors.error("22023", "channel name too long")
        if len(payload.encode()) > _LONGEST_PAYLOAD:
            raise errors.error("22023", "payload string too long")
        if (channel, payload) not in self._sending:
            self._sending = (*self._sending, (channel, payload))

    # TransactionalState

    def mark(self) -> _State:
        """Return what to go back to."""
        return _State(self._channels, self._sending)

    def restore(self, mark: _State) -> None:
        """Go back to what `mark` returned."""
        self._channels, self._sending = mark

    fail = restore

    def settle(self, mark: _State, *, commit: bool) -> None:
        """Apply the LISTENs and send the notifications, or discard both."""
        said = self._sending if commit else ()
        self._channels = self._channels if commit else mark.channels
        self._sending = ()
        self._connection.channels = set(self._channels)
        for notification in said:
            self._responder.notify(*notification, self._connection)
