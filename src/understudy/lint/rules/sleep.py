"""UND204: a test that waits for time to pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_SLEEPS = frozenset({"asyncio.sleep", "time.sleep", "anyio.sleep", "trio.sleep"})


def check(module: Module) -> Iterator[Found]:
    """Yield sleeps in the body of a test; those of zero only yield to other tasks."""
    for test in pytest_items.of(module).tests:
        for call in test.own(ast.Call):
            if module.qualified(call.func) in _SLEEPS and not _is_zero(call):
                yield Found(call, f"{test.name} sleeps: slow if it works, and flaky otherwise")


def _is_zero(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


RULE = Rule(
    code="UND204",
    name="sleep",
    group="design",
    why="A sleep is too short on a slow machine and too long on every other.",
    instead="Wait for the event itself: await the task or an asyncio.Event, or inject the clock.",
    wrong="""
import asyncio

import pytest


@pytest.mark.asyncio
async def test_worker(worker):
    worker.start()
    await asyncio.sleep(0.5)  # UND204

    assert worker.done == [7]
""",
    right="""
import asyncio

import pytest


@pytest.mark.asyncio
async def test_worker(worker):
    worker.start()
    await asyncio.wait_for(worker.idle.wait(), timeout=10)

    assert worker.done == [7]
""",
    check=check,
)
