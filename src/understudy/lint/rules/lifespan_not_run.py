"""UND213: a client that never runs the app's startup code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.leaked_state import has_code
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import keywords_of, results_of
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

_TRANSPORTS = frozenset(
    {
        "httpx.ASGITransport",
        "httpx.AsyncClient",
        "fastapi.testclient.TestClient",
        "starlette.testclient.TestClient",
    }
)
_APPS = ("fastapi.FastAPI", "starlette.applications.Starlette")
_STARTUPS = frozenset({"lifespan", "on_startup"})
_RUN = (
    r"lifespan|Lifespan|router\.startup|on_startup|with\s+TestClient\(|asgi_lifespan|startup\("
    # The tests replace what the startup creates.
    r"|dependency_overrides|\bapp\.(state\.)?\w+ = "
)


def check(module: Module) -> Iterator[Found]:
    """Yield clients of an app with startup code that nothing runs."""
    calls = [
        (call, app)
        for call in module.calls("ASGITransport", "AsyncClient", "TestClient")
        if module.qualified(call.func) in _TRANSPORTS
        for app in _app_of(module, call)
        if not _is_entered(module, call)
    ]
    if not calls or has_code(module, _RUN):
        return
    for call, app in calls:
        if _has_startup(module, app):
            client = last_name(call)
            yield Found(
                call, f"{client} alone does not run the app's lifespan: its startup code never runs"
            )
            break  # the others of the file are made in the same way


def _app_of(module: Module, call: ast.Call) -> Iterator[ast.expr]:
    options = keywords_of(call)
    if "app" in options:
        yield options["app"]
    elif call.args and not (module.qualified(call.func) or "").endswith("AsyncClient"):
        yield call.args[0]


def _is_entered(module: Module, call: ast.Call) -> bool:
    """`with TestClient(app) as client`: that runs it."""
    if "TestClient" not in ast.unparse(call.func):
        return False
    return isinstance(module.parents.get(call), ast.withitem) or bool(
        re.search(r"with \w*client\b|enter_context", module.text)
    )


def _has_startup(module: Module, app: ast.expr) -> bool:
    """Whether an expression is an app of the project that does something when it starts."""
    if isinstance(app, ast.Call):
        return _makes_one(module.project.find(module.qualified(app.func), module))
    dotted = module.qualified(app)
    if dotted is not None:
        found = module.project.find(dotted, module)
        home = module.project.find(dotted.rpartition(".")[0], module)
        return isinstance(found, ast.expr) and isinstance(home, Module) and _starts(home, found)
    function = module.function_of(app)
    if not isinstance(app, ast.Name) or function is None:
        return False
    if not any(parameter.arg == app.id for parameter in function.parameters):
        return False  # a variable of the test's own
    fixture = pytest_items.of(module).find_fixture(app.id)
    if fixture is None:
        return False
    maker = fixture.function
    given = results_of(maker)
    return any(
        _has_startup(home_of(maker), value)
        for value in given
        if value is not None and not (isinstance(value, ast.Name) and value.id == app.id)
    )


def _makes_one(found: object) -> bool:
    return isinstance(found, Function) and any(
        _starts(home_of(found), call) for call in found.own(ast.Call)
    )


def _starts(home: Module, made: ast.expr) -> bool:
    if not isinstance(made, ast.Call):
        return False
    if home.qualified(made.func) not in _APPS:
        return _makes_one(home.project.find(home.qualified(made.func), home))
    if any(keyword.arg in _STARTUPS for keyword in made.keywords):
        return True
    return re.search(r"\.on_event\(\s*[\"']startup", home.text) is not None


RULE = Rule(
    code="UND213",
    name="lifespan-not-run",
    group="design",
    why="httpx's ASGITransport only sends requests. The app's startup code does not run.",
    instead=(
        "Use Understudy's fixture `async_client`, or asgi_lifespan.LifespanManager around the"
        " client. TestClient runs the startup inside a with block."
    ),
    wrong="""
import pytest_asyncio
from httpx import ASGITransport, AsyncClient

from app.main import app


@pytest_asyncio.fixture
async def http():
    transport = ASGITransport(app=app)  # UND213
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
""",
    right="""
import pytest_asyncio
from asgi_lifespan import LifespanManager
from httpx import ASGITransport, AsyncClient

from app.main import app


@pytest_asyncio.fixture
async def http():
    async with LifespanManager(app) as manager:
        transport = ASGITransport(app=manager.app)
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            yield client
""",
    files={
        "app/main.py": """
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    async with create_pool() as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)
"""
    },
    path="tests/conftest.py",
    check=check,
)
