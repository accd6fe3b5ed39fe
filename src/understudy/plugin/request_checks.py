"""The rules about a request, checked when a test is over.

Transactions and connections that a request leaves open (R4) are failures of the test already:
serving/leaks.py.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from understudy.plugin import markers, servers, verification
from understudy.plugin.outcomes import failure
from understudy.plugin.settings import REQUEST_RULES

if TYPE_CHECKING:
    from understudy.script.boundary import Boundary
    from understudy.script.expectations import PossibleWarning
    from understudy.script.request_rules import Finding

_BOUNDARIES: pytest.StashKey[list[Boundary]] = pytest.StashKey()


# What was imported when it was last looked whether a client is among it.
_looked_at: tuple[int, object] = (0, None)


def observe_clients() -> None:
    """Note the requests of the clients whose modules were imported."""
    global _looked_at
    imported = len(sys.modules), sys.modules.get("starlette.testclient")
    if imported == _looked_at:
        return
    _looked_at = imported
    if "httpx" in sys.modules or "httpx2" in sys.modules:
        importlib.import_module("understudy.asgi.app_requests").observe()


def begin(item: pytest.Item) -> None:
    """Forget what earlier tests have sent, also for a test that requests no server's fixture."""
    for server in servers.traced(item.config):
        server.boundary.begin_test()


def watch(item: pytest.Item, boundary: Boundary) -> None:
    """Check the requests of a test when it is over, and its statements when its body is."""
    from understudy.script import expectations

    item.stash.setdefault(_BOUNDARIES, []).append(boundary)
    for warning in _warnings(boundary):
        expectations.warn_unless(warning)


def watch_shared(item: pytest.Item) -> None:
    """Check the requests of a test that uses a server through fixtures of a wider scope only."""
    watched = item.stash.setdefault(_BOUNDARIES, [])
    states = verification.states(item) or []
    for server in servers.traced(item.config):
        if server.boundary not in watched and server.boundary.events:
            watched.append(server.boundary)
            for state in states[-1:]:
                state.possible_warnings += _warnings(server.boundary)


def _warnings(boundary: Boundary) -> list[PossibleWarning]:
    found = _Findings(boundary)
    return [_Warning(check, found) for check in REQUEST_RULES]


def check_statements(item: pytest.Item) -> None:
    """Fail a test whose body has sent more statements than its marker allows."""
    most = markers.max_statements(item)
    boundaries = item.stash.get(_BOUNDARIES, [])
    item.stash[_BOUNDARIES] = []  # pytest keeps its items until it ends
    if most is None or not boundaries:
        return
    from understudy.script import budgets

    events = [event for boundary in boundaries for event in boundary.events]
    sent = [event for event in budgets.sent(events) if event.phase == "call"]
    text = budgets.excess(sent, most, f"@pytest.mark.understudy(max_statements={most})")
    if text is not None:
        raise failure(f"TooManyStatements: {text}")


class _Findings:
    """What the rules find in a test."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary

    @cached_property
    def all(self) -> list[Finding]:
        from understudy.script import request_rules, requests

        events = self._boundary.events
        return request_rules.findings(events, requests.of_test, has_scope=_has_scope())


class _Warning:
    """The findings of one rule (script/expectations.py, PossibleWarning)."""

    def __init__(self, check: str, findings: _Findings) -> None:
        self.check = check
        self._findings = findings

    def confirmed(self) -> str | None:
        found = [finding for finding in self._findings.all if finding.setting == self.check]
        if not found:
            return None
        more = len(found) - 1
        text = found[0].text
        return text + f"\n(And {more} more of this kind in the same test.)" * bool(more)


def _has_scope() -> bool:
    """Return whether the installed FastAPI has `Depends(..., scope="function")`."""
    fastapi = sys.modules.get("fastapi")
    return fastapi is None or "scope" in inspect.signature(fastapi.Depends).parameters
