"""Suites that stand on SQLite: their engines, rewritten for real_postgres or real_mysql."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from understudy.adopt import sqlite_suite
from understudy.adopt.adoption import Adoption, Place, Refusal
from understudy.adopt.finders import test_modules
from understudy.adopt.source_edits import Edits
from understudy.adopt.sqlite_leftovers import leftovers
from understudy.adopt.sqlite_suite import Engine, Setting
from understudy.adopt.targets import Target, usual_target
from understudy.init.database_variables import dsn
from understudy.lint import pytest_items
from understudy.project.files import is_test_code
from understudy.project.imports import with_imports
from understudy.project.parsing import last_name
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, Project, home_of

_SERVER = '''

@pytest.fixture(scope="session", autouse=True)
def start_{kind}({server}):
    """Start {name} before the first test."""
'''
# What a fixture calls to make rows.
_WRITES = ("add", "add_all", "commit", "insert")


def find(project: Project) -> Sequence[Adoption]:
    """Return the rewrite of a project's engines on SQLite."""
    modules = list(test_modules(project))
    engines = [engine for module in modules for engine in sqlite_suite.engines(module)]
    settings = [setting for module in modules for setting in sqlite_suite.settings(module)]
    if not engines and not settings:
        return ()
    return [_Rewrite(project, modules).adoption(engines, settings)]


