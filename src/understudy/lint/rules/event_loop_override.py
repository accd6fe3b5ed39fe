"""UND002: an `event_loop` fixture that pytest-asyncio no longer uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module


def check(module: Module) -> Iterator[Found]:
    """Yield overrides of event_loop that no test or fixture requests by name."""
    seen = pytest_items.of(module)
    fixture = seen.fixtures.get("event_loop")
    if fixture is None or fixture.function.in_class is not None:
        return
    if module.project.runners.asyncio_before_1 or _is_used(module):
        return
    if re.search(r"\bpin", ast.get_docstring(fixture.function.node) or "", re.I):
        return  # the plugin may be pinned in a file that is not read
    yield Found(
        fixture.function.node,
        "this event_loop has no effect: pytest-asyncio 1.0 took the fixture away",
    )


def _is_used(module: Module) -> bool:
    """Whether a test or a fixture requests the loop; then it is an ordinary fixture."""
    if module.path.name != "conftest.py":
        return _asks(module)
    return any(
        other is not None and _asks(other)
        for path in sorted(module.path.parent.rglob("*.py"))
        if module.project.mentions(path, "event_loop")
        for other in (module.project.module_at(path),)
    )


def _asks(module: Module) -> bool:
    if re.search(r"(getfixturevalue|usefixtures)\(\s*[\"']event_loop", module.text):
        return True
    return any(
        parameter.arg == "event_loop"
        for function in module.functions
        for parameter in function.parameters
    )


RULE = Rule(
    code="UND002",
    name="event-loop-override",
    group="bugs",
    why=(
        "pytest-asyncio 1.0 removed event_loop: an override is never called and its scope has no"
        " effect."
    ),
    instead=(
        'Remove it. For a longer-lived loop, use @pytest.mark.asyncio(loop_scope="session") or'
        " asyncio_default_test_loop_scope. For another kind of loop, use event_loop_policy."
    ),
    wrong="""
import asyncio

import pytest


@pytest.fixture(scope="session")
def event_loop():  # UND002
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()
""",
    right="""
import pytest


@pytest.fixture
def event_loop_policy():
    return uvloop.EventLoopPolicy()
""",
    path="tests/conftest.py",
    check=check,
    fixable=True,
)
