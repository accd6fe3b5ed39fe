"""Runs of tests that never ran: events and requests made by hand."""

from __future__ import annotations

from typing import Any

from understudy.catalog.description import Constraint, SchemaFacts
from understudy.pg.errors import ErrorFields
from understudy.rerun import Run
from understudy.script import requests
from understudy.script.boundary import CallId, Event, Kind
from understudy.script.calls import Call, Sender, Transaction
from understudy.script.formatting import shape
from understudy.script.request_rules import Finding as RuleFinding
from understudy.script.requests import Request
from understudy.sweep.faults import Schemas
from understudy.sweep.violations import PostgresSchema

FACTS = SchemaFacts(
    {},
    (
        Constraint("orders_amount_check", "orders", "check", ("amount",)),
        Constraint("orders_pkey", "orders", "primary key", ("id",)),
        Constraint("orders_user_id_fkey", "orders", "foreign key", ("user_id",), "users"),
        Constraint("users_email_key", "users", "unique", ("email",)),
        Constraint("users_email_not_null", "users", "not null", ("email",)),
        Constraint("users_pkey", "users", "primary key", ("id",)),
    ),
)
SCHEMAS = Schemas(PostgresSchema(FACTS))
INSERT = "INSERT INTO users (email) VALUES ($1)"
ORDER = "INSERT INTO orders (amount) VALUES ($1)"
SELECT = "SELECT email FROM users"


class Recorder:
    """Makes a run, call by call."""

    def __init__(self) -> None:
        self.run = Run(seconds=0.1, has_fired=True)
        self.request: Request | None = None
        self.transaction: Transaction | None = None
        self._counts: dict[tuple[str, str, str], int] = {}

    def begins(self, method: str, path: str) -> Recorder:
        """Begin a request."""
        self.request = Request(method, path, 1, route=path)
        self.run.requests.append(self.request)
        return self

    def answers(self, status: int | None) -> Recorder:
        """End the request."""
        assert self.request is not None
        self.request.status = status
        self.request.answered = None if status is None else requests.now()
        self.request.sent = self.request.answered
        self.request.ended = requests.now()
        self.request = None
        return self

    def asks(
        self,
        sql: str,
        *parameters: Any,
        kind: Kind = "statement",
        tag: str | None = "INSERT 0 1",
        fails: str | None = None,
        is_lost: bool = False,
        connection: int = 1,
        is_drivers: bool = False,
    ) -> Recorder:
        """Add a call."""
        call = Call("execute", sql, list(parameters), self.transaction)
        call.sender = Sender(connection, "app", "app", "")
        name = "" if self.request is None else f"{self.request.name} #1"
        key = (name, kind, shape(sql))
        self._counts[key] = self._counts.get(key, 0) + 1
        event = Event(
            CallId(name, kind, shape(sql), self._counts[key]),
            kind,
            call,
            self.request,
            "call",
            is_drivers=is_drivers,
        )
        event.ended = requests.now()
        event.is_lost = is_lost
        event.error = None if fails is None else ErrorFields(fails, "text")
        event.tag = None if is_lost or fails else tag
        self.run.events.append(event)
        return self

    def opens(self) -> Recorder:
        """Begin a transaction."""
        self.asks("BEGIN", kind="begin", tag="BEGIN")
        self.transaction = Transaction(1)
        return self

    def commits(self, **how: Any) -> Recorder:
        """Commit it."""
        self.asks("COMMIT", kind="commit", **{"tag": "COMMIT", **how})
        self.transaction = None
        return self

    def rolls_back(self) -> Recorder:
        """Roll it back."""
        self.asks("ROLLBACK", kind="rollback", tag="ROLLBACK")
        self.transaction = None
        return self


def no_rules(run: Any) -> list[RuleFinding]:
    """Find nothing, as the rules about requests."""
    return []
