"""The failures of a test whose database is isolated by rollback."""

from __future__ import annotations

from understudy.script.failures import Failure


class SandboxEscaped(Failure):
    """A statement committed what had to be rolled back."""


class SandboxBusy(Failure):
    """A statement waited for another connection's transaction, which did not end."""


class StrangerRefused(Failure):
    """A statement came from a task or a thread leaked by an earlier test."""


class SandboxBroken(Failure):
    """The transaction of a test cannot continue."""
