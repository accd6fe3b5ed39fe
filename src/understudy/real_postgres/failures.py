"""The failures of a test whose database is isolated by rollback."""

from __future__ import annotations

from understudy.script.failures import Failure


class SandboxEscaped(Failure):
    """A statement has committed what was to be rolled back."""


class SandboxBusy(Failure):
    """A statement waited for the transaction of another connection, which did not end."""


class StrangerRefused(Failure):
    """A statement came from a task or a thread that an earlier test has left running."""


class SandboxBroken(Failure):
    """The transaction of a test cannot be gone on with."""
