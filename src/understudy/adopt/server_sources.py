"""Where the tests get a PostgreSQL from: a container, pytest-postgresql, or a server that runs."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from understudy.adopt.addresses import POSTGRES_URL
from understudy.adopt.adoption import Kind, Place, Refusal
from understudy.init.database_variables import dsn
from understudy.lint import pytest_items
from understudy.project.call_resolution import keywords_of, results_of, values_of, variable_read
from understudy.project.engines import engine_maker, url_of
from understudy.project.files import is_test_code
from understudy.project.loop_bound import bound_to
from understudy.project.parsing import last_name
from understudy.project.production_database import postgres_only
from understudy.project.scopes import Function
from understudy.project.sources import Module

CONTAINER = "PostgresContainer"
_FACTORIES: dict[str, Role] = {
    "postgresql_proc": "server",
    "postgresql_noproc": "server",
    "postgresql": "client",
    "postgresql_async": "async client",
}
_IMAGE = re.compile(r"^(?:[\w./-]*/)?(?P<name>[\w.-]+):(?P<version>\d+)")
_OLDEST = 14
# What makes a pool or a connection without SQLAlchemy.
_CONNECTS = frozenset(
    {
        *("asyncpg.create_pool", "asyncpg.connect", "psycopg.connect"),
        *("psycopg.AsyncConnection.connect", "psycopg_pool.AsyncConnectionPool"),
        "psycopg_pool.ConnectionPool",
    }
)
DATABASES = frozenset({"create_database", "drop_database"})
_CREATES = re.compile(r"(?i)\b(?:create|drop)\s+database\b")
_ADOPTED = {"real_postgres", "real_postgres_server"}


Role = Literal["container", "server", "client", "async client", "variable", "connects", "database"]


@dataclass(frozen=True)
class Source:
    """A place where the tests get a server or its address.

    Attributes:
        kind: what they stand on.
        role: what the place gives to the rest: "container" and "server" have attributes of an
            address, "client" is a connection of psycopg, "variable" is a URL in a variable of the
            module, "connects" is a URL in a fixture, and "database" is a fixture that creates one.
        module: the file.
        node: the call or the URL, or the decorator of a fixture that is not rewritten.
        what: it, in a few words.
        function: the fixture that it is in; None at the top level.
        name: the fixture's or variable's name; empty for "connects".
        driver: SQLAlchemy's name of the driver in its URL; empty for none.
        settings: keys for `[tool.understudy]`.
        notes: what the reader has to know.
        refusal: why it is not rewritten, or None.
    """

    kind: Kind
    role: Role
    module: Module
    node: ast.expr
    what: str
    function: Function | None = None
    name: str = ""
    driver: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    notes: Sequence[str] = ()
    refusal: Refusal | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables to set."""
        found = self.settings.get("real_postgres_env")
        return found if isinstance(found, dict) else {}


def sources_of(module: Module) -> Iterator[Source]:
    """Yield the sources in one file of the tests."""
    found = [*_containers(module), *_factories(module)]
    yield from found
    yield from _running(module, found[0].kind if found else "running-postgres")


def _containers(module: Module) -> Iterator[Source]:
    for call in module.calls(CONTAINER):
        if last_name(call) != CONTAINER:
            continue
        function = module.function_of(call)
        fixture = pytest_items.of(module).fixture(function) if function else None
        what = f"{CONTAINER} in {function.name}()" if function else f"{CONTAINER} of the module"
        given = keywords_of(call).get("driver")
        driver = "psycopg2"
        if isinstance(given, ast.Constant):
            driver = str(given.value or "").rpartition("+")[2]
        settings, notes = _version(call.args[0] if call.args else keywords_of(call).get("image"))
        refusal = None
        if fixture is None:
            refusal = Refusal(
                Place(module.path, call.lineno, what),
                "The container is not in a fixture.",
                "Give its URL to the tests as `real_postgres.dsn`.",
            )
        name = fixture.name if fixture else ""
        yield Source(
            "testcontainers",
            "container",
            module,
            call,
            what,
            function,
            name,
            driver,
            settings=settings,
            notes=notes,
            refusal=refusal,
        )


def _version(image: ast.expr | None) -> tuple[Mapping[str, object], Sequence[str]]:
    """Return the setting for the version of a container's image, and what is to be said of it."""
    match = _IMAGE.match(str(image.value)) if isinstance(image, ast.Constant) else None
    if match is None:
        return {}, ()
    notes = []
    if not match["name"].startswith("postgres"):
        notes.append(
            f"The image is {match[0]}: real_postgres finds a PostgreSQL with the extensions of the"
            " schema (docs/versions.md)."
        )
    if int(match["version"]) < _OLDEST:
        notes.append(
            f"The image has PostgreSQL {match['version']}; Understudy supports {_OLDEST} and newer."
        )
        return {}, notes
    return {"postgres_version": match["version"]}, notes


