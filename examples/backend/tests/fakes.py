"""Understudy's fakes, re-exported for the tests."""

from understudy import (
    ANY,
    FakeConnection,
    FakePool,
    FakeRecord,
    FakeTransaction,
    FakeTransactionContext,
    db_error,
    dummy,
)

__all__ = [
    "ANY",
    "FakeConnection",
    "FakePool",
    "FakeRecord",
    "FakeTransaction",
    "FakeTransactionContext",
    "db_error",
    "dummy",
]
