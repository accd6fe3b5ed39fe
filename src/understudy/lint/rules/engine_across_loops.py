"""UND018: an engine or pool that several tests use, each in an event loop of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project import routes
from understudy.project.call_resolution import keywords_of
from understudy.project.loop_bound import LoopBound, given_by, used_by
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

_ENDS = re.compile(
    r"dispose|close|terminate|disconnect|shutdown|reset|expire|lifespan|patch|setattr", re.I
)
_OWN_LOOP = re.compile(r"loop_scope|asyncio\([^)\n]*scope|\bevent_loop\b|event_loop_policy")
_TRANSPORTS = {"httpx.ASGITransport", "httpx.AsyncClient"}
_CLIENTS = {"client", "async_client"}  # they run the app's lifespan, which may close it


def check(module: Module) -> Iterator[Found]:
    """Yield the second test that uses an engine or pool, whose loop is that of the first."""
    seen = pytest_items.of(module)
    tests = [test for test in seen.tests if test.is_async and not test.is_generator]
    if not tests or _shares_a_loop(module):
        return
    first: dict[LoopBound, Function] = {}
    found: set[LoopBound] = set()
    for test in tests:
        if not _has_own_loop(module, test) or _ends_in(module, test):
            continue
        for bound, node in _uses(module, test):
            before = first.setdefault(bound, test)
            if bound not in found and (before is not test or _is_repeated(module, test)):
                found.add(bound)
                other = "an earlier run of it" if before is test else before.name
                yield Found(
                    node,
                    f"{test.name} runs in another event loop than {other}, to which the"
                    f" {bound.kind} {bound.name} belongs",
                )


def _shares_a_loop(module: Module) -> bool:
    """Whether tests may share an event loop, or other plugins may run them."""
    seen, runners = pytest_items.of(module), module.project.runners
    options = runners.config.options
    if str(options.get("asyncio_default_test_loop_scope", "function")) != "function":
        return True
    if "loop_scope" in runners.config.addopts or runners.asyncio_before_1 or runners.others:
        return True
    if seen.hooked or pytest_items.package_marks(module):
        return True
    return any(_OWN_LOOP.search(home.text) for home in (module, *seen.conftests))


def _has_own_loop(module: Module, test: Function) -> bool:
    """Whether a plugin certainly runs a test in an event loop of its own."""
    seen, runners = pytest_items.of(module), module.project.runners
    if seen.has_unknown_base(test.in_class):
        return False
    marks = seen.marks(test).names
    if "anyio" in marks or "anyio_backend" in seen.requested(test):
        # An async fixture of a wider scope keeps anyio's loop.
        return (
            "asyncio" not in marks
            and not runners.asyncio_auto
            and not any(
                fixture.function.is_async and fixture.scope != "function"
                for home in (module, *seen.conftests)
                for fixture in pytest_items.of(home).fixtures.values()
            )
        )
    return "asyncio" in marks or runners.asyncio_auto


def _is_repeated(module: Module, test: Function) -> bool:
    return "parametrize" in pytest_items.of(module).marks(test).names


def _ends_in(module: Module, test: Function) -> bool:
    """Whether the test, or a fixture that is set up for it alone, may close what it uses."""
    seen = pytest_items.of(module)
    if _ends(test):
        return True
    for name in seen.requested(test):
        fixture = seen.find_fixture(name)
        if fixture is None:
            if name in _CLIENTS:
                return True
        elif fixture.scope in ("function", None) and _ends(fixture.function):
            return True
    return False


def _ends(function: Function) -> bool:
    names = [node.id for node in function.all(ast.Name)]
    names += [node.attr for node in function.all(ast.Attribute)]
    names += [parameter.arg for parameter in function.parameters]
    return any(_ENDS.search(name) for name in names)


def _uses(module: Module, test: Function) -> Iterator[tuple[LoopBound, ast.expr | ast.stmt]]:
    """Yield what a test uses: itself, or through a fixture, a function or an app of the project."""
    for bound, node in used_by(test):
        yield bound, node
    yield from _requested(module, test)
    seen = pytest_items.of(module)
    for name in sorted(seen.requested(test)):
        fixture = seen.find_fixture(name)
        if fixture is None:
            continue
        if fixture.scope == "function":
            for bound, _ in used_by(fixture.function):
                yield bound, test.node
        elif fixture.scope is not None:
            made = given_by(fixture.function)
            if made is not None:
                yield LoopBound(made.kind, f"of the fixture {name}", made.place), test.node


def _requested(module: Module, test: Function) -> Iterator[tuple[LoopBound, ast.expr]]:
    """Yield what answers the requests of a test: a function of an app, and its dependencies."""
    seen = pytest_items.of(module)
    if any("dependency_overrides" in home.text for home in (module, *seen.conftests)):
        return
    for call in test.own(ast.Call):
        path = _path_of(call)
        if path is None or not isinstance(call.func, ast.Attribute):
            continue
        for home, app in _app_of(module, test, call.func.value):
            function = routes.answering(home, app, call.func.attr, path)
            called = [] if function is None else [function, *routes.dependencies(function)]
            if not any("dispose" in ast.dump(each.node) for each in called):
                for each in called:
                    for bound, _ in used_by(each):
                        yield bound, call


def _path_of(call: ast.Call) -> str | None:
    """Return the path that `client.get("/users")` requests; None for another call."""
    if last_name(call) not in routes.METHODS or not call.args:
        return None
    given = call.args[0]
    parts = given.values if isinstance(given, ast.JoinedStr) else [given]
    if not all(isinstance(part, ast.Constant | ast.FormattedValue) for part in parts):
        return None
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in parts)
    path = text.partition("?")[0]
    return path if path.startswith("/") else None


def _app_of(module: Module, test: Function, client: ast.expr) -> Iterator[tuple[Module, ast.expr]]:
    """Yield the app that a client of the test's own, or of its own fixture, sends requests to."""
    if not isinstance(client, ast.Name):
        return
    maker: Function | None = test
    if any(parameter.arg == client.id for parameter in test.parameters):
        fixture = pytest_items.of(module).find_fixture(client.id)
        maker = fixture.function if fixture and fixture.scope == "function" else None
    home = None if maker is None else home_of(maker)
    for call in maker.own(ast.Call) if maker is not None else ():
        if home is not None and home.qualified(call.func) in _TRANSPORTS:
            options = keywords_of(call)
            is_transport = last_name(call) == "ASGITransport"
            app = options.get("app", call.args[0] if is_transport and call.args else None)
            if app is not None:
                yield home, app


