"""The stand-ins of this suite: Understudy's, under the name where a reader looks for them."""

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
