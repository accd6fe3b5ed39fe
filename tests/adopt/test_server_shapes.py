"""conftest.py files that start or need a PostgreSQL or a MySQL, before and after.

servers/SHAPE/ has the file before and after, and tests for it. To update them:
UPDATE_GOLDEN=1 pytest tests/adopt/test_server_shapes.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from understudy.adopt.adoption import Adoption
from understudy.adopt.plan import make_plans
from understudy.adopt.servers import find
from understudy.project.sources import Project

from .projects import MYSQL_PROJECT, PROJECT, write, write_shape

GOLDEN = Path(__file__).parent / "servers"
SHAPES = sorted(folder.name for folder in GOLDEN.iterdir())
USERS = "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);\n"
MYSQL_USERS = "CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(80) UNIQUE);\n"


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Path:
    return GOLDEN / str(request.param)


@pytest.fixture
def project(tmp_path: Path, shape: Path) -> Path:
    """A project with the conftest.py and the tests of a shape."""
    files = {"db/users.sql": USERS, "db/users/1.sql": MYSQL_USERS}
    return write_shape(tmp_path, shape, **files)


def adopted(folder: Path) -> Adoption:
    """Write the rewrite of a project."""
    [found] = find(Project(folder))
    for path, text in found.files.items():
        path.write_text(text, encoding="utf-8")
    schema = found.database.schema
    lines = [f'{schema} = "tests.schema:create"'] if schema not in found.settings else []
    for key, value in found.settings.items():
        lines.append(f"{key} = {_toml(value)}")
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", "[tool.understudy]", *lines, ""]))
    return found


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f'{name} = "{item}"' for name, item in value.items()) + "}"
    return repr(value)


def report(found: Adoption, text: str) -> str:
    """Return all that is said of a rewrite, and the new conftest.py."""
    said = [
        f"kind: {found.kind}",
        *(f"found: {place.line} {place.what}" for place in found.found),
        *(f"setting: {key} = {value}" for key, value in found.settings.items()),
        *(f"note: {note}" for note in found.notes),
    ]
    return "\n".join([*said, "", text])


def test_what_is_rewritten(project: Path, shape: Path) -> None:
    found = adopted(project)
    assert found.refusals == []
    actual = report(found, (project / "tests/conftest.py").read_text(encoding="utf-8"))
    golden = shape / "after.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(actual, encoding="utf-8")

    assert actual == golden.read_text(encoding="utf-8")


def test_a_second_run_finds_nothing(project: Path) -> None:
    adopted(project)

    assert find(Project(project)) == []


def test_tables_of_the_tests_are_still_made(tmp_path: Path) -> None:
    before = (GOLDEN / "testcontainers" / "before.txt").read_text(encoding="utf-8")
    own = 'class Thing(Base):\n    __tablename__ = "things"\n'
    files = {**PROJECT, "tests/conftest.py": before, "tests/test_things.py": own}

    [found] = find(Project(write(tmp_path / "shop", files)))

    assert (
        found.notes[1] == "The tests define tables of their own, so create_all and drop_all stay."
    )
    [text] = found.files.values()
    assert "await connection.run_sync(Base.metadata.create_all)" in text


def refusals(
    folder: Path, conftest: str, project: Mapping[str, str] = PROJECT
) -> list[tuple[int, str, str]]:
    """What is left of a conftest.py: the line, the reason, and what to do."""
    files = {**project, "tests/conftest.py": conftest}
    found = find(Project(write(folder / "shop", files)))
    assert all(one.files == {} for one in found)
    return [
        (refusal.place.line, refusal.why, refusal.instead)
        for one in found
        for refusal in one.refusals
    ]


def test_an_engine_of_the_app_is_left(tmp_path: Path) -> None:
    write(
        tmp_path / "shop",
        {
            "app/db.py": """
                from sqlalchemy.ext.asyncio import create_async_engine

                engine = create_async_engine("postgresql+asyncpg://localhost/app")
            """
        },
    )

    left = refusals(
        tmp_path,
        """
import pytest
from app.db import engine
from app.models import Base


@pytest.fixture(autouse=True)
async def tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
""",
    )

    assert left == [
        (
            7,
            "It uses `engine` of app/db.py:3, which gets its address from the app's settings.",
            "Set the app's variables in `real_postgres_env` (docs/real_postgres_app.md), request"
            " `real_postgres` here, and remove what creates the database and its tables.",
        )
    ]


ADDRESS = "Use `.dsn`, `.host`, `.port`, `.user`, `.password` and `.database` of real_postgres."


def test_what_an_address_cannot_do_is_left(tmp_path: Path) -> None:
    left = refusals(
        tmp_path,
        """
import pytest
from testcontainers.postgres import PostgresContainer


@pytest.fixture
def container():
    with PostgresContainer("postgres:16") as postgres:
        yield postgres


@pytest.fixture
def logs(container):
    return container.get_logs()