RULE = Rule(
    code="UND018",
    name="engine-across-loops",
    group="bugs",
    why=(
        "Each test has an event loop of its own. A connection that is kept for the next test"
        " belongs to a loop that has ended: the test fails or hangs."
    ),
    instead=(
        'Let all tests share a loop: asyncio_default_test_loop_scope = "session" and'
        ' asyncio_default_fixture_loop_scope = "session" in the pytest configuration. Or dispose of'
        " the engine, or close the pool, at the end of each test."
    ),
    wrong="""
import pytest
from sqlalchemy import text

from app.db import engine


@pytest.mark.asyncio
async def test_names():
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM users")) == 0


@pytest.mark.asyncio
async def test_orders():
    async with engine.connect() as connection:  # UND018
        assert await connection.scalar(text("SELECT count(*) FROM orders")) == 0
""",
    right="""
import pytest
import pytest_asyncio
from sqlalchemy import text

from app.db import engine


@pytest_asyncio.fixture(autouse=True)
async def dispose_engine():
    yield
    await engine.dispose()


@pytest.mark.asyncio
async def test_names():
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM users")) == 0


@pytest.mark.asyncio
async def test_orders():
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM orders")) == 0
""",
    files={
        "app/db.py": """
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine("postgresql+asyncpg://localhost/app")
"""
    },
    check=check,
)
