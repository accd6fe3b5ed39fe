"""How each suite is given a database: by variables on a plain server, and by a fixture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Peer:
    """The test suite of a project.

    Attributes:
        conftest: the file that `fixtures` are added to.
        fixtures: what replaces the fixtures that make a database.
        arguments: for pytest.
        server: variables that point the suite at a plain server; they may name {dsn}, {host},
            {port}, {user}, {password} and {database}.
        variables: variables that point it at `real_postgres`, in the form of the configuration.
        schema: a Python function `install(dsn)` that loads the schema into a database.
        installed: folders of the checkout that are not copied, because the environment has them.
    """

    conftest: str
    fixtures: str
    arguments: Sequence[str] = ()
    server: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    schema: str = "def install(dsn): pass"
    installed: Sequence[str] = ()


_LIBPQ = {
    "PGHOST": "{host}",
    "PGPORT": "{port}",
    "PGUSER": "{user}",
    "PGPASSWORD": "{password}",
    "PGDATABASE": "{database}",
}

_ADDRESS = "{user}:{password}@{host}:{port}"
# Every test of a suite runs on `real_postgres`, also in what its own fixtures do before.
_ON_REAL_POSTGRES = """
@pytest.fixture(scope="session", autouse=True)
def _started(real_postgres_server):
    pass

@pytest.fixture(autouse=True)
def _isolated(real_postgres):
    pass
"""
# It makes a database for the run, and one for each of some tests.
_TORTOISE = (
    """
import tortoise.contrib.test

async def _start(config):
    await tortoise.Tortoise.init(config)

tortoise.contrib.test._init_db = _start

async def _create(self):
    config = tortoise.contrib.test.getDBConfig(
        app_label="models", modules=self.tortoise_test_modules or tortoise.contrib.test._MODULES
    )
    await tortoise.Tortoise.init(config)
    connection = tortoise.connections.get("models")
    await connection.execute_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await tortoise.Tortoise.generate_schemas(safe=False)

tortoise.contrib.test.IsolatedTestCase._setUpDB = _create

async def _drop(cls):
    await tortoise.connections.close_all()

tortoise.Tortoise._drop_databases = classmethod(_drop)
"""
    + _ON_REAL_POSTGRES
)
_TORTOISE_SCHEMA = """
from tortoise import Tortoise

async def install(dsn):
    url = dsn.replace("postgresql:", "asyncpg:")
    await Tortoise.init(db_url=url, modules={"models": ["tests.testmodels"]})
    await Tortoise.generate_schemas()
    await Tortoise.close_connections()
"""

PEERS: Mapping[str, Peer] = {
    "pgqueuer": Peer(
        conftest="test/conftest.py",
        # Its configuration asks for xdist, whose workers would lack the time-outs of this command.
        arguments=["test", "-n0", "--continue-on-collection-errors"],
        server={"EXTERNAL_POSTGRES_DSN": "{dsn}"},
        fixtures="""
@pytest.fixture
def dsn(real_postgres):
    return real_postgres.dsn
""",
        schema="""
import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

async def install(dsn):
    connection = await asyncpg.connect(dsn)
    await Queries(AsyncpgDriver(connection)).install()
    await connection.close()
""",
    ),
    "taskiq-postgres": Peer(
        conftest="tests/integration/conftest.py",
        arguments=["tests"],
        # The suite appends to the name of this database.
        server={
            "TASKIQ_PG_DSN": "postgres://{user}:{password}@{host}:{port}/taskiq_postgres",
        },
        fixtures="""
@pytest.fixture(scope="session", autouse=True)
def clean_database():
    pass

@pytest.fixture
def pg_dsn(real_postgres):
    return real_postgres.dsn
""",
    ),
    "procrastinate": Peer(
        conftest="tests/conftest.py",
        arguments=["tests/integration"],
        server=_LIBPQ,
        variables=_LIBPQ,
        fixtures="""
@pytest.fixture
def connection_params(real_postgres):
    return {"dbname": real_postgres.database}

@pytest.fixture(autouse=True)
def _isolated(real_postgres):
    from django.db import connections

    connections.close_all()  # those of the last test
    yield
    connections.close_all()

@pytest.fixture(scope="session")
def django_db_setup(real_postgres_server):
    pass

