"""The commands of a session on the real server, where all sessions of a test are one."""

from __future__ import annotations

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol.statements import Result
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.client_settings import ClientSettings
from understudy.real_postgres.client_state import RollbackClient
from understudy.real_postgres.scheduler import TransactionScheduler
from understudy.real_postgres.upstream_replies import Reply
from understudy.serving.waits import Pending


class SessionCommands:
    """Applies the commands that a session carries out itself.

    Args:
        scheduler: the transaction on the real server.
        settings: the run-time parameters of the clients.
    """

    def __init__(self, scheduler: TransactionScheduler, settings: ClientSettings) -> None:
        self._scheduler = scheduler
        self._settings = settings

    def apply(self, command: c.Command, sql: str, client: RollbackClient) -> Pending | None:
        """Apply a command of the session on the real server; return what to wait for, if any."""
        current = client.current
        match command:
            case c.Commit() | c.Rollback() | c.PrepareTransaction():
                aborted = current is not None and current.aborted
                if isinstance(command, c.Commit) and not aborted:
                    return self._scheduler.commit(client)
                self._scheduler.end(client, commit=False)
            case c.Savepoint() | c.Release() | c.RollbackTo():
                if current is not None:
                    return self._scheduler.submit(client, sql, upstream_requests.query(sql), _done)
            case c.SetTransaction(session=True) | c.SetConstraints():
                return self._scheduler.submit(client, sql, upstream_requests.query(sql), _done)
            case c.SetTransaction(modes=modes) | c.Begin(modes=modes):
                if current is not None and ("transaction_read_only", "on") in modes:
                    request = upstream_requests.query("SET LOCAL transaction_read_only = on")
                    return self._scheduler.submit(client, sql, request, _done)
            case c.Set(name="transaction_isolation" | "transaction_deferrable"):
                return None  # which the transaction of the test has
            case c.Set() | c.Reset():
                return self._settings.apply(command, sql, client)
            case c.Discard(what=what):
                if what != "ALL":
                    return self._scheduler.submit(client, sql, upstream_requests.query(sql), _done)
                if current is None:
                    return self._settings.discard_all(sql, client)
        return None


def _done(reply: Reply) -> Result:
    if reply.error is not None:
        raise reply.error
    return Result()
