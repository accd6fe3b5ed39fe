"""Rules for statements that a real server would answer."""

from __future__ import annotations

from typing import Any, Self

from understudy.fake_postgres.scripted_rules import SentRule
from understudy.script.answers import Computed


class RealRule(SentRule):
    """A rule for statements that come over the wire, with the real server behind it."""

    def real(self) -> Self:
        """Answer with what the real server answers."""
        return self._add(Computed(from_the_real_server))


def from_the_real_server(*_: Any, **__: Any) -> None:
    """Stand for the real server's answer; who forwards looks for this function."""
