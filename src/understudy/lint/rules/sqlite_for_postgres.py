"""UND019: tests on SQLite of an app that runs on PostgreSQL."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint import pytest_items
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import values_of
from understudy.project.engines import MAKERS, engine_maker, url_of
from understudy.project.production_database import postgres_only
from understudy.project.sources import Module

# The tests can run on PostgreSQL as well.
_ALSO_POSTGRES = re.compile(
    r"postgres(?:ql)?(?:\+\w+)?://|testcontainers|pytest_postgresql|postgresql_proc|real_postgres"
)


def check(module: Module) -> Iterator[Found]:
    """Yield the first place where the tests' database is set to SQLite."""
    if "sqlite" not in module.text:
        return
    homes = (module, *pytest_items.of(module).conftests)
    if any(_ALSO_POSTGRES.search(home.text) for home in homes):
        return
    place = min(_places(module), key=lambda node: node.lineno, default=None)
    evidence = postgres_only(module.project) if place is not None else None
    if place is not None and evidence is not None:
        yield Found(
            place,
            f"the tests run on SQLite, the app on PostgreSQL ({evidence.what} in"
            f" {evidence.file.as_posix()}): understudy adopt moves them",
        )


def _places(module: Module) -> Iterator[ast.expr]:
    """Yield the engines that all tests use, and the variables that point the app at SQLite."""
    tests = {test.node for test in pytest_items.of(module).tests}
    for call in module.calls(*MAKERS):
        function = module.function_of(call)
        is_shared = function is None or function.node not in tests
        if is_shared and engine_maker(module, call) and _is_sqlite(module, url_of(call)):
            yield call
    for node in module.scope.all(ast.Assign):
        target, function = node.targets[0], module.function_of(node)
        if (
            isinstance(target, ast.Subscript)
            and (function is None or function.node not in tests)
            and module.qualified(target.value) == "os.environ"
            and _is_sqlite(module, node.value)
        ):
            yield target


def _is_sqlite(module: Module, url: ast.expr | None) -> bool:
    """Whether a URL certainly begins with sqlite."""
    if isinstance(url, ast.JoinedStr) and url.values:
        url = url.values[0]
    if isinstance(url, ast.Constant):
        return isinstance(url.value, str) and url.value.startswith("sqlite")
    if isinstance(url, ast.Name):
        function = module.function_of(url)
        if function is not None and function.binds(url.id):
            values = values_of(function, url.id)
            return (
                len(values) == 1
                and not isinstance(values[0], ast.Name)
                and (_is_sqlite(module, values[0]))
            )
    found = module.project.find(module.qualified(url), module)
    return isinstance(found, ast.Constant | ast.JoinedStr) and _is_sqlite(module, found)


RULE = Rule(
    code="UND019",
    name="sqlite-for-postgres",
    group="bugs",
    why=(
        "SQLite accepts values, types and statements that PostgreSQL refuses, and lacks others"
        " that it has. The tests pass although the app's SQL may fail in production."
    ),
    instead=(
        "Run `understudy adopt`: it moves the fixtures to real_postgres, shows the diff, and lists"
        " what passes on SQLite and fails on PostgreSQL."
    ),
    wrong="""
import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine


@pytest.fixture
async def session():
    engine = create_async_engine("sqlite+aiosqlite:///:memory:")  # UND019
    async with async_sessionmaker(engine)() as session:
        yield session
""",
    right="""
import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker


@pytest.fixture
async def session(real_postgres):
    engine = real_postgres.sqlalchemy.engine()
    async with async_sessionmaker(engine)() as session:
        yield session
""",
    files={
        "app/settings.py": """
DATABASE_URL = "postgresql+asyncpg://localhost/app"
"""
    },
    path="tests/conftest.py",
    check=check,
)
