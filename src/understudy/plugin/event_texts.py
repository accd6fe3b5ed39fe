"""The calls of a test as lines, with what the configuration hides."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import servers
from understudy.plugin.options import read_settings

if TYPE_CHECKING:
    from understudy.catalog.description import Verdict
    from understudy.pg.codec_registry import Values
    from understudy.script.boundary import Event


def codecs_of(config: pytest.Config, server: str) -> Values | None:
    """Return the codecs of a server of this run by its name; None for a fake."""
    made = servers.made_postgres(config)
    return next((known.schema.values for known in made if known.name == server), None)


def known_verdict(text: str) -> Verdict | None:
    """Return what the catalog of this process holds of a statement; None if nothing."""
    active: Any = sys.modules.get("understudy.catalog.active_checker")
    checker = None if active is None else active.made()
    return None if checker is None else checker.catalog.known(text)


class EventTexts:
    """Makes lines of the calls of a test.

    Args:
        config: of the run.
        time_of: returns the seconds of a position; None for no times.
    """

    def __init__(
        self,
        config: pytest.Config,
        time_of: Callable[[int | None], float | None] = lambda position: position,
    ) -> None:
        from understudy.run_report.recording import Reader
        from understudy.run_report.redaction import Redaction

        self._reader = Reader(lambda server: codecs_of(config, server), time_of)
        self._redaction = Redaction(read_settings(config).report_redact)
        self._connections: dict[int, int] = {}

    def lines(self, event: Event, server: str, *, has_time: bool = False) -> list[str]:
        """Return the lines of a call."""
        from understudy.run_report.lines import event_lines
        from understudy.run_report.recording import Link

        pid, text = event.call.connection, event.call.text
        number = None
        if pid is not None:
            number = self._connections.setdefault(pid, len(self._connections) + 1)
        statement = text if event.kind == "statement" else ""
        verdict = known_verdict(statement) if statement else None
        found = self._reader.call(event, server, Link(number, None, None, 0 if statement else None))
        found = self._redaction.event(found, statement, verdict)
        shown = statement and self._redaction.text(statement, verdict)
        request = "" if event.request is None else f"{event.request.method} {event.request.path}"
        first, second = event_lines(found, shown, request)
        return [f"{found.at:8.3f}s {first}" if has_time else first, second]
