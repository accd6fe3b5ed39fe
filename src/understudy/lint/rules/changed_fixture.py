"""UND215: a test that changes what a fixture of wider scope gave it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.leaked_state import changes, is_mutable
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import results_of, values_of
from understudy.project.sources import Module, home_of

_WIDE = frozenset({"session", "package", "module"})


def check(module: Module) -> Iterator[Found]:
    """Yield where a test changes a list, dict or set that is the same for other tests."""
    seen = pytest_items.of(module)
    for test in seen.tests:
        if "dependency" in seen.marks(test).names:
            continue  # pytest-dependency: the tests build on each other
        for parameter in test.parameters:
            changed = list(changes(test, parameter.arg))
            if not changed or values_of(test, parameter.arg):
                continue
            fixture = seen.find_fixture(parameter.arg)
            if fixture is not None and fixture.scope in _WIDE and _gives_a_literal(fixture):
                for node in changed:
                    yield Found(
                        node,
                        f"{test.name} changes {fixture.name}, which every test of the"
                        f" {fixture.scope} gets",
                    )


def _gives_a_literal(fixture: pytest_items.Fixture) -> bool:
    function = fixture.function
    given = results_of(function)
    return bool(given) and all(
        is_mutable(home_of(function), value)
        for result in given
        for value in (values_of(function, result.id) if isinstance(result, ast.Name) else [result])
    )


RULE = Rule(
    code="UND215",
    name="changed-fixture",
    group="design",
    why="The fixture is created once for many tests, so later tests get the changed value.",
    instead="Give the fixture function scope, or change a copy of its value.",
    wrong="""
import pytest


@pytest.fixture(scope="session")
def ana():
    return {"name": "Ana", "role": "reader"}


def test_admin(client, ana):
    ana["role"] = "admin"  # UND215

    assert client.post("/users", json=ana).status_code == 201
""",
    right="""
import pytest


@pytest.fixture(scope="session")
def ana():
    return {"name": "Ana", "role": "reader"}


def test_admin(client, ana):
    admin = {**ana, "role": "admin"}

    assert client.post("/users", json=admin).status_code == 201
""",
    check=check,
)
