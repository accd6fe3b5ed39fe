"""conftest.py files that start or need a PostgreSQL, before and after.

servers/SHAPE/ has the file before and after, and tests for it. To update them:
UPDATE_GOLDEN=1 pytest tests/adopt/test_server_shapes.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from understudy.adopt.adoption import Adoption
from understudy.adopt.plan import make_plans
from understudy.adopt.servers import find
from understudy.project.sources import Project

from .projects import PROJECT, write, write_shape

GOLDEN = Path(__file__).parent / "servers"
SHAPES = sorted(folder.name for folder in GOLDEN.iterdir())
USERS = "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);\n"


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Path:
    return GOLDEN / str(request.param)


@pytest.fixture
def project(tmp_path: Path, shape: Path) -> Path:
    """A project with the conftest.py and the tests of a shape."""
    return write_shape(tmp_path, shape, **{"db/users.sql": USERS})


def adopted(folder: Path) -> Adoption:
    """Write the rewrite of a project."""
    [found] = find(Project(folder))
    for path, text in found.files.items():
        path.write_text(text, encoding="utf-8")
    lines = ['schema = "tests.schema:create"'] if "schema" not in found.settings else []
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


def refusals(folder: Path, conftest: str) -> list[tuple[int, str, str]]:
    """What is left of a conftest.py: the line, the reason, and what to do."""
    files = {**PROJECT, "tests/conftest.py": conftest}
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