class _Rewrite:
    """The rewrite of one project.

    Args:
        project: the project.
        modules: the files of its tests.
    """

    def __init__(self, project: Project, modules: Sequence[Module]) -> None:
        self._project = project
        self._edits = {module: Edits(module) for module in modules}
        self._environment: dict[str, str] = {}
        self._found: list[Place] = []
        self._notes: list[str] = []
        self._refusals: list[Refusal] = []
        self._handled: set[ast.AST] = set()  # URLs
        self._shared: list[Module] = []  # with an engine or a setting for more than one test
        self._isolated: list[pytest_items.Fixture] = []
        self._target, self._is_certain = usual_target(project)
        self._async_driver, self._sync_driver = self._target.drivers_of(project)
        self._uses_threads = any(module.calls("TestClient") for module in modules)
        scope = project.pytest.options.get("asyncio_default_fixture_loop_scope")
        # Then `plan.py` has the tests share it, too.
        one_loop = scope == "session" and not project.runners.asyncio_before_1
        self._has_many_loops = self._uses_threads or not one_loop

    def adoption(self, engines: Sequence[Engine], settings: Sequence[Setting]) -> Adoption:
        """Return the new files, and what to know about them."""
        self._on_sqlite = {engine.module for engine in engines}
        for engine in engines:
            self._rewrite_engine(engine)
        for setting in settings:
            self._rewrite_setting(setting)
        for module in self._edits:
            self._remove_schema_calls(module)
            self._remove_pragmas(module)
        if self._shared:
            self._isolate_undoing_fixtures()
        for module, edits in self._edits.items():
            if edits:
                self._remove_unused_urls(module, edits)
        self._refusals += leftovers(self._target, [*self._edits.items()], self._handled)
        files = {module.path: edits.result() for module, edits in self._edits.items() if edits}
        if self._shared and not any(fixture.autouse for fixture in self._isolated):
            for path in self._conftests():
                files[path] = _with_server(self._target, files.get(path) or _read(path))
        if self._shared and not self._isolated:
            self._notes.append(
                "The tests share their rows, as they did on SQLite. To undo what each test does, "
                f"have a fixture with autouse=True request {self._target.real}."
            )
        if not self._is_certain:
            self._notes.append(
                "The app's files do not say that it runs on PostgreSQL and on nothing else. Leave "
                "tests on SQLite if production is."
            )
        keys = dict(self._target.settings)
        if self._environment:
            keys[self._target.environment] = self._environment
        return Adoption(
            "sqlite", self._found, files, keys, self._notes, self._refusals, self._target.database
        )

    # Engines -------------------------------------------------------------------------------------

    def _rewrite_engine(self, engine: Engine) -> None:
        module, function = engine.module, engine.function
        where = f"in {function.name}()" if function else "of the module"
        place = Place(module.path, engine.call.lineno, f"an engine {where}")
        self._handled |= set(ast.walk(engine.argument))
        if engine.takes_no_fixtures:
            self._refuse_xunit(place)
            return
        self._found.append(place)
        is_bound = engine.is_async and self._async_driver != "psycopg"  # to its event loop
        if engine.is_for_one_test:
            self._make_by_fixture(engine, renews=is_bound and self._uses_threads)
        else:
            self._make_by_variable(engine, renews=is_bound and self._has_many_loops)

    def _refuse_xunit(self, place: Place) -> None:
        self._refusals.append(
            Refusal(
                place,
                "Pytest gives no fixtures to unittest's classes and to functions like setup().",
                "Write a fixture instead, and run this again.",
            )
        )

    def _make_by_fixture(self, engine: Engine, *, renews: bool) -> None:
        """Have the fixture make an engine."""
        assert engine.function is not None, "the test or fixture that it is for"
        edits = self._edits[engine.module]
        self._request(engine.module, engine.function)
        method = "engine" if engine.is_async else "sync_engine"
        edits.replace(engine.call.func, f"{self._target.real}.sqlalchemy.{method}")
        is_usual = self._async_driver == self._target.async_drivers[0]
        given = [] if not engine.is_async or is_usual else [f'"{self._async_driver}"']
        if renews:
            given.append("poolclass=NullPool")
            edits.add_import("from sqlalchemy.pool import NullPool")
        gone: list[ast.AST] = list(engine.options)
        if given:
            edits.replace(engine.argument, ", ".join(given))
        else:
            gone.append(engine.argument)
        edits.remove_arguments(engine.call, gone)

    def _make_by_variable(self, engine: Engine, *, renews: bool) -> None:
        """Give an engine that serves several tests the URL in an environment variable."""
        edits = self._edits[engine.module]
        edits.add_import("import os")
        driver = self._async_driver if engine.is_async else self._sync_driver
        given = f'os.environ["{self._variable(driver)}"]'
        if isinstance(engine.argument, ast.keyword):
            given = f"url={given}"
        if renews:
            given += ", poolclass=NullPool"
            edits.add_import("from sqlalchemy.pool import NullPool")
        edits.replace(engine.argument, given)
        edits.remove_arguments(engine.call, engine.options)
        self._shared.append(engine.module)
        if engine.fixture is not None:
            self._request(engine.module, engine.fixture.function)

    def _variable(self, driver: str) -> str:
        """Return the environment variable with the URL for a driver."""
        value = dsn(driver)
        name = "TEST_DATABASE_URL"
        if self._environment.get(name, value) != value:
            name = f"{name}_{driver.upper()}"
        self._environment[name] = value
        return name

    def _request(self, module: Module, function: Function) -> None:
        """Have a test or a fixture request the address."""
        address = self._target.address_for(function)
        self._edits[module].add_parameter(function, address)
        fixture = pytest_items.of(module).fixture(function)
        if fixture is not None and address == self._target.real:
            self._isolated.append(fixture)

    # Settings ------------------------------------------------------------------------------------

    def _rewrite_setting(self, setting: Setting) -> None:
        module, edits = setting.module, self._edits[setting.module]
        is_async = "aiosqlite" in setting.url
        driver = self._async_driver if is_async else self._sync_driver
        place = Place(module.path, setting.node.lineno, f"the variable {setting.name}")
        self._handled |= set(ast.walk(setting.value))
        if setting.function in pytest_items.of(module).tests:
            self._refusals.append(
                Refusal(
                    place,
                    "A test that sets it may be about SQLite.",
                    "If it is not, set it in a fixture, and run this again.",
                )
            )
            return
        self._found.append(place)
        if setting.function is not None and setting.is_for_one_test:
            self._request(module, setting.function)
            edits.replace(setting.value, self._target.url_at(self._target.real, driver))
            return
        # It is set before any module of the project is imported.
        self._environment[setting.name] = dsn(driver)
        if isinstance(setting.node, ast.Dict):
            edits.remove_pair(setting.node, setting.value)
        else:
            edits.remove(setting.node)
        self._shared.append(module)

    # Tables --------------------------------------------------------------------------------------

    def _remove_schema_calls(self, module: Module) -> None:
        """Leave the tables to the schema."""
        for statement, metadata in sqlite_suite.schema_calls(module):
            function = sqlite_suite.outermost(module, statement)
            fixture = pytest_items.of(module).fixture(function) if function else None
            is_helper = function is not None and fixture is None
            if sqlite_suite.takes_no_fixtures(function) or (
                is_helper and module not in self._on_sqlite
            ):
                continue
            if self._is_the_tests_own(module, metadata):
                place = Place(module.path, statement.lineno, ast.unparse(statement))
                self._refusals.append(
                    Refusal(
                        place,
                        "The tests define tables of their own, which the schema does not have.",
                        "It works as it is. It is slow, because each test makes the tables again.",
                    )
                )
                continue
            self._edits[module].remove(statement)
            if function is not None and fixture is not None:
                self._request(module, function)

    def _is_the_tests_own(self, module: Module, metadata: ast.expr) -> bool:
        """Whether the tests define tables in a collection of tables."""
        owner = metadata.value if isinstance(metadata, ast.Attribute) else metadata
        dotted = module.qualified(owner)
        home = self._project.find(dotted, module)
        if isinstance(home, Class | Function):
            path = home_of(home).path
            if is_test_code(path, self._project.root, self._project.pytest):
                return True
        return any(_defines_table(cls, other) for other in self._edits for cls in other.classes)

    def _remove_pragmas(self, module: Module) -> None:
        for listener in sqlite_suite.pragma_listeners(module):
            self._edits[module].remove(listener.node)
            self._notes.append(
                f"{listener.name}() is gone: {self._target.database.name} has no PRAGMA, and always"
                " enforces foreign keys."
            )

    # Isolation -----------------------------------------------------------------------------------

    def _isolate_undoing_fixtures(self) -> None:
        """Have the fixtures that undo what a test has done request the address.

        Sequences start again then, too. Rows of wider fixtures would be undone as well, so with
        such a fixture everything stays.
        """
        fixtures = [
            (module, fixture)
            for module in self._edits
            for fixture in pytest_items.of(module).fixtures.values()
        ]
        if any(
            fixture.scope != "function" and _calls(fixture.function, _WRITES)
            for _, fixture in fixtures
        ):
            return
        for module, fixture in fixtures:
            if fixture.scope == "function" and _undoes(fixture.function):
                self._request(module, fixture.function)

    def _conftests(self) -> list[Path]:
        """Return the conftest.py nearest to each file whose engine serves several tests."""
        found = []
        for module in self._shared:
            conftests = pytest_items.of(module).conftests
            if module.path.name == "conftest.py":
                found.append(module.path)
            elif conftests:
                found.append(conftests[0].path)
            else:
                found.append(module.path.parent / "conftest.py")
        return list(dict.fromkeys(found))

    def _remove_unused_urls(self, module: Module, edits: Edits) -> None:
        """Remove the variables that held a URL, if nothing else uses them."""
        imported = {
            target for other in self._edits for target in other.imports.values() if other != module
        }
        for statement in module.scope.all(ast.Assign):
            target = statement.targets[0]
            if not isinstance(target, ast.Name) or len(statement.targets) > 1:
                continue
            uses = module.scope.reads(target.id)
            is_url = uses and all(use in self._handled for use in uses)
            if is_url and f"{module.name}.{target.id}" not in imported:
                self._handled |= set(ast.walk(statement.value))
                edits.remove(statement)


