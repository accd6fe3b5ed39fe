"""The databases that a suite on a server of its own can move to, and what differs between them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from understudy.adopt.adoption import Kind
from understudy.init import database_kind
from understudy.init.database_kind import DatabaseKind
from understudy.lint import pytest_items
from understudy.project.production_database import mysql_only, postgres_only
from understudy.project.scopes import Function
from understudy.project.sources import Project, home_of

# What a place of the tests gives to the rest.
Role = Literal["container", "server", "client", "async client", "variable", "connects", "database"]


@dataclass(frozen=True, eq=False)
class Target:
    """A database that tests move to.

    Attributes:
        database: its kind, with the names of the fixture and of the settings.
        scheme: the scheme of the fixture's URL.
        url: matches the beginning of a URL, with the group `driver`.
        running, container, plugin: what tests stand on that need a server that runs, start a
            container of testcontainers, or use a plugin of pytest that starts a server.
        containers: the classes of testcontainers.
        driver_option: the argument of a container for the driver in its URL.
        container_drivers: the drivers in a container's URL without that argument, which differ
            between versions of testcontainers; the usual one comes first.
        factories: the factories of the plugin, each with the role of the fixture that it makes.
        package: the plugin's package.
        clients: fixtures that return a connection, for the roles of a client.
        drivers: for each function that makes an engine, the drivers for a URL that shows none: the
            first of which the project's dependencies have the name. The last one has none.
        connects: the functions of drivers that connect. MySQL's take the parts of an address.
        app_docs: the page on the variables of an app.
        url_names: matches the names of variables with a URL.
        notes: what changes, by what the tests stand on.
        isolation: a note on how tests are isolated.
        settings: the settings for it.
    """

    database: DatabaseKind
    scheme: str
    url: re.Pattern[str]
    running: Kind
    container: Kind
    plugin: Kind
    containers: frozenset[str]
    driver_option: str
    container_drivers: Sequence[str]
    factories: Mapping[str, Role]
    package: str
    clients: Mapping[Role, str]
    drivers: Mapping[str, Sequence[tuple[str, str]]]
    connects: frozenset[str]
    app_docs: str
    url_names: re.Pattern[str]
    notes: Mapping[Kind, str]
    isolation: str
    settings: Mapping[str, object]

    @property
    def real(self) -> str:
        """The fixture of a test."""
        return self.database.real

    @property
    def server(self) -> str:
        """The fixture of a wider scope."""
        return f"{self.real}_server"

    @property
    def environment(self) -> str:
        """The setting with environment variables."""
        return f"{self.real}_env"

    @property
    def async_drivers(self) -> Sequence[str]:
        """The drivers of async engines."""
        return [driver for _, driver in self.drivers["create_async_engine"]]

    def drivers_of(self, project: Project) -> tuple[str, str]:
        """Return the drivers of a project's engines: an async one, and another."""
        if self is POSTGRES:  # what its extra brings, not what the app has
            has_asyncpg = importlib.util.find_spec("asyncpg") is not None
            return "asyncpg" if has_asyncpg else "psycopg", "psycopg"
        about = project.runners.about
        return (
            next(driver for name, driver in self.drivers["create_async_engine"] if name in about),
            "pymysql",
        )

    def address_for(self, function: Function) -> str:
        """Return the fixture with the address that a function may request, by its scope."""
        fixture = pytest_items.of(home_of(function)).fixture(function)
        is_wide = fixture is not None and fixture.scope != "function"
        return self.server if is_wide else self.real

    def url_at(self, address: str, driver: str) -> str:
        """Return the expression for a URL with SQLAlchemy's name of a driver, or with none."""
        if not driver:
            return f"{address}.dsn"
        return f'{address}.dsn.replace("{self.scheme}:", "{self.scheme}+{driver}:")'


