"""The order of requests in the transaction that the clients of a test share."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from understudy.mysql.packets import Command
from understudy.mysql.results import Result, read_result
from understudy.mysql_server.admin import LONGEST_WAIT
from understudy.real_mysql.rollback import Request, SharedTransaction
from understudy.serving.waits import ConnectionDropped, Pending


class _SlowUpstream:
    """A connection to a server that answers when a test says so."""

    is_lost = False

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.waiting: list[Callable[[Any], None]] = []

    def ask(self, _command: Command, body: bytes, _reading: object) -> Pending:
        def begin(done: Callable[[Any], None]) -> None:
            self.sent.append(body)
            self.waiting.append(done)

        return Pending(None, begin=begin)


def test_a_statement_that_is_late_is_not_sent_after_the_rollback() -> None:
    upstream: Any = _SlowUpstream()
    sockets: Any = None
    client: Any = SimpleNamespace(is_in_transaction=False, has_written=False)
    client.settings_after = lambda _other: []
    transaction = SharedTransaction(lambda: upstream, sockets)
    insert = "INSERT INTO notes VALUES (1, '')"
    reading = read_result(deprecate_eof=False)
    outcomes: list[object] = []
    request = Request(client, Command.QUERY, insert.encode(), reading, insert, done=outcomes.append)
    transaction._start(request)

    transaction.roll_back(outcomes.append)
    upstream.waiting[0](Result())

    begin = f"SET wait_timeout = {LONGEST_WAIT};START TRANSACTION".encode()
    assert upstream.sent == [begin, b"ROLLBACK"]
    assert [type(outcome) for outcome in outcomes] == [ConnectionDropped]
