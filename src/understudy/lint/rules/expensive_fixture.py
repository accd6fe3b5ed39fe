"""UND206: an app or an engine that is created for every test."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.parsing import last_name
from understudy.project.sources import Module

_EXPENSIVE = frozenset(
    {"create_app", "get_app", "make_app", "create_engine", "create_async_engine"}
)


def check(module: Module) -> Iterator[Found]:
    """Yield fixtures of function scope that create objects a whole session could share."""
    for fixture in pytest_items.of(module).fixtures.values():
        if fixture.scope == "function":
            for call in fixture.function.own(ast.Call):
                name = last_name(call)
                if name in _EXPENSIVE:
                    yield Found(call, f"{fixture.name} calls {name} for every single test")
                    break


RULE = Rule(
    code="UND206",
    name="expensive-fixture",
    group="design",
    why="Creating an app or an engine takes longer than most tests.",
    instead='Give the fixture scope="session", and restore in a small fixture what tests change.',
    wrong="""
import pytest

from app.main import create_app


@pytest.fixture
def app():
    return create_app()  # UND206
""",
    right="""
import pytest

from app.main import create_app


@pytest.fixture(scope="session")
def app():
    return create_app()
""",
    path="tests/conftest.py",
    check=check,
)