""",
    )

    assert left == [(13, "An address of real_postgres has no such attribute.", ADDRESS)]


def test_a_fixture_that_is_named_in_a_string_is_left(tmp_path: Path) -> None:
    left = refusals(
        tmp_path,
        """
import pytest
from testcontainers.postgres import PostgresContainer

pytestmark = pytest.mark.usefixtures("container")


@pytest.fixture
def container():
    with PostgresContainer("postgres:16") as postgres:
        yield postgres
""",
    )

    assert left == [(4, "The rewrite removes the fixture.", ADDRESS)]


def test_a_load_of_functions_and_a_container_of_the_module_are_left(tmp_path: Path) -> None:
    left = refusals(
        tmp_path,
        """
from pytest_postgresql import factories
from testcontainers.postgres import PostgresContainer

from app.db import load

container = PostgresContainer("postgres:9")
server = factories.postgresql_proc(load=[load])
""",
    )

    assert left == [
        (
            6,
            "The container is not in a fixture.",
            "Give its URL to the tests as `real_postgres.dsn`.",
        ),
        (
            7,
            "Its `load` is not a list of SQL files.",
            "Set `schema` in [tool.understudy] to a function that loads the schema"
            " (docs/configuration.md), and remove `load`.",
        ),
    ]


MYSQL_ADDRESS = ADDRESS.replace("real_postgres", "real_mysql")


def test_what_an_address_of_mysql_cannot_do_is_left(tmp_path: Path) -> None:
    left = refusals(
        tmp_path,
        """
import pytest
from testcontainers.mysql import MySqlContainer


@pytest.fixture
def container():
    with MySqlContainer("mysql:8.4") as mysql:
        yield mysql


@pytest.fixture
def logs(container):
    return container.get_logs()
""",
        MYSQL_PROJECT,
    )

    assert left == [(13, "An address of real_mysql has no such attribute.", MYSQL_ADDRESS)]


def test_what_of_mysql_is_not_in_a_fixture_is_left(tmp_path: Path) -> None:
    left = refusals(
        tmp_path,
        """
import pytest
from testcontainers.mysql import MySqlContainer

container = MySqlContainer("mysql:8.4")
""",
        MYSQL_PROJECT,
    )

    assert left == [
        (4, "The container is not in a fixture.", "Give its URL to the tests as `real_mysql.dsn`.")
    ]


def test_an_address_in_a_dict_is_left(tmp_path: Path) -> None:
    left = refusals(
        tmp_path,
        """
import aiomysql
import pytest

SERVER = {"host": "localhost", "user": "root"}


@pytest.fixture
async def pool():
    async with aiomysql.create_pool(**SERVER) as pool:
        yield pool
""",
        MYSQL_PROJECT,
    )

    assert left == [
        (
            9,
            "Its address is in SERVER.",
            "Request `real_mysql`, and give it host=real_mysql.host and so on.",
        )
    ]


def test_an_engine_of_an_app_on_mysql_is_left(tmp_path: Path) -> None:
    write(
        tmp_path / "shop",
        {
            "app/db.py": """
                from sqlalchemy.ext.asyncio import create_async_engine

                engine = create_async_engine("mysql+asyncmy://localhost/app")
            """
        },
    )

    left = refusals(
        tmp_path,
        """
import pytest
from app.db import engine
from app.models import Base


@pytest.fixture(autouse=True)
async def tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
""",
        MYSQL_PROJECT,
    )

    assert left == [
        (
            7,
            "It uses `engine` of app/db.py:3, which gets its address from the app's settings.",
            "Set the app's variables in `real_mysql_env` (docs/mysql.md), request `real_mysql`"
            " here, and remove what creates the database and its tables.",
        )
    ]


def test_a_fixture_that_the_plugin_defines_is_left(tmp_path: Path) -> None:
    requirement = MYSQL_PROJECT["pyproject.toml"].replace("aiomysql", "pytest-mysql")
    left = refusals(
        tmp_path,
        """
import pytest


@pytest.fixture
def cursor(mysql):
    return mysql.cursor()


@pytest.fixture
def port(mysql_proc, mysql):
    return mysql_proc.port
""",
        {**MYSQL_PROJECT, "pyproject.toml": requirement},
    )

    instead = "by a factory of pytest-mysql, and run this again; or use `real_mysql`."
    assert left == [
        (
            10,
            "It is not defined in the project.",
            f"Define `mysql_proc` in conftest.py {instead}",
        ),
        (5, "It is not defined in the project.", f"Define `mysql` in conftest.py {instead}"),
    ]


def test_the_container_loads_a_seed_that_is_not_known(tmp_path: Path) -> None:
    conftest = """
import pytest
from testcontainers.mysql import MySqlContainer
from app.paths import SEED


@pytest.fixture
def url():
    with MySqlContainer(seed=SEED) as mysql:
        yield mysql.get_connection_url()
