"""What all connections to the database of the tests share."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

from understudy.engine.engine import Engine
from understudy.script import call_counts
from understudy.script.boundary import Boundary
from understudy.script.calls import Transaction
from understudy.script.script import Script

NAME = "real_sqlite"


class SharedState:
    """The script and the record of the running test.

    Args:
        template: returns the empty database with the schema.

    Attributes:
        template: as above.
        boundary: what passes between the apps and the database.
        base: the script of what is outside of a test.
        engine: the script and the log of the test.
        lock: held while these change.
        transactions: those of the test, as they began.
        looked_at: the statements of the test whose names in double quotes were looked at.
        hanging: of each connection that a rule may let hang; set to interrupt its statement.
    """

    def __init__(self, template: Callable[[], sqlite3.Connection]) -> None:
        self.template = template
        self.boundary = Boundary(NAME, "sqlite")
        self.base = Script(NAME)
        self.engine = Engine(self.base, checks_calls=False, tally=call_counts.SQLITE)
        self.lock = threading.RLock()
        self.transactions: list[Transaction] = []
        self.looked_at: set[str] = set()
        self.hanging: set[threading.Event] = set()

    @property
    def has_rules(self) -> bool:
        """Whether a rule may answer a statement."""
        return any(script.rules for script in self.engine.scripts)

    def begin_test(self) -> Script:
        """Forget the last test, and return the script of the next one."""
        script = Script(NAME)
        with self.lock:
            self.engine.scripts = (script, self.base)
            self.transactions = []
            self.looked_at = set()
            self.boundary.begin_test()
        return script

    def end_test(self) -> list[Transaction]:
        """Return the transactions that the test has left open, and forget its script."""
        with self.lock:
            for event in self.hanging:
                event.set()
            self.hanging.clear()
            # With autocommit=False a transaction is always open.
            opened = [found for found in self.transactions if found.state == "open"]
            left = [found for found in opened if found.calls or found.children]
            self.boundary.leaks = tuple(found.name for found in left)
            self.engine.scripts = (self.base,)
        return left
