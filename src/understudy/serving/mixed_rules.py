"""Rules of a real server: a scripted statement, or the real server's answer to it."""

from __future__ import annotations

from typing import Self

from understudy.script.answers import Computed, from_real_server
from understudy.script.calls import Call
from understudy.script.statement_rules import StatementRule
from understudy.serving.clients import INSERTER


class MixedRule(StatementRule):
    """A rule for statements of a real driver, which may be answered by the real server."""

    def real(self) -> Self:
        """Answer from the real server."""
        return self._add(Computed(from_real_server))

    def matches_sender(self, call: Call) -> bool:
        """Return whether this rule is for the sender of `call`: for no row that a test inserts."""
        return call.application_name != INSERTER and super().matches_sender(call)