def _factories(module: Module) -> Iterator[Source]:
    for assign in module.scope.own(ast.Assign):
        target = assign.targets[0]
        call = next((one for one in ast.walk(assign.value) if _role(module, one)), None)
        if not isinstance(target, ast.Name) or not isinstance(call, ast.Call):
            continue
        role = _role(module, call)
        assert role is not None, "it is found by its role"
        load = keywords_of(call).get("load")
        files = _files(load)
        what = f"the fixture `{target.id}`"
        refusal = None
        if load is not None and not files:
            refusal = Refusal(
                Place(module.path, call.lineno, what),
                "Its `load` is not a list of SQL files.",
                "Set `schema` in [tool.understudy] to a function that loads the schema"
                " (docs/configuration.md), and remove `load`.",
            )
        settings = {"schema": files} if files else {}
        yield Source(
            "pytest-postgresql",
            role,
            module,
            call,
            what,
            name=target.id,
            settings=settings,
            refusal=refusal,
        )


def _role(module: Module, node: ast.AST) -> Role | None:
    """Return what a factory of pytest-postgresql makes, or None."""
    dotted = (module.qualified(node.func) or "") if isinstance(node, ast.Call) else ""
    is_factory = dotted.startswith("pytest_postgresql.")
    return _FACTORIES.get(dotted.rpartition(".")[2]) if is_factory else None


def _files(load: ast.expr | None) -> list[str]:
    """Return the SQL files of `load`; empty if it is not a list of literal paths."""
    found = []
    for item in load.elts if isinstance(load, ast.List | ast.Tuple) else []:
        if isinstance(item, ast.Call) and last_name(item) == "Path" and len(item.args) == 1:
            item = item.args[0]
        if not isinstance(item, ast.Constant) or not str(item.value).endswith(".sql"):
            return []
        found.append(str(item.value).removeprefix("./"))
    return found


def _running(module: Module, kind: Kind) -> Iterator[Source]:
    """Yield the URLs of a server that has to run, and the fixtures that get one in another way."""
    variables = {}
    is_free = kind == "running-postgres"
    adopted = _adopted_variables(module)
    for name, value in module.defined.items() if is_free else ():
        source = _variable(module, name, value) if isinstance(value, ast.expr) else None
        if source is not None:
            variables[name] = source
    for source in variables.values():
        if not adopted.issuperset(source.variables):
            yield source
    for fixture in pytest_items.of(module).fixtures.values():
        if _ADOPTED & {parameter.arg for parameter in fixture.function.parameters}:
            continue
        found = []
        if is_free or creates_database(fixture.function):
            found = list(_in_fixture(module, kind, fixture, variables))
        yield from found or _of_app(module, kind, fixture)


def _adopted_variables(module: Module) -> set[str]:
    """Return the variables that `[tool.understudy]` sets already."""
    path = module.project.root / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):  # missing, or reported when it is to be changed
        return set()
    table = document.get("tool", {}).get("understudy", {})
    return set(table.get("real_postgres_env", {}))


def _in_fixture(
    module: Module, kind: Kind, fixture: pytest_items.Fixture, variables: Mapping[str, Source]
) -> Iterator[Source]:
    function = fixture.function
    is_known = postgres_only(module.project) is not None
    creates = creates_database(function)
    given = [engine_url(module, call) for call in function.all(ast.Call)]
    given += [value for value in results_of(function) if is_url(module, value)]
    urls = [url for url in given if url is not None and not _names(url) & variables.keys()]
    if not creates:  # a URL that is put together from other fixtures is not the tests' own
        urls = [url for url in urls if isinstance(url, ast.Name) or not _is_local(function, url)]
    for url in dict.fromkeys(url if creates else _assigned(function, url) for url in urls):
        if url is None:
            continue
        texts = list(_texts(module, function, url))
        is_certain = is_known or creates or any(map(POSTGRES_URL.search, texts))
        if not is_certain or any("sqlite" in text for text in texts):
            continue
        driver = driver_of(module, function, url)
        if creates:
            what = f"a database that {function.name}() creates"
            yield Source(kind, "database", module, url, what, function, fixture.name, driver)
            return
        what = f"a connection to a running server in {function.name}()"
        key = _environment_key(module, url)
        settings = {"real_postgres_env": {key: dsn(driver)}} if key else {}
        yield Source(
            kind, "connects", module, url, what, function, driver=driver, settings=settings
        )


