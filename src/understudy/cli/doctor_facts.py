"""What `understudy doctor` tells without running the project's code."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from understudy import __version__
from understudy.catalog import store
from understudy.catalog.errors import CatalogError
from understudy.catalog.file_names import MYSQL_SUFFIX
from understudy.cli.extras import missing
from understudy.embedded.binaries import found_here
from understudy.embedded.driver import without_password
from understudy.embedded.environment import CACHE_VARIABLE, DATA_VARIABLE, URL_VARIABLE
from understudy.plugin.binaries import first_choice
from understudy.plugin.settings import DEFAULT_CATALOG, KEYS, Settings

# In the order of a reader's interest; those that are not installed are listed last.
_PLUGINS = ("pytest", "pytest-asyncio", "anyio", "pytest-xdist", "pytest-randomly", "pytest-cov")
_RUNNERS = ("pytest-asyncio", "anyio", "pytest-trio", "pytest-twisted", "pytest-aiohttp")
_APPS = ("fastapi", "starlette", "litestar", "httpx", "pydantic", "pydantic-settings")
_ORMS = ("SQLAlchemy", "sqlmodel", "tortoise-orm", "alembic")
_DRIVERS = (
    "asyncpg",
    "psycopg",
    "psycopg-pool",
    "psqlpy",
    "aiosqlite",
    "psycopg2",
    "psycopg2-binary",
    "aiomysql",
    "asyncmy",
    "PyMySQL",
    "mysqlclient",
    "mysql-connector-python",
)
_EXTRAS = {
    "asgi": "the fixtures app, client and async_client",
    "postgres": "real_postgres, and PostgreSQL's checks of scripted statements",
    "mysql": "real_mysql, and the checks of fake_mysql by a MySQL or MariaDB",
    "faker": "the fixture faker",
    "lint": "lint --fix and adopt",
    "review": "review",
}


@dataclass(frozen=True)
class Check:
    """One thing that works or not.

    Attributes:
        name: what it is about.
        state: "off" for what is not installed or not used.
        text: the finding; the reason, and what to do, if it is a problem.
    """

    name: str
    state: Literal["ok", "problem", "off"]
    text: str


def versions() -> list[str]:
    """Return the versions of everything that matters, a line for each kind."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    lines = [f"Understudy {__version__}, {python}, {system}"]
    absent: list[str] = []
    for names in (_PLUGINS, _APPS, _ORMS, _DRIVERS):
        found = {name: _version(name) for name in names}
        absent += [name for name, version in found.items() if version is None]
        shown = [f"{name} {version}" for name, version in found.items() if version is not None]
        lines += [", ".join(shown)] if shown else []
    return [*lines, f"not installed: {', '.join(absent)}"] if absent else lines


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def configured(settings: Settings) -> list[tuple[str, str]]:
    """Return the settings that are given, as pairs of key and value, without secrets."""
    default = Settings(root=settings.root)
    found = []
    for key in KEYS:
        value = getattr(settings, key)
        if value != getattr(default, key):
            found.append((key, _shown(key, value)))
    variables = [
        name for name in (URL_VARIABLE, CACHE_VARIABLE, DATA_VARIABLE) if name in os.environ
    ]
    return found + [(name, "set in the environment") for name in variables]


def _shown(key: str, value: object) -> str:
    if key in ("postgres_url", "mysql_url"):
        return without_password(str(value))
    if key.endswith("_env"):
        assert isinstance(value, dict)
        return f"sets {', '.join(value)}"  # a value may be a secret
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def files_and_servers(settings: Settings) -> Iterator[Check]:
    """Yield what there is of catalogs and servers."""
    catalog = settings.catalog or DEFAULT_CATALOG
    uses_mysql = settings.mysql_schema or settings.real_mysql_env or settings.fake_mysql_env
    if settings.schema:
        yield _catalog(settings.root, catalog)
    if settings.mysql_schema:
        yield _catalog(settings.root, catalog + MYSQL_SUFFIX)
    if not (settings.schema or settings.postgres_url or settings.mysql_schema):
        yield Check(
            "schema",
            "off",
            "not configured: scripted statements are not compared with your tables.\n"
            'Configure it: schema = "alembic", or ["db/migrations/*.sql"]',
        )
    if settings.app is None:
        yield Check("app", "off", 'not configured. Configure it: app = "app.main:app"')
    if settings.schema or settings.postgres_url or not uses_mysql:
        yield _postgres(settings)
    if uses_mysql:
        yield _mysql(settings)


def _postgres(settings: Settings) -> Check:
    if settings.postgres_url or URL_VARIABLE in os.environ:
        given = "postgres_url" if settings.postgres_url else URL_VARIABLE
        return Check("PostgreSQL", "ok", f"the server of {given}")
    if (first := first_choice(settings)) is None:
        return Check("PostgreSQL", "off", f"a run would start none. Found: {found_here()}")
    return Check("PostgreSQL", "ok", f"a run would start {first}. Found: {found_here()}")


def _mysql(settings: Settings) -> Check:
    from understudy.embedded.errors import PostgresError
    from understudy.mysql_server.installations import URL_VARIABLE, find_installation

    if settings.mysql_url or URL_VARIABLE in os.environ:
        given = "mysql_url" if settings.mysql_url else URL_VARIABLE
        return Check("MySQL", "ok", f"the server of {given}")
    try:
        found = find_installation()
    except PostgresError as error:
        return Check("MySQL", "problem", str(error))
    return Check("MySQL", "ok", f"a run would start {found}")


def runners() -> Iterator[Check]:
    """Yield what is wrong if nothing runs async tests."""
    if not any(_version(name) for name in _RUNNERS):
        yield Check(
            "async tests",
            "problem",
            "no plugin runs them. pip install pytest-asyncio, or mark them for anyio",
        )


def _catalog(root: Path, name: str) -> Check:
    try:
        contents = store.read(root / name)
    except CatalogError as error:
        return Check("catalog", "problem", str(error))
    if contents is None:
        return Check(
            "catalog", "off", f"{name} does not exist yet; the first test on fakes writes it"
        )
    count = len(contents.statements)
    statements = f"{count} statement{'' if count == 1 else 's'}"
    text = f"{name}: {statements}, {store.shown_server(contents.server)}"
    return Check("catalog", "ok", text)


def extras() -> Iterator[Check]:
    """Yield whether each extra is installed."""
    for name, use in _EXTRAS.items():
        lacking = missing("understudy", name)
        if lacking:
            text = f'{use}: needs {", ".join(lacking)}. pip install "understudy[{name}]"'
        else:
            text = use
        yield Check(f"[{name}]", "off" if lacking else "ok", text)
