"""A project whose tests are run again with changes, in a pytest inside the test."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

import pytest

import understudy.real_postgres.forwarding  # noqa: F401 # loaded once: see test_summary.py
from tests.garbage import _collected  # noqa: F401 # a fixture

SETTINGS = """
    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
    [tool.understudy]
    schema = ["schema.sql"]
"""
SCHEMA = "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL UNIQUE);"
# Runs every test again with each fault at each of its calls, and prints what came of it.
CONFTEST = """
    import pytest
    from understudy import db_error, rerun
    from understudy.script.answers import Drop, Error, Hang
    from understudy.script.boundary import Replace

    lines = []

    def changes():
        return {"error": Error(db_error("40001"))}

    def again(reruns):
        for recorded in reruns.recorded.values():
            item = recorded.item
            reason = reruns.control(item)
            if reason is not None:
                lines.append(f"{item.name}: left out, {reason}")
                continue
            for event in recorded.run.events:
                if event.id not in recorded.run.asked:
                    continue
                for name, change in changes().items():
                    run = reruns.run(item, rerun.once(event.id, change), seconds=0.7)
                    outcome = "passed" if run.passed else f"{run.phase}: {run.error}"
                    fired = "" if run.has_fired else " (not fired)"
                    late = " (late)" if run.is_timeout else ""
                    call = event.id.statement or event.kind
                    lines.append(f"{item.name}: {call}: {name}: {outcome}{fired}{late}")

    def pytest_configure(config):
        reruns = rerun.of(config)
        reruns.after.append(lambda: again(reruns))

    def pytest_terminal_summary(terminalreporter):
        for line in lines:
            terminalreporter.line(line)
"""


@dataclass
class Rerunning:
    """The project."""

    pytester: pytest.Pytester

    def write(self, tests: str, conftest: str = "", settings: str = SETTINGS) -> None:
        """Write its files, with additions to its conftest.py."""
        self.pytester.makefile(".toml", pyproject=dedent(settings))
        self.pytester.makefile(".sql", schema=SCHEMA)
        self.pytester.makeconftest(dedent(CONFTEST) + "\n" + dedent(conftest))
        self.pytester.makepyfile(test_own=dedent(tests))

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run its tests."""
        return self.pytester.runpytest_inprocess("-p", "no:randomly", "-q", *arguments)

    def lines(self, *arguments: str) -> list[str]:
        """Run its tests, and return what came of the reruns."""
        found = self.run(*arguments).outlines
        return [
            line
            for line in found
            if line.startswith("test_") and not line.startswith("test_own.py")
        ]


@pytest.fixture
def rerunning(pytester: pytest.Pytester) -> Rerunning:
    return Rerunning(pytester)