@pytest.fixture
def db_factory(real_postgres, monkeypatch):
    def empty(dbname, template=None):
        monkeypatch.setenv("PGDATABASE", real_postgres.database)
        with psycopg.connect(real_postgres.dsn) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")

    return empty
""",
        schema="""
import os

def install(dsn):
    import django
    from django.core.management import call_command

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.acceptance.django_settings"
    django.setup()
    call_command("migrate", verbosity=0)
""",
    ),
    "databases": Peer(
        conftest="tests/conftest.py",
        arguments=["tests"],
        server={
            "TEST_DATABASE_URLS": "postgresql://{user}:{password}@{host}:{port}/{database},"
            "postgresql+aiopg://{user}:{password}@{host}:{port}/{database},"
            "postgresql+asyncpg://{user}:{password}@{host}:{port}/{database}"
        },
        variables={"TEST_DATABASE_URLS": "{dsn},{dsn:aiopg},{dsn:asyncpg}"},
        # A fixture of a module makes the tables of its tests: they are the schema.
        fixtures="\nimport pytest\n" + _ON_REAL_POSTGRES,
        schema="""
import sqlalchemy

def install(dsn):
    from tests.test_integration import metadata

    metadata.create_all(sqlalchemy.create_engine(dsn))
""",
    ),
    "aiosql": Peer(
        conftest="tests/conftest.py",
        arguments=["tests", "-m", "postgres"],
        server={
            "PYTEST_ADDOPTS": "--postgresql-detached --postgresql-host={host}"
            " --postgresql-port={port} --postgresql-user={user} --postgresql-password={password}"
            " --postgresql-dbname={database}"
        },
        fixtures="""
@pytest.fixture
def pg_conn(real_postgres):
    import psycopg

    with psycopg.connect(real_postgres.dsn) as connection:
        yield connection

@pytest.fixture
def pg_params(pg_conn, real_postgres):
    names = {"host": "host", "port": "port", "user": "user", "password": "password"}
    names["dbname"] = "database"
    return {name: getattr(real_postgres, part) for name, part in names.items()}
""",
    ),
    # The tests of the pool in psycopg's repository.
    "psycopg_pool": Peer(
        conftest="tests/pool/conftest.py",
        # Those that are marked so depend on the speed of the machine.
        arguments=["tests/pool", "-m", "not timing"],
        server={"PSYCOPG_TEST_DSN": "{dsn}"},
        variables={"PSYCOPG_TEST_DSN": "{dsn}"},
        fixtures="""
@pytest.fixture(scope="session")
def session_dsn(real_postgres_server, session_dsn):
    return session_dsn

@pytest.fixture
def dsn(real_postgres, dsn):
    return dsn
""",
    ),
    # The tests of asyncpg's sdist. Those that start a server of their own are skipped.
    "asyncpg": Peer(
        conftest="tests/conftest.py",
        arguments=["tests", "--ignore=tests/test__sourcecode.py"],
        server=_LIBPQ,
        variables=_LIBPQ,
        installed=["asyncpg"],
        # Some tests name the database.
        fixtures="""
import os

import pytest
from asyncpg._testbase import ClusterTestCase

_named = ClusterTestCase.get_connection_spec.__func__

def _configured(cls, kwargs={}):
    found = _named(cls, kwargs)
    if found.get("database") == "postgres":
        found["database"] = os.environ["PGDATABASE"]
    return found

ClusterTestCase.get_connection_spec = classmethod(_configured)
"""
        + _ON_REAL_POSTGRES,
    ),
    **{
        f"tortoise-{driver}": Peer(
            conftest="conftest.py",
            # Two modules need ODBC, and others an event loop that pytest-asyncio does not replace.
            arguments=[
                *("tests", "--ignore=tests/contrib", "-p", "no:asyncio"),
                "--continue-on-collection-errors",
            ],
            server={"TORTOISE_TEST_DB": f"{driver}://{_ADDRESS}/test_{{{{}}}}"},
            variables={"TORTOISE_TEST_DB": f"{driver}://{_ADDRESS}/{{database}}"},
            fixtures=_TORTOISE,
            schema=_TORTOISE_SCHEMA,
            installed=["tortoise"],
        )
        for driver in ("asyncpg", "psycopg")
    },
}