"""

    [found] = find(
        Project(write(tmp_path / "shop", {**MYSQL_PROJECT, "tests/conftest.py": conftest}))
    )

    assert found.notes[-1] == ("The container loads its `seed`: set `mysql_schema` to those files.")
    assert found.settings == {"isolation": "delete"}


URLS = {
    "get_connection_url()": "mysql+pymysql:",  # PyMySQL's in old versions, which is a default now
    'get_connection_url().replace("pymysql", "aiomysql")': "mysql+aiomysql:",
    'get_connection_url().replace("mysql+pymysql", "mysql+asyncmy")': "mysql+asyncmy:",
    'get_connection_url().replace("mysql://", "mysql+asyncmy://")': "mysql+asyncmy:",
    'get_connection_url().replace("mysql", "mysql+aiomysql", 1)': "mysql+aiomysql:",
    'get_connection_url().replace("mysql+pymysql", "mysql")': "",
}


@pytest.mark.parametrize("url", URLS)
def test_the_driver_in_the_url_of_a_container(tmp_path: Path, url: str) -> None:
    conftest = f"""
import pytest
from testcontainers.mysql import MySqlContainer


@pytest.fixture
def url():
    with MySqlContainer() as mysql:
        yield mysql.{url}
"""

    [found] = find(
        Project(write(tmp_path / "shop", {**MYSQL_PROJECT, "tests/conftest.py": conftest}))
    )

    [text] = found.files.values()
    replaced = f'.replace("mysql:", "{URLS[url]}")' if URLS[url] else ""
    assert text.endswith(f"def url(real_mysql):\n    yield real_mysql.dsn{replaced}\n")


def test_a_url_of_an_app_on_mysql_that_does_not_show_it(tmp_path: Path) -> None:
    conftest = """
import os

from sqlalchemy.ext.asyncio import create_async_engine

DATABASE_URL = os.environ["TEST_DATABASE_URL"]
engine = create_async_engine(DATABASE_URL)
"""

    [found] = find(
        Project(write(tmp_path / "shop", {**MYSQL_PROJECT, "tests/conftest.py": conftest}))
    )

    assert found.kind == "running-mysql"
    assert found.settings["real_mysql_env"] == {"TEST_DATABASE_URL": "{dsn:aiomysql}"}


def test_the_app_is_on_real_mysql_too(tmp_path: Path) -> None:
    before = (GOLDEN / "mysql_running_variable" / "before.txt").read_text(encoding="utf-8")
    files = {**MYSQL_PROJECT, "tests/conftest.py": before}
    del files["tests/schema.py"]

    [plan, *_] = make_plans(write(tmp_path / "shop", files))

    changed = {one.path.name: one.after for one in plan.changes}
    table = tomllib.loads(changed["pyproject.toml"])["tool"]["understudy"]
    assert table == {
        "real_mysql_env": {
            "DATABASE_URL": "{dsn:aiomysql}",
            "TEST_DATABASE_URL": "{dsn:aiomysql}",
        },
        "isolation": "delete",
        "mysql_schema": "tests.schema:create",
    }
    assert 'dsn.replace("mysql://", "mysql+pymysql://", 1)' in changed["schema.py"]


def test_two_databases_are_moved_one_after_the_other(tmp_path: Path) -> None:
    postgres = (GOLDEN / "testcontainers" / "before.txt").read_text(encoding="utf-8")
    mysql = (GOLDEN / "mysql_container" / "before.txt").read_text(encoding="utf-8")
    files = {**PROJECT, "tests/conftest.py": postgres, "tests/mysql/conftest.py": mysql}

    [plan, *_] = make_plans(write(tmp_path / "shop", files))

    assert plan.database.name == "PostgreSQL"
    [first, second] = plan.adoptions
    assert [path.parent.name for path in first.files] == ["tests"]
    assert second.files == {}
    [left] = second.refusals
    assert left.why == "Another change comes first in this run."
    assert left.instead == "Run `understudy adopt` again afterwards."


def test_the_app_is_on_real_postgres_too(tmp_path: Path) -> None:
    before = (GOLDEN / "running_variable" / "before.txt").read_text(encoding="utf-8")
    folder = write(tmp_path / "shop", {**PROJECT, "tests/conftest.py": before})

    [plan, *_] = make_plans(folder)

    [text] = [one.after for one in plan.changes if one.path.name == "pyproject.toml"]
    [line] = [one for one in text.splitlines() if one.startswith("real_postgres_env")]
    assert line == (
        'real_postgres_env = {DATABASE_URL = "{dsn:asyncpg}", TEST_DATABASE_URL = "{dsn:asyncpg}"}'
    )


@pytest.mark.slow
def test_the_tests_pass_after_it(project: Path) -> None:
    adopted(project)

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ended.returncode == 0, ended.stdout
    assert "2 passed" in ended.stdout
