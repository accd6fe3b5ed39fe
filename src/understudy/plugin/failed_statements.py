"""What a failed test has asked its database, as a section of its report with -v."""

from __future__ import annotations

import pytest

from understudy.plugin import servers

_MOST = 15  # calls
_ENDS = ("rollback", "rollback to")


def explain(item: pytest.Item, report: pytest.TestReport) -> None:
    """Add the calls of a failed test to its report, in order; the one that failed is the last.

    Calls on a fake are not kept, except in its log.
    """
    if not report.failed or report.when == "teardown" or item.config.getoption("verbose") < 1:
        return
    events = [pair for pair in servers.events(item.config) if pair[0].kind != "connect"]
    if not events:
        return
    from understudy.plugin.event_texts import EventTexts

    events.sort(key=lambda pair: pair[0].begun)
    failed = [number for number, (event, _) in enumerate(events) if event.error is not None]
    after = events[failed[-1] + 1 :] if failed else []
    if all(event.kind in _ENDS for event, _ in after):
        events = events[: len(events) - len(after)]
    texts = EventTexts(item.config)
    lines = [line for event, server in events for line in texts.lines(event, server)]
    left_out = max(0, len(events) - _MOST)
    more = [f"({left_out} calls before these are left out)"] if left_out else []
    report.sections.append(("understudy: statements", "\n".join(more + lines[2 * left_out :])))
