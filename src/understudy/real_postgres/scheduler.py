"""One transaction of a real server, and the clients that take turns in it.

All of a test runs in one transaction, which is rolled back. What a client begins and commits, or
runs outside of a block, is a savepoint in it. There is one at a time: whoever has it open has the
server to himself, and the others wait. Nothing is sent for its own sake: a transaction begins, and
a savepoint ends, with whatever is sent next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.statements import Pending, Result
from understudy.fake_postgres.sockets import Sockets
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.sql import one_line
from understudy.real_postgres import report, upstream_requests
from understudy.real_postgres.client_state import Guest
from understudy.real_postgres.deferred_constraints import Constraints
from understudy.real_postgres.failures import SandboxBroken, SandboxBusy, SandboxEscaped
from understudy.real_postgres.sequences import put_back, remember
from understudy.real_postgres.upstream import Upstream
from understudy.real_postgres.upstream_replies import Reply
from understudy.script.failures import Failure

Read = Callable[[Reply], Any]
Outcome = Callable[[Any], None]

PATIENCE = 5.0
COMMIT = "COMMIT"
SAVEPOINT = '"understudy: one client"'
_DEFINES = frozenset({"CREATE", "ALTER", "DROP", "REINDEX", "SECURITY", "IMPORT"})


@dataclass(slots=True, eq=False)
class _Turn:
    """A request of a client.

    Attributes:
        guest, sql: whose, and for which statement.
        request: what to send.
        read: makes the outcome of the reply; it may raise.
        copied: the data of a COPY from the client.
        done: told of the outcome.
        is_wanted: whether its client is still there.
    """

    guest: Guest
    sql: str
    request: bytes
    read: Read
    copied: Sequence[bytes] | None
    done: Outcome | None = None
    is_wanted: bool = True


class Turns:
    """The transaction of a test. All but `open` belongs to the sockets' thread.

    Args:
        sockets: returns those whose thread it works in.
        failed: enters a failure of the test.

    Attributes:
        patience: how many seconds a client waits for its turn.
        generation: changes whenever the server forgets the prepared statements.
        has_defined: whether the test has changed the schema.
        is_spoilt: whether the database has to be replaced.
    """

    def __init__(
        self, sockets: Callable[[], Sockets], failed: Callable[[Failure], Failure]
    ) -> None:
        self.patience = PATIENCE
        self.generation = 0
        self.has_defined = False
        self.is_spoilt = False
        self._sockets = sockets
        self._failed = failed
        self._upstream: Upstream | None = None
        self._queue: deque[_Turn] = deque()
        self._running: _Turn | None = None
        self._holder: Guest | None = None
        self._ending: Literal["", "release", "rollback"] = ""
        self._is_begun = False
        self._applied: tuple[str, ...] | None = ()
        self._portals: list[str] = []
        self._constraints = Constraints()

    # A database ----------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether there is a server behind it."""
        return self._upstream is not None and not self._upstream.is_lost

    def open(self, dsn: str) -> dict[str, str]:
        """Connect to a database; return the parameters that its server reports."""
        upstream = Upstream(dsn, self._sockets())
        self._sockets().call(partial(self._begin_with, upstream))
        return upstream.settings

    def _begin_with(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self.generation += 1
        self.is_spoilt = self._is_begun = False
        upstream.attach()
        self._constraints.learn(upstream)
        remember(upstream)

    def close(self) -> None:
        """Leave the database."""
        if self._upstream is not None:
            self._upstream.close()
            self._upstream = None

    # What clients want ---------------------------------------------------------------------------

    def ask(
        self,
        guest: Guest,
        sql: str,
        request: bytes,
        read: Read,
        copied: Sequence[bytes] | None = None,
    ) -> Pending:
        """Return what waits for the reply to a request, in the guest's transaction."""
        turn = _Turn(guest, sql, request, read, copied)
        return Pending(None, begin=partial(self._enter, turn), cancel=partial(self._cancel, turn))

    def commit(self, guest: Guest) -> Pending | None:
        """End the transaction of a guest well; return what to wait for, where it may yet fail."""
        if self._holder is not guest:
            return None
        if not guest.is_read_only and self._constraints.may_be_deferred(self.has_defined):
            return self.ask(guest, COMMIT, self._constraints.check(), partial(self._checked, guest))
        self.end(guest, commit=True)
        return None

    def _checked(self, guest: Guest, reply: Reply) -> Any:
        if reply.error is not None:
            self.end(guest, commit=False)
            raise reply.error
        self._constraints.checked(reply)
        self.end(guest, commit=True)
        return Result()

    def end(self, guest: Guest, *, commit: bool) -> None:
        """End the transaction of a guest: with what is sent next."""
        guest.is_read_only, read_only = False, guest.is_read_only
        if self._holder is not guest:
            return
        self._holder = None
        # What may not write has nothing to keep, and PostgreSQL never lets it write again.
        self._ending = "release" if commit and not read_only else "rollback"
        if commit:
            guest.settings_kept = guest.settings_made
        else:
            guest.settings_made = guest.settings_kept
            if self._applied is not None:
                self._applied = guest.settings_kept
        self._portals += [*guest.portals, *guest.closing]
        guest.portals, guest.closing = [], []
        guest.bound.clear()
        self._next()

    def finish_commit(self) -> None:
        """Wait for a commit that is under way: its client may have its answer already."""
        if self._running is not None and self._running.sql == COMMIT:
            assert self._upstream is not None
            self._upstream.finish()

    def lost(self, guest: Guest) -> None:
        """Take note that a guest is gone."""
        for turn in [each for each in self._queue if each.guest is guest]:
            self._queue.remove(turn)
        running = self._running
        if running is not None and running.guest is guest:
            running.is_wanted = False
            assert self._upstream is not None
            self._upstream.cancel()
        else:
            self.end(guest, commit=False)

    def applied(self, guest: Guest, statements: tuple[str, ...], *, is_all: bool = True) -> None:
        """Take note of what the run-time parameters of a guest are made of.

        Args:
            guest: who has set some.
            statements: what makes all of his.
            is_all: whether this is what they are on the real server now.
        """
        guest.settings_made = statements
        if not is_all:
            self._applied = None
        elif self._applied is not None:  # something else may still be there
            self._applied = statements

    # Turns ---------------------------------------------------------------------------------------

    def _enter(self, turn: _Turn, done: Outcome) -> None:
        turn.done = done
        self._queue.append(turn)
        self._next()
        if turn in self._queue:
            self._sockets().later(self.patience, partial(self._impatient, turn, self.patience))

    def _next(self) -> None:
        if self._running is not None:
            return
        for turn in self._queue:
            if self._holder in (None, turn.guest):
                self._queue.remove(turn)
                self._start(turn)
                return

    def _start(self, turn: _Turn) -> None:
        upstream = self._upstream
        self._running = turn
        if upstream is None or upstream.is_lost:
            error = ServerError(ErrorFields("57P01", report.SERVER_GONE, "FATAL"))
            self._finished(turn, [Reply(error=error, status="")])
            return
        before = self._before(turn.guest)
        wanted = 2 if before else 1
        upstream.ask(before + turn.request, wanted, partial(self._finished, turn), turn.copied)

    def _before(self, guest: Guest) -> bytes:
        """Return what puts the server where a guest's next statement can run."""
        if self._holder is guest:
            return b""
        statements = []
        if not self._is_begun:
            statements.append("BEGIN")
            self._is_begun = True
        elif self._ending:
            if self._ending == "rollback":
                statements.append(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
            statements.append(f"RELEASE SAVEPOINT {SAVEPOINT}")
        self._ending = ""
        if self._applied != guest.settings_made:
            statements += ["RESET ALL", *guest.settings_made]
            self._applied = guest.settings_made
        guest.settings_kept = guest.settings_made
        statements += self._constraints.put_back()
        statements.append(f"SAVEPOINT {SAVEPOINT}")
        if guest.is_read_only:
            statements.append("SET LOCAL transaction_read_only = on")
        self._holder = guest
        closed = b"".join(map(upstream_requests.close_portal, self._portals))
        self._portals = []
        return closed + upstream_requests.query(";".join(statements))

    def _finished(self, turn: _Turn, replies: Sequence[Reply]) -> None:
        self._running = None
        reply = replies[-1]
        if len(replies) == 2 and replies[0].error is not None:
            text = (
                f"the transaction that isolates this test is broken: {replies[0].error.fields.text}"
            )
            self._failed(SandboxBroken(text))
            self.is_spoilt = True
        if reply.status == "I" and not self.is_spoilt:
            self.is_spoilt = True
            self._failed(
                SandboxEscaped(
                    "a statement ended the transaction that isolates this test: what it did is "
                    "committed\n"
                    f"  sql: {one_line(turn.sql)}\n"
                    "The database was replaced, so that no other test sees it. A test that needs "
                    "this is\n"
                    f"  {report.MARKER}"
                )
            )
        # CREATE TABLE ... AS is tagged as a SELECT.
        if {reply.tag.partition(" ")[0], turn.sql.lstrip()[:6].upper()} & _DEFINES:
            self.has_defined = True
        if not turn.is_wanted:
            self.end(turn.guest, commit=False)
        elif turn.done is not None:
            turn.done(_outcome(turn, reply))
        self._next()

    def _cancel(self, turn: _Turn) -> None:
        if turn is self._running:
            assert self._upstream is not None
            self._upstream.cancel()
        elif turn in self._queue:
            self._queue.remove(turn)
            assert turn.done is not None
            turn.done(errors.error("57014", "canceling statement due to user request"))

    def _impatient(self, turn: _Turn, seconds: float) -> None:
        """Give up a turn that did not come."""
        if turn not in self._queue:
            return
        holder = self._holder if self._running is None else self._running.guest
        if holder is None or not holder.transactions or holder.open_transaction is None:
            # A statement that runs for long: it ends by itself.
            self._sockets().later(seconds, partial(self._impatient, turn, seconds))
            return
        self._queue.remove(turn)
        latest = holder.latest
        where = "another connection" if latest is None else latest.origin.place
        text = report.waited(turn.sql, seconds, where, "" if latest is None else latest.statement)
        self._failed(SandboxBusy(text))
        assert turn.done is not None
        turn.done(errors.error("55P03", text))

    # Tests ---------------------------------------------------------------------------------------

    @property
    def is_used(self) -> bool:
        """Whether anything has run, or waits to, since the last `roll_back`."""
        return self._is_begun or self._running is not None or bool(self._queue)

    def roll_back(self) -> None:
        """End the transaction of a test: nothing of it stays."""
        upstream = self._upstream
        self._queue.clear()
        if upstream is None:
            return
        if self._running is not None:
            self._running.is_wanted = False
            upstream.cancel()
            upstream.finish()
        if self._is_begun and not upstream.is_lost and not self.is_spoilt:
            reply = upstream.ask_now(upstream_requests.query(f"ROLLBACK;{put_back()}"))
            self.is_spoilt = reply.error is not None
        self._is_begun = False
        self._holder = None
        self._ending = ""
        self._applied = ()
        self._portals = []
        self._constraints.forget()
        if self.has_defined:
            self.generation += 1
            self.has_defined = False
            if not upstream.is_lost and not self.is_spoilt:
                upstream.ask_now(upstream_requests.query("DEALLOCATE ALL"))
                remember(upstream)


def _outcome(turn: _Turn, reply: Reply) -> Any:
    try:
        return turn.read(reply)
    except Exception as error:  # noqa: BLE001 # the session tells its client, or raises it again
        return error