def _defines_table(cls: Class, module: Module) -> bool:
    is_sqlmodel = any(keyword.arg == "table" for keyword in cls.node.keywords)
    return is_sqlmodel or any(
        isinstance(target, ast.Name) and target.id == "__tablename__"
        for statement in cls.own(ast.Assign)
        for target in statement.targets
    )


def _undoes(function: Function) -> bool:
    """Whether a fixture rolls a transaction back that it has begun, or deletes rows."""
    if _calls(function, ("begin",)) and _calls(function, ("rollback",)):
        return True
    tables = any(node.attr == "sorted_tables" for node in function.all(ast.Attribute))
    if tables and _calls(function, ("delete",)):
        return True
    return any(
        last_name(call) == "delete"
        and (
            isinstance(call.func, ast.Name)
            or (
                isinstance(call.func, ast.Attribute)
                and isinstance(call.func.value, ast.Call)
                and last_name(call.func.value) == "query"
            )
        )
        for call in function.all(ast.Call)
    )


def _calls(function: Function, names: Sequence[str]) -> bool:
    return any(last_name(call) in names for call in function.all(ast.Call))


def _read(path: Path) -> str:
    return path.read_bytes().decode() if path.exists() else ""


def _with_server(target: Target, text: str) -> str:
    """Return a conftest.py with a fixture that starts the server before the first test."""
    if target.server in text:
        return text
    kind = target.real.removeprefix("real_")
    fixture = _SERVER.format(kind=kind, server=target.server, name=target.database.name)
    return with_imports(f"{text.rstrip()}\n{fixture}", ["import pytest"])
