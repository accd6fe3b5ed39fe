"""A connection to a clone beside whose statements an observer asks.

A question is sent while the server waits for the client, and the client's next messages are held
until it is answered. So nothing of it reaches the client; its own messages pass unchanged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from understudy.fake_postgres.protocol import frontend_messages
from understudy.fake_postgres.protocol.statements import Sent
from understudy.pg import sql as lexer
from understudy.pg.errors import ServerError
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.observation import NAME, Observation, Observer
from understudy.real_postgres.reads import ReadStatements
from understudy.real_postgres.server_facts import defines_code
from understudy.real_postgres.tunnel import Tunnel
from understudy.real_postgres.upstream import Upstream
from understudy.real_postgres.upstream_replies import Reply, messages, take

if TYPE_CHECKING:
    from understudy.fake_postgres.clients import Client
    from understudy.serving.sockets import Sockets

# Messages after which the server may act: until then, nothing has to be passed on.
_ENDS = frozenset([b"S", b"Q", b"H", b"d", b"c", b"f", b"X"])
_CANCEL_AGAIN = 0.02  # seconds until the server has begun with a statement


@dataclass
class CloneFacts:
    """What is known of a clone.

    Attributes:
        reads: tells which statements only read.
        changed_code: whether the test has defined what may run in a query, such as a function.
    """

    reads: ReadStatements
    changed_code: bool = False


@dataclass
class _Batch:
    """Messages of the client that are passed on together.

    Attributes:
        data: the messages.
        executed: the statements in it, each with its parameters.
        answers: how often the server says that it is ready again.
    """

    data: bytearray = field(default_factory=bytearray)
    executed: list[tuple[str, tuple[int, ...], Sequence[Sent | None]]] = field(default_factory=list)
    answers: int = 0


class ObservedTunnel(Tunnel):
    """A connection to a clone, for one client, with an observer.

    Args:
        dsn: the URL of the database.
        client: the client.
        sockets: the sockets that watch the connection.
        user: the user, if it is not the one of the URL.
        observer: decides what is asked beside the statements.
        facts: what is known of the clone.
    """

    def __init__(
        self,
        dsn: str,
        client: Client,
        sockets: Sockets,
        user: str | None,
        observer: Observer,
        facts: CloneFacts,
    ) -> None:
        self._observer = observer
        self._facts = facts
        self._sent = bytearray()
        self._batch = _Batch()
        self._batches: deque[_Batch] = deque()
        self._prepared: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._outstanding = 0
        self._status = "I"
        self._reply = Reply()
        self._observed: tuple[Observation, Sequence[Reply]] | None = None
        self._is_cancelled = False
        super().__init__(dsn, client, sockets, user)

    # The client ----------------------------------------------------------------------------------

    def pass_on(self, data: bytes) -> None:
        """Send bytes of the client to the server, after what is asked before."""
        self._sent += data
        for kind, whole in messages(self._sent):
            self._batch.data += whole
            with suppress(ServerError):  # PostgreSQL refuses it, too
                self._note_message(kind.decode(errors="replace"), whole[5:])
            self._batch.answers += kind in (b"Q", b"S")
            if kind in _ENDS:
                self._end_batch()
        self._next()

    def cancel(self) -> None:
        """Cancel the running statement, or the next one if it is a question that runs."""
        super().cancel()
        self._is_cancelled = self._done is not None

    def _note_message(self, kind: str, body: bytes) -> None:
        """Note the statement of a message."""
        batch = self._batch
        if kind == "P":
            name, text, declared = frontend_messages.parse(body)
            self._prepared[name] = text, tuple(declared)
        elif kind == "B":
            _, name, formats, values, _ = frontend_messages.bind(body)
            if name in self._prepared:
                text, declared = self._prepared[name]
                forms = formats * len(values) if len(formats) == 1 else formats or [0] * len(values)
                sent = [
                    None if value is None else Sent(value, form)
                    for value, form in zip(values, forms, strict=True)
                ]
                batch.executed.append((text, declared, sent))
        elif kind == "Q":
            text = frontend_messages.query(body)
            batch.executed += [(piece.text, (), ()) for piece in lexer.split(text)]

    def _end_batch(self) -> None:
        for text, *_ in self._batch.executed:
            self._facts.changed_code |= defines_code(text)
        self._batches.append(self._batch)
        self._batch = _Batch()

    def _next(self) -> None:
        """Pass the next messages on, until there is something to ask before them."""
        while self._batches and self._done is None and not self.is_lost:
            batch = self._batches.popleft()
            is_idle = not self._outstanding and self._status in ("I", "T")
            if is_idle and batch.answers == 1 and len(batch.executed) == 1:
                self._describe(batch)
            else:
                self._pass(batch)

    def _pass(self, batch: _Batch, *, is_observed: bool = False) -> None:
        for text, *_ in batch.executed:
            self._observer.note_on_clone(text, is_observed=is_observed)
        self._outstanding += batch.answers
        self._send(bytes(batch.data))
        if self._is_cancelled:
            self._is_cancelled = False
            self._sockets.later(_CANCEL_AGAIN, self.cancel)

    # Questions -----------------------------------------------------------------------------------

    def _describe(self, batch: _Batch) -> None:
        """Ask for the types of the parameters of a statement, if it is of interest."""
        [(text, declared, values)] = batch.executed
        if not self._observer.is_of_interest(text):
            self._pass(batch)
        elif not values:
            self._observe(batch, ())
        else:
            request = upstream_requests.parse(NAME, text, declared)
            request += upstream_requests.describe(NAME) + upstream_requests.SYNC
            self._ask(_in_savepoint(request), 3, partial(self._described, batch))

    def _described(self, batch: _Batch, replies: Sequence[Reply]) -> None:
        if replies[1].error is not None:
            self._pass(batch)
        else:
            self._observe(batch, replies[1].parameters)
        self._next()

    def _observe(self, batch: _Batch, parameters: tuple[int, ...]) -> None:
        [(text, _, values)] = batch.executed
        observation = self._observer.observe(text, parameters, values, self._client, self._facts)
        if observation is None:
            self._pass(batch)
        elif observation.before:
            done = partial(self._answered, batch, observation)
            self._ask(observation.before, observation.before_count, done)
        else:
            self._answered(batch, observation, ())

    def _answered(self, batch: _Batch, observation: Observation, replies: Sequence[Reply]) -> None:
        self._observed, self._reply = (observation, replies), Reply()
        self._pass(batch, is_observed=True)
        self._next()

    def _ask(self, data: bytes, wanted: int, done: Callable[[Sequence[Reply]], None]) -> None:
        """Ask something in a transaction, which is ended if there was none."""
        if self._status == "T":
            self.ask(data + _CLOSE, wanted + 1, lambda replies: done(replies[:-1]), None)
            return
        query = upstream_requests.query
        whole = query("BEGIN") + data + query("ROLLBACK") + _CLOSE
        self.ask(whole, wanted + 3, lambda replies: done(replies[1:-2]), None)

    # The server ----------------------------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        if self._done is not None:
            Upstream._receive(self, data)
            return
        self._client.transport.send(data)
        self._received += data
        for kind, whole in messages(self._received):
            if kind == b"Z":
                self._ready_again(whole[5:6].decode())
            elif kind not in (b"D", b"d") and self._observed is not None:
                take(self._reply, kind, whole)

    def _ready_again(self, status: str) -> None:
        self._status = status
        self._outstanding = max(0, self._outstanding - 1)
        if self._observed is None or self._outstanding:
            return
        (observation, before), self._observed = self._observed, None
        note = partial(observation.note, before, self._reply)
        if not observation.after or self._reply.error is not None or status == "E":
            note(())
            return

        def noted(replies: Sequence[Reply]) -> None:
            note(replies)
            self._next()

        self._ask(observation.after, observation.after_count, noted)

    def _take(self, kind: bytes, whole: bytes) -> None:
        if kind == b"A":  # a notification is the client's
            self._client.transport.send(whole)
        else:
            super()._take(kind, whole)


_CLOSE = upstream_requests.close_statement(NAME) + upstream_requests.SYNC


def _in_savepoint(request: bytes) -> bytes:
    savepoint = '"understudy: types"'
    end = f"ROLLBACK TO SAVEPOINT {savepoint};RELEASE SAVEPOINT {savepoint}"
    begin = upstream_requests.query(f"SAVEPOINT {savepoint}")
    return begin + request + upstream_requests.query(end)