def _of_app(module: Module, kind: Kind, fixture: pytest_items.Fixture) -> Iterator[Source]:
    """Yield a fixture that uses an engine of the app, or creates a database with one."""
    function, project = fixture.function, module.project
    nodes = [*function.all(ast.Name), *function.all(ast.Attribute)]
    engines = [bound for node in nodes if (bound := bound_to(module, node)) is not None]
    of_app = [
        bound
        for bound in engines
        if not is_test_code(project.root / bound.place.file, project.root, project.pytest)
    ]
    if not of_app and not creates_database(function):
        return
    what = f"the fixture `{fixture.name}`"
    shown = f"{of_app[0].name} of {of_app[0].place}" if of_app else "an engine of the app"
    refusal = Refusal(
        Place(module.path, function.node.lineno, what),
        f"It uses {shown}, which gets its address from the app's settings.",
        "Set the app's variables in `real_postgres_env` (docs/real_postgres_app.md), request"
        " `real_postgres` here, and remove what creates the database and its tables.",
    )
    yield Source(
        kind, "database", module, fixture.decorator, what, function, fixture.name, refusal=refusal
    )


def creates_database(function: Function) -> bool:
    """Whether a fixture creates or drops a database."""
    if any(last_name(call) in DATABASES for call in function.all(ast.Call)):
        return True
    return any(
        isinstance(node.value, str) and _CREATES.search(node.value) is not None
        for node in function.all(ast.Constant)
    )


def engine_url(module: Module, call: ast.Call) -> ast.expr | None:
    """Return the URL that a call makes an engine, a pool or a connection of, or None."""
    if engine_maker(module, call) is None and module.qualified(call.func) not in _CONNECTS:
        return None
    return url_of(call) or keywords_of(call).get("dsn")


def driver_of(module: Module, function: Function, url: ast.expr) -> str:
    """Return SQLAlchemy's name of the driver in a URL; empty for none."""
    texts = list(_texts(module, function, url))
    for text in texts:
        match = POSTGRES_URL.search(text)
        if match is not None:
            return match["driver"] or ""
    # The driver may be taken out of a URL of the settings: `.replace("+asyncpg", "")`.
    is_removed = any(text.startswith("+") for text in texts)
    return "" if is_removed else _usual_driver(module, url)


def _usual_driver(module: Module, url: ast.expr) -> str:
    """Return the driver of an engine whose URL does not show it, by the project's dependencies."""
    call = next(above for above in module.above(url) if isinstance(above, ast.Call | ast.stmt))
    name = last_name(call) if isinstance(call, ast.Call) else ""
    about = module.project.runners.about
    if name == "create_async_engine":
        return "asyncpg" if "asyncpg" in about or "psycopg" not in about else "psycopg"
    is_psycopg_3 = "psycopg" in about and "psycopg2" not in about
    return "psycopg" if name == "create_engine" and is_psycopg_3 else ""


def _is_local(function: Function, url: ast.expr) -> bool:
    return any(function.binds(name) for name in _names(url))


def is_url(module: Module, value: ast.expr | None) -> bool:
    """Whether a fixture returns a URL of PostgreSQL as a text or from the environment."""
    if value is None:
        return False
    text = value.values[0] if isinstance(value, ast.JoinedStr) and value.values else value
    if isinstance(text, ast.Constant):
        return isinstance(text.value, str) and POSTGRES_URL.match(text.value) is not None
    return _environment_key(module, value) is not None and bool(
        POSTGRES_URL.search(ast.dump(value))
    )


def _environment_key(module: Module, value: ast.expr) -> str | None:
    """Return the environment variable that an expression reads, or None."""
    key = variable_read(module, value)
    return str(key.value) if isinstance(key, ast.Constant) else None


def _assigned(function: Function, url: ast.expr) -> ast.expr | None:
    """Return what a URL in a local variable is assigned; None for a parameter."""
    if not isinstance(url, ast.Name) or not function.binds(url.id):
        return url
    values = values_of(function, url.id)
    value = values[0] if len(values) == 1 else None
    return None if value is None or _is_local(function, value) else value


def _variable(module: Module, name: str, value: ast.expr) -> Source | None:
    """Return a URL that a variable of the module holds, or None."""
    texts = [n.value for n in ast.walk(value) if isinstance(n, ast.Constant)]
    match = next((m for t in texts if isinstance(t, str) and (m := POSTGRES_URL.match(t))), None)
    key = _environment_key(module, value)
    is_read = key is not None and re.search(r"(?i)database_url|postgres.*ur[il]|dsn", name)
    if match is None and not is_read:
        return None
    driver = (match["driver"] if match else "") or ""
    return Source(
        "running-postgres",
        "variable",
        module,
        value,
        f"the URL `{name}`",
        name=name,
        driver=driver,
        settings={"real_postgres_env": {key or name: dsn(driver)}},
    )


def _texts(module: Module, function: Function, url: ast.expr) -> Iterator[str]:
    """Yield the texts that a URL consists of, those of local variables included."""
    names = _names(url)
    nodes = [url]
    for assign in function.own(ast.Assign):
        if any(isinstance(target, ast.Name) and target.id in names for target in assign.targets):
            nodes.append(assign.value)
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                yield inner.value


def _names(node: ast.expr) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
