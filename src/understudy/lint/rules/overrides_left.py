"""UND009: dependency_overrides that the next test finds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.leaked_state import has_code, per_test_functions
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import results_of, root_of
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

_RESTORED = (
    r"dependency_overrides(\.clear\(|\.pop\(|\.copy\(|\.update\(\s*\w*(orig|old|prev|sav|back)"
    r"|\s*=\s*(\{\s*\}|[^{\s]))"
    r"|del \w+(\.\w+)*\.dependency_overrides|(dict|attr|item|object)\([^)]*dependency_overrides"
)
# Understudy's fixtures of the configured app: after a test that uses one, the overrides of that
# app are restored.
_RESTORING = frozenset(("app", "client", "async_client"))


def check(module: Module) -> Iterator[Found]:
    """Yield overrides on an app that outlives the test if nothing removes them."""
    places = list(_places(module))
    if not places or has_code(module, _RESTORED):
        return
    for function, node, name in places:
        if _outlives(module, function, name) and not _restored(module, function, name):
            yield Found(
                node, f"{function.name} leaves its dependency override on {name.id} for later tests"
            )


def _places(module: Module) -> Iterator[tuple[Function, ast.stmt | ast.expr, ast.Name]]:
    if "dependency_overrides" not in module.text:
        return
    # What every test gets configures the tests.
    for_all = [f.function for f in pytest_items.of(module).fixtures.values() if f.autouse]
    for function in per_test_functions(module):
        if function in for_all:
            continue
        for node, overrides in _changes(function):
            root = root_of(overrides)
            if (
                isinstance(overrides, ast.Attribute)
                and overrides.attr == "dependency_overrides"
                and root is not None
            ):
                yield function, node, root


def _changes(function: Function) -> Iterator[tuple[ast.stmt | ast.expr, ast.expr]]:
    """Yield where a function sets items of a dict, or a new dict, with the changed expression."""
    for node in function.own(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                yield node, target.value
            elif isinstance(node.value, ast.Dict) and node.value.keys:
                yield node, target
    for merged in function.own(ast.AugAssign):
        yield merged, merged.target
    for call in function.own(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("update", "setdefault"):
            yield call, call.func.value


def _outlives(module: Module, function: Function, name: ast.Name) -> bool:
    """Whether an app exists before the test and after it, as far as the source shows."""
    target = module.qualified(name)
    if target is not None:
        return name.id in module.imports or name.id in module.defined
    if not any(parameter.arg == name.id for parameter in function.parameters):
        return False
    fixture = pytest_items.of(module).find_fixture(name.id)
    if fixture is None:
        return False
    if fixture.scope in ("session", "package", "module"):
        return True
    home = home_of(fixture.function)
    given = results_of(fixture.function)
    return bool(given) and all(
        isinstance(value, ast.Name) and home.qualified(value) is not None for value in given
    )


def _restored(module: Module, function: Function, app: ast.Name) -> bool:
    """Whether Understudy restores the overrides, or might: the tests of a conftest are unknown."""
    owner, _, attribute = (module.qualified(app) or "").rpartition(".")
    configuration = module.project.root / "pyproject.toml"
    if not all(
        module.project.mentions(configuration, word)
        for word in ("[tool.understudy]", f"{owner}:{attribute}")
    ):
        return False
    seen = pytest_items.of(module)
    if function not in seen.tests and module.path.name == "conftest.py":
        return True
    users = [
        test for test in seen.tests if test is function or function.name in seen.requested(test)
    ]
    return all(
        any(seen.find_fixture(name) is None for name in _RESTORING & seen.requested(test))
        for test in users
    )


RULE = Rule(
    code="UND009",
    name="overrides-left",
    group="bugs",
    why="The override stays on the app. Later tests get it too, and depend on the test order.",
    instead=(
        "Set it in a fixture that removes it after its yield, or use Understudy's fixture `app`,"
        " which restores dependency_overrides after every test."
    ),
    wrong="""
from app.main import app, current_user


def test_me(client):
    app.dependency_overrides[current_user] = lambda: "Ana"  # UND009

    assert client.get("/me").json() == {"name": "Ana"}
""",
    right="""
import pytest

from app.main import app, current_user


@pytest.fixture
def ana():
    app.dependency_overrides[current_user] = lambda: "Ana"
    yield
    app.dependency_overrides.clear()


def test_me(client, ana):
    assert client.get("/me").json() == {"name": "Ana"}
""",
    check=check,
)
