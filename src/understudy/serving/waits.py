"""What a session waits for before it answers, and the end of a connection without a message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class ConnectionDropped(Exception):
    """The connection ends without a message, as if the server's machine were gone.

    Attributes:
        effective: whether the statement took effect, like a COMMIT whose answer is lost.
    """

    def __init__(self, *, effective: bool = False) -> None:
        super().__init__("the connection is dropped")
        self.effective = effective


@dataclass(slots=True)
class Pending:
    """A result that takes time; the session answers nothing else before it.

    Attributes:
        delay: seconds to wait; None waits until it is cancelled or the connection ends.
        after: called then for what the session gets, or the next wait; it may raise ServerError or
            ConnectionDropped. An awaitable that it returns is awaited in the test's loop.
        begin: if given, `delay` and `after` are ignored: it is called in the connection's thread
            with a function, which is to be called with the outcome.
        cancel: if given, called for a CancelRequest; the outcome then comes from `begin`.
        in_thread: whether `after` may take so long that other connections must not wait for it. It
            may not touch the session.
    """

    delay: float | None
    after: Callable[[], Any] = field(default=lambda: None)
    begin: Callable[[Callable[[Any], None]], None] | None = None
    cancel: Callable[[], None] | None = None
    in_thread: bool = False
