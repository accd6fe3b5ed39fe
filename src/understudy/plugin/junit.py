"""Properties of each test in a JUnit report: how much it asked, and the error that it met."""

from __future__ import annotations

import pytest

from understudy.plugin import isolation, servers

_HAS_FAILED: pytest.StashKey[bool] = pytest.StashKey()


def note_failure(item: pytest.Item, report: pytest.TestReport) -> None:
    """Note whether a test has failed, before its teardown."""
    if report.when == "setup":
        item.stash[_HAS_FAILED] = False
    item.stash[_HAS_FAILED] |= report.failed


def record(item: pytest.Item) -> None:
    """Add the properties of a test whose teardown ends, if there is a report to be written."""
    # A worker of pytest-xdist has the option, too. On a clone, the statements are not known.
    config = item.config
    if not getattr(config.option, "xmlpath", None) or isolation.is_on_clone(item):
        return
    if config.getini("junit_family") not in ("legacy", "xunit1"):
        return  # the schema of the others has no properties of a test
    events = [event for event, _ in servers.events(config)]
    if not events:
        return
    count = sum(event.kind == "statement" and event.is_counted for event in events)
    item.user_properties.append(("understudy_statements", count))
    codes = [event.error.sqlstate for event in events if event.error is not None]
    has_failed = item.stash[_HAS_FAILED]
    if codes and has_failed:
        item.user_properties.append(("understudy_sqlstate", codes[-1]))