POSTGRES = Target(
    database=database_kind.POSTGRES,
    scheme="postgresql",
    url=re.compile(r"postgres(?:ql)?(?:\+(?P<driver>\w+))?://"),
    running="running-postgres",
    container="testcontainers",
    plugin="pytest-postgresql",
    containers=frozenset({"PostgresContainer"}),
    driver_option="driver",
    container_drivers=("psycopg2",),
    factories={
        "postgresql_proc": "server",
        "postgresql_noproc": "server",
        "postgresql": "client",
        "postgresql_async": "async client",
    },
    package="pytest_postgresql",
    clients={
        "client": "@pytest.fixture\n"
        "def {name}(real_postgres):\n"
        "    return real_postgres.psycopg.connect_sync()",
        "async client": "@pytest_asyncio.fixture\n"
        "async def {name}(real_postgres):\n"
        "    return await real_postgres.psycopg.connect()",
    },
    drivers={
        "create_async_engine": (("asyncpg", "asyncpg"), ("psycopg", "psycopg"), ("", "asyncpg")),
        "create_engine": (("psycopg2", ""), ("psycopg", "psycopg"), ("", "")),
    },
    connects=frozenset(
        {
            *("asyncpg.create_pool", "asyncpg.connect", "psycopg.connect"),
            *("psycopg.AsyncConnection.connect", "psycopg_pool.AsyncConnectionPool"),
            "psycopg_pool.ConnectionPool",
        }
    ),
    app_docs="docs/real_postgres_app.md",
    url_names=re.compile(r"(?i)database_url|postgres.*ur[il]|dsn"),
    notes={
        "running-postgres": "The tests need no running server: real_postgres starts one from a"
        " wheel.",
        "testcontainers": "The tests need no Docker: real_postgres starts PostgreSQL from a wheel.",
        "pytest-postgresql": "The tests need no installed PostgreSQL, and start one server in all.",
    },
    isolation="Each test runs in a transaction that is rolled back, so nothing has to be deleted.",
    settings={},
)
MYSQL = Target(
    database=database_kind.MYSQL,
    scheme="mysql",
    url=re.compile(r"(?:mysql|mariadb)(?:\+(?P<driver>\w+))?://"),
    running="running-mysql",
    container="testcontainers-mysql",
    plugin="pytest-mysql",
    # testcontainers 4 has no MariaDbContainer: it takes the image "mariadb:11".
    containers=frozenset({"MySqlContainer", "MariaDbContainer"}),
    driver_option="dialect",
    container_drivers=("pymysql", ""),
    factories={"mysql_proc": "server", "mysql_noproc": "server", "mysql": "client"},
    package="pytest_mysql",
    clients={
        "client": "@pytest.fixture\n"
        "def {name}(real_mysql):\n"
        "    return real_mysql.pymysql.connect()"
    },
    drivers={
        "create_async_engine": (("aiomysql", "aiomysql"), ("asyncmy", "asyncmy"), ("", "aiomysql")),
        "create_engine": (
            ("mysqlclient", ""),
            ("mysql-connector", "mysqlconnector"),
            ("", "pymysql"),
        ),
    },
    connects=frozenset(
        {
            *("aiomysql.connect", "aiomysql.create_pool", "asyncmy.connect", "asyncmy.create_pool"),
            *("pymysql.connect", "MySQLdb.connect"),
            *("mysql.connector.connect", "mysql.connector.aio.connect"),
        }
    ),
    app_docs="docs/mysql.md",
    url_names=re.compile(r"(?i)database_url|(?:mysql|maria).*ur[il]|dsn"),
    notes={
        "running-mysql": "The tests need no running server: real_mysql starts the MariaDB or MySQL"
        " that is installed.",
        "testcontainers-mysql": "The tests need no Docker: real_mysql starts the MariaDB or MySQL"
        " that is installed (docs/mysql.md).",
        "pytest-mysql": "The tests start one server in all.",
    },
    isolation='With isolation = "delete", each test commits for real. Afterwards, its tables and'
    " their AUTO_INCREMENT are put back (docs/mysql.md).",
    # A rollback refuses the DDL of tests, and does not let their ids begin at 1.
    settings={"isolation": "delete"},
)
TARGETS = (POSTGRES, MYSQL)
CONTAINERS = {name: target for target in TARGETS for name in target.containers}


def usual_target(project: Project) -> tuple[Target, bool]:
    """Return what a URL of the tests is of that does not show it, and whether that is certain."""
    if mysql_only(project) is not None:
        return MYSQL, True
    return POSTGRES, postgres_only(project) is not None
