"""The failures of a test that is isolated by rollback."""

from __future__ import annotations

from understudy.script.failures import Failure


class IsolationEscaped(Failure):
    """A statement committed the transaction that should have been rolled back."""


class IsolationBroken(Failure):
    """The transaction that isolates a test cannot continue."""


class TransactionBusy(Failure):
    """A statement waited for the transaction of another connection, which did not end in time."""


class LeakedTaskRefused(Failure):
    """A statement came from a task or a thread that an earlier test has left running."""
