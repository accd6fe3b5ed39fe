"""Fake connections, records, transactions and pools, and dummies of any class."""

from understudy.fakes.connection import FakeConnection
from understudy.fakes.cursor import FakeCursor, FakePreparedStatement
from understudy.fakes.dummy import Dummy, dummy
from understudy.fakes.pool import FakePool
from understudy.fakes.record import FakeRecord
from understudy.fakes.transaction import FakeTransaction, FakeTransactionContext

__all__ = [
    "Dummy",
    "FakeConnection",
    "FakeCursor",
    "FakePool",
    "FakePreparedStatement",
    "FakeRecord",
    "FakeTransaction",
    "FakeTransactionContext",
    "dummy",
]
