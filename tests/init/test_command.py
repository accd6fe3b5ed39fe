"""The command `understudy init`: what it asks, prints, and leaves as a TODO. Nothing is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from understudy.cli import main

from .projects import contents, write

TWO_OF_EACH = {
    "a.py": "import asyncpg\nfrom fastapi import FastAPI\n\napp = FastAPI()\n",
    "b.py": "import psqlpy\nfrom fastapi import FastAPI\n\napp = FastAPI()\n",
    "requirements.txt": "fastapi\n",
    "setup.cfg": "[tool:pytest]\n",
}
PLAIN = {
    "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
    "schema.sql": "CREATE TABLE t (id int);\n",
    "requirements.txt": "asyncpg\n",
}


def init(folder: Path, *arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(
        main, ["init", str(folder), "--no-run", *arguments], prog_name="understudy", input=answers
    )


def test_questions_are_answered_by_choosing(tmp_path: Path) -> None:
    write(tmp_path, TWO_OF_EACH)

    result = init(tmp_path, answers="3\n2\n1\ny\n")

    assert result.exit_code == 0, result.output
    asked = result.stdout[result.stdout.index("\napp: ") + 1 :].partition("\n\n")[0]
    assert asked == (
        "app: 2 apps were found, and nothing says which one is served. Choose one:\n"
        "  1  a:app (a.py:4)\n"
        "  2  b:app (b.py:4)\n"
        "Which app (1, 2): 3\n"
        "Error: 3 is not in the range 1<=x<=2.\n"
        "Which app (1, 2): 2\n"
        "driver: 2 drivers are imported equally often. Choose one:\n"
        "  1  asyncpg (a.py:1)\n"
        "  2  psqlpy (b.py:1)\n"
        "Which driver (1, 2): 1"
    ).replace(" (1, 2)", "")
    assert "Write these 6 files? [y/N]: y\n" in result.stdout
    written = (tmp_path / "pyproject.toml").read_text()
    assert written == (
        "[tool.understudy]\n"
        'app = "b:app"\n'
        'driver = "asyncpg"\n'
        "# TODO schema: no migrations, no SQL with CREATE TABLE and no tables of SQLAlchemy were "
        "found.\n"
        "# Until it is set, statements are not checked against your database's schema.\n"
        '# schema = "db/schema.sql"\n'
    )


def test_yes_asks_nothing(tmp_path: Path) -> None:
    write(tmp_path, TWO_OF_EACH)

    result = init(tmp_path, "--yes")

    assert result.exit_code == 0, result.output
    assert (
        "Not decided, left as a TODO in pyproject.toml:\n"
        "  app: 2 apps were found, and nothing says which one is served. Choose one:\n"
        "    a:app (a.py:4)\n"
        "    b:app (b.py:4)\n"
        "  schema: no migrations, no SQL with CREATE TABLE and no tables of SQLAlchemy were "
        "found.\n"
        "    Until it is set, statements are not checked against your database's schema.\n"
        "  driver: 2 drivers are imported equally often. Choose one:\n"
        "    asyncpg (a.py:1)\n"
        "    psqlpy (b.py:1)\n"
        "\n"
        "To be written:\n"
    ) in result.stdout
    assert (tmp_path / "pyproject.toml").read_text() == (
        "[tool.understudy]\n"
        "# TODO app: 2 apps were found, and nothing says which one is served. Choose one:\n"
        '# app = "a:app"\n'
        '# app = "b:app"\n'
        "# TODO schema: no migrations, no SQL with CREATE TABLE and no tables of SQLAlchemy were "
        "found.\n"
        "# Until it is set, statements are not checked against your database's schema.\n"
        '# schema = "db/schema.sql"\n'
        "# TODO driver: 2 drivers are imported equally often. Choose one:\n"
        '# driver = "asyncpg"\n'
        '# driver = "psqlpy"\n'
    )


@pytest.mark.parametrize("answers", ["n\n", ""], ids=["no", "nobody there"])
def test_no_writes_nothing(tmp_path: Path, answers: str) -> None:
    before = contents(write(tmp_path, PLAIN))

    result = init(tmp_path, answers=answers)

    assert result.exit_code == 1
    assert result.stderr == (
        "\nNothing was written. To write without being asked: understudy init --yes\n"
    )
    assert contents(tmp_path) == before


def test_diff_writes_nothing(tmp_path: Path) -> None:
    before = contents(write(tmp_path, PLAIN))

    result = init(tmp_path, "--diff")

    assert result.exit_code == 0
    assert result.stdout.endswith(
        "\n\nNothing was written. To write the 5 files: understudy init\n"
    )
    assert contents(tmp_path) == before


def test_yes_and_diff(tmp_path: Path) -> None:
    result = init(tmp_path, "--yes", "--diff")

    assert result.exit_code == 2
    assert result.stderr.endswith("Error: --yes and --diff contradict each other.\n")


def test_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(write(tmp_path, PLAIN))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("understudy.cli.init.make_plan", interrupted)

    result = init(tmp_path, "--yes")

    assert result.exit_code == 130
    assert result.stderr == "\nInterrupted. Nothing was written, and the copy is deleted.\n"
    assert contents(tmp_path) == before


def test_json(tmp_path: Path) -> None:
    before = contents(write(tmp_path, {**TWO_OF_EACH, "c.py": "def (\n"}))

    result = init(tmp_path, "--format", "json")

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    files = document.pop("files")
    assert [(file["path"], file["new"]) for file in files] == [
        ("tests/fakes.py", True),
        ("tests/__init__.py", True),
        ("tests/conftest.py", True),
        ("setup.cfg", False),
        ("pyproject.toml", True),
        (".github/workflows/tests.yml", True),
    ]
    assert files[1]["diff"] == (
        '--- /dev/null\n+++ tests/__init__.py\n@@ -0,0 +1 @@\n+"""The tests."""'
    )
    assert document.pop("next")[-2:] == [
        'pytest tests/ -m "not integration"',
        "pytest --cov=a --cov-report=html --cov-report=term",
    ]
    nothing_found = (
        "no migrations, no SQL with CREATE TABLE and no tables of SQLAlchemy were found.\n"
        "Until it is set, statements are not checked against your database's schema."
    )
    assert document == {
        "folder": str(tmp_path),
        "root": ".",
        "found": {
            "app": [
                {"target": "a:app", "at": "a.py:4", "needs": []},
                {"target": "b:app", "at": "b.py:4", "needs": []},
            ],
            "schema": [],
            "driver": [{"name": "asyncpg", "at": "a.py:1"}, {"name": "psqlpy", "at": "b.py:1"}],
            "layers": {"router": [], "service": [], "dao": [], "dto": []},
            "unread": [{"file": "c.py", "reason": "line 1 is not valid Python: invalid syntax"}],
        },
        "settings": {"app": None, "schema": None, "driver": None, "loop_scope": None, "ruff": []},
        "todo": [
            {
                "key": "app",
                "reason": "2 apps were found, and nothing says which one is served. Choose one:",
                "options": ["a:app", "b:app"],
            },
            {"key": "schema", "reason": nothing_found, "options": []},
            {
                "key": "driver",
                "reason": "2 drivers are imported equally often. Choose one:",
                "options": ["asyncpg", "psqlpy"],
            },
        ],
        "examples": [],
        "notes": [],
        "kept": [],
        "written": False,
    }
    assert contents(tmp_path) == before


def test_json_with_yes_writes(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)

    result = init(tmp_path, "--format", "json", "--yes")

    document = json.loads(result.stdout)
    assert (document["written"], document["settings"]) == (
        True,
        {
            "app": "main:app",
            "schema": ["schema.sql"],
            "driver": "asyncpg",
            "loop_scope": None,
            "ruff": [],
        },
    )
    assert (tmp_path / "tests" / "fakes.py").exists()


def test_an_app_that_cannot_be_made(tmp_path: Path) -> None:
    source = (
        "from fastapi import FastAPI\n\n\n{0}def create({1}) -> FastAPI:\n    return FastAPI()\n"
    )
    write(tmp_path, {"main.py": source.format("", "settings"), "requirements.txt": "psycopg2\n"})

    init(tmp_path, "--yes")

    text = (tmp_path / "pyproject.toml").read_text()
    assert text.startswith(
        "[tool.understudy]\n"
        "# TODO app: main:create (main.py:4) needs settings.\n"
        "# Name an app, or a function without arguments that makes one:\n"
        '# app = "app.main:create_app"\n'
    )
    assert (
        "# TODO driver: no use of asyncpg, psqlpy, psycopg, aiomysql or asyncmy was found; "
        "psycopg2 "
        "(requirements.txt:1) is not supported. Name yours:\n"
        '# driver = "asyncpg"\n'
    ) in text
    (tmp_path / "main.py").write_text(source.format("async ", ""))
    assert ("  app: main:create (main.py:4) is async. Name a function that is not:\n") in init(
        write(tmp_path / "b", {"main.py": source.format("async ", "")}), "--diff"
    ).stdout


def test_settings_that_are_there_stay(tmp_path: Path) -> None:
    text = '[tool.understudy]  # ours\nlocale = "pt_BR"\ndriver = "psqlpy"\napp = "x:y"\n'
    write(tmp_path, {**PLAIN, "pyproject.toml": text})

    result = init(tmp_path, "--yes")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "pyproject.toml").read_text() == text.replace(
        "# ours\n", '# ours\nschema = ["schema.sql"]\n'
    ) + (
        "\n[tool.pytest.ini_options]\n"
        'testpaths = ["tests"]\n'
        'pythonpath = ["."]\n'
        'asyncio_mode = "auto"\n'
        'asyncio_default_fixture_loop_scope = "function"\n'
    )


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("pytest.ini", "[pytest]\n# ours\n", "[pytest]\npythonpath = src .\nasyncio_mode = auto\n"
         "asyncio_default_fixture_loop_scope = function\n# ours\n"),
        ("pytest.toml", "[pytest]\n", '[pytest]\npythonpath = ["src", "."]\nasyncio_mode = "auto"\n'
         'asyncio_default_fixture_loop_scope = "function"\n'),
        ("pyproject.toml", "[tool.pytest.ini_options]\r\nxfail_strict = true\r\n",
         '[tool.pytest.ini_options]\r\npythonpath = ["src", "."]\r\nasyncio_mode = "auto"\r\n'
         'asyncio_default_fixture_loop_scope = "function"\r\nxfail_strict = true\r\n\r\n'
         '[tool.understudy]\r\napp = "shop.main:app"\r\nschema = ["schema.sql"]\r\n'
         'driver = "asyncpg"\r\n'),
    ],
)  # fmt: skip
def test_pytest_is_told_where_imports_start(
    tmp_path: Path, name: str, before: str, after: str
) -> None:
    files = {"src/shop/__init__.py": "", "src/shop/main.py": PLAIN["main.py"]}
    write(tmp_path, {**files, "schema.sql": PLAIN["schema.sql"], "requirements.txt": "asyncpg\n"})
    (tmp_path / name).write_bytes(before.encode())

    result = init(tmp_path, "--yes")

    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_bytes().decode() == after


def test_files_that_are_there_are_left_alone(tmp_path: Path) -> None:
    theirs = {
        "tests/conftest.py": "# theirs\n",
        "tests/fakes.py": "class FakeThing: ...\n",
        ".gitlab-ci.yml": "test: {}\n",
    }
    write(tmp_path, {**PLAIN, **theirs})

    result = init(tmp_path, "--yes")

    assert (
        "Unchanged:\n"
        "  tests/fakes.py is yours; FakeConnection and the other fakes come from understudy\n"
        "  tests/conftest.py is yours; Understudy's fixtures are there without it\n"
        "  .gitlab-ci.yml is another CI; the commands for it are below\n"
    ) in result.stdout
    assert contents(tmp_path).items() >= theirs.items()


def test_a_second_run_calls_nothing_yours_that_it_wrote(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    init(tmp_path, "--yes")

    result = init(tmp_path, "--yes")

    assert result.stdout.endswith(
        "  pytest   configured in pyproject.toml\n"
        "\n"
        "Unchanged:\n"
        "  .github/workflows/tests.yml runs pytest already\n"
        "\n"
        "Nothing to do: the scaffold is there already.\n"
    )


COMPOSE = """\
# What the app needs.
services:
  app:
    build: .
    environment:
      REDIS: redis://cache
  db:
    image: "postgis/postgis:16-3.4"
    environment:
      POSTGRES_PASSWORD: x

  cache:
    image: redis:7
    ports:
      - "6379:6379"
  mail:
    image: 'axllent/mailpit'
volumes:
  data:
    image: no-service
"""


@pytest.mark.parametrize(
    ("files", "steps"),
    [
        ({"pyproject.toml": "[tool.uv]\n"},
         ["pip install uv", "uv sync --all-groups --all-extras",
          'uv pip install "understudy[fastapi,faker,postgres,asyncpg]" pytest-asyncio pytest-cov',
          'uv run --no-sync pytest tests/ -m "not integration"']),
        ({"Pipfile": "[packages]\n"},
         ["pip install pipenv", "pipenv install --dev",
          'pipenv run pip install "understudy[fastapi,faker,postgres,asyncpg]" pytest-asyncio '
          "pytest-cov",
          'pipenv run pytest tests/ -m "not integration"']),
        ({"pyproject.toml": "[tool.poetry]\n"},
         ["pip install poetry", "poetry install",
          'poetry run pip install "understudy[fastapi,faker,postgres,asyncpg]" pytest-asyncio '
          "pytest-cov",
          'poetry run pytest tests/ -m "not integration"']),
        ({"pyproject.toml": '[project]\nname = "x"\n[dependency-groups]\ntest = []\n'},
         ["pip install -e .", "pip install --group test",
          'pip install "understudy[fastapi,faker,postgres,asyncpg]" pytest-asyncio pytest-cov',
          'pytest tests/ -m "not integration"']),
        ({"pyproject.toml": "[tool.uv]\n", "uv.lock": ""},
         ["pip install uv", "uv sync --locked --all-groups --all-extras"]),
        ({"Pipfile": "[packages]\n", "Pipfile.lock": "{}"},
         ["pip install pipenv", "pipenv sync --dev"]),
        ({"pyproject.toml": "[tool.pdm]\n", "pdm.lock": ""},
         ["pip install pdm", "pdm config venv.with_pip true", "pdm sync",
          'pdm run pip install "understudy[fastapi,faker,postgres,asyncpg]" pytest-asyncio '
          "pytest-cov"]),
        ({"requirements.txt": "asyncpg\nunderstudy\npytest_asyncio\n"},
         ["pip install -r requirements.txt", "pip install pytest-cov",
          'pytest tests/ -m "not integration"']),
        ({"compose.yml": COMPOSE},
         ['pip install "understudy[fastapi,faker,postgres,asyncpg]" pytest-asyncio pytest-cov',
          "docker compose up --detach --wait cache mail"]),
        ({},
         ['pip install "understudy[fastapi,faker,postgres,asyncpg]" pytest-asyncio pytest-cov',
          'pytest tests/ -m "not integration"',
          "pytest --cov=main --cov-report=html --cov-report=term"]),
    ],
    ids=["uv", "pipenv", "poetry", "pip with a group", "uv.lock", "Pipfile.lock", "pdm.lock",
         "what is lacking", "services", "nothing"],
)  # fmt: skip
def test_the_workflow_installs_as_the_project_does(
    tmp_path: Path, files: dict[str, str], steps: list[str]
) -> None:
    write(tmp_path, {"main.py": f"import asyncpg\n{PLAIN['main.py']}", **files})

    init(tmp_path, "--yes")

    text = (tmp_path / ".github" / "workflows" / "tests.yml").read_text()
    runs = [line.partition("run: ")[2] for line in text.splitlines() if "- run: " in line]
    assert runs[: len(steps)] == steps


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({".python-version": "3.13.1\n"}, "3.13.1"),
        ({".python-version": "3.9\n"}, "3.12"),
        ({"pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.11.4"\n'}, "3.11"),
        ({"pyproject.toml": '[project]\nname = "x"\nrequires-python = ">3.10,!=3.11.*"\n'}, "3.12"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.13"\n'}, "3.13"),
        ({"pyproject.toml": '[project]\nname = "x"\nrequires-python = "3.x"\n'}, "3.12"),
    ],
)
def test_the_workflow_runs_the_projects_python(
    tmp_path: Path, files: dict[str, str], version: str
) -> None:
    write(tmp_path, {**PLAIN, **files})

    init(tmp_path, "--yes")

    text = (tmp_path / ".github" / "workflows" / "tests.yml").read_text()
    assert f'python-version: "{version}"' in text


def test_a_workflow_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path, {**PLAIN, ".github/workflows/tests.yml": "name: lint\n"})

    init(tmp_path, "--yes")

    assert (tmp_path / ".github" / "workflows" / "understudy.yml").exists()
    assert (tmp_path / ".github" / "workflows" / "tests.yml").read_text() == "name: lint\n"


def test_no_run_says_so(tmp_path: Path) -> None:
    route = '\n\n@app.get("/")\nasync def index(): ...\n'
    write(tmp_path, {**PLAIN, "main.py": PLAIN["main.py"] + route})

    result = init(tmp_path, "--diff")

    assert "Example tests:\n  router   none: because of --no-run\n" in result.stdout
    assert "The schema was not tried: because of --no-run\n" in result.stdout


STORE = """\
import asyncpg


class NoteRepository:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def title(self, note_id: int) -> str | None:
        return await self.pool.fetchval("SELECT title FROM notes WHERE id = $1", note_id)
"""
SCHEMA = "CREATE TABLE notes (id bigint PRIMARY KEY, title text NOT NULL);\n"


@pytest.mark.parametrize(
    ("app", "line", "extra"),
    [
        ("from starlette.applications import Starlette\n\napp = Starlette()\n",
         'app = "notes.main:app"', "asgi,faker"),
        ("from litestar import Litestar\n\n\ndef create():\n    return Litestar()\n",
         'app = "notes.main:create"', "asgi,faker"),
        ("import asyncio\n\n\nasync def main() -> None: ...\n", None, "faker"),
    ],
    ids=["Starlette", "Litestar", "no app"],
)  # fmt: skip
def test_a_project_that_is_not_fastapis(
    tmp_path: Path, app: str, line: str | None, extra: str
) -> None:
    files = {"notes/__init__.py": "", "notes/main.py": app, "notes/store.py": STORE}
    write(tmp_path, {**files, "schema.sql": SCHEMA})

    result = init(tmp_path, "--yes")

    assert result.exit_code == 0, result.output
    assert "  dao      1 DAO in 1 file " in result.output
    settings = (tmp_path / "pyproject.toml").read_text()
    assert (line in settings) if line else ("app =" not in settings)
    assert f'"understudy[{extra},postgres,asyncpg]"' in result.output
    assert "pytest --cov=notes " in result.output


KEPT = {
    "app/__init__.py": "",
    "app/db.py": (
        "from sqlalchemy.ext.asyncio import create_async_engine\n\n"
        'engine = create_async_engine("postgresql+asyncpg://localhost/app")\n'
    ),
    "app/main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
    "schema.sql": "CREATE TABLE t (id int);\n",
    "requirements.txt": "asyncpg\n",
}
SCOPES = (
    "# The SQLAlchemy engine `engine` (app/db.py:3) belongs to an event loop.\n"
    'asyncio_default_fixture_loop_scope = "session"\n'
    'asyncio_default_test_loop_scope = "session"\n'
)
POOL = """
import asyncpg

pool = None


async def get_pool():
    global pool
    if pool is None:
        pool = await asyncpg.create_pool("postgresql://localhost/app")
    return pool
"""


def test_an_engine_of_a_module_gets_one_loop_for_all_tests(tmp_path: Path) -> None:
    write(tmp_path, KEPT)

    result = init(tmp_path, "--yes")

    assert result.exit_code == 0, result.output
    assert "  loops    the SQLAlchemy engine `engine` is kept for all tests" in result.stdout
    assert (tmp_path / "pyproject.toml").read_text().endswith(SCOPES)


@pytest.mark.parametrize(
    ("answers", "scope"), [("\ny\n", "session"), ("n\ny\n", "function"), ("y\ny\n", "session")]
)
def test_one_loop_for_all_tests_is_asked_for(tmp_path: Path, answers: str, scope: str) -> None:
    write(tmp_path, {**KEPT, "app/db.py": POOL})

    result = init(tmp_path, answers=answers)

    assert result.exit_code == 0, result.output
    assert (
        "loops: the asyncpg pool `pool` (app/db.py:9) is kept for all tests, and its connections "
        "belong to an event loop.\nLet all tests share a loop? [Y/n]: "
    ) in result.stdout
    written = (tmp_path / "pyproject.toml").read_text()
    assert f'asyncio_default_fixture_loop_scope = "{scope}"\n' in written
    assert ("asyncio_default_test_loop_scope" in written) == (scope == "session")


@pytest.mark.parametrize("kept", [KEPT, PLAIN])
@pytest.mark.parametrize("scope", ["session", "function"])
def test_the_scope_of_loops_is_an_option(tmp_path: Path, kept: dict[str, str], scope: str) -> None:
    write(tmp_path, kept)

    result = init(tmp_path, "--loop-scope", scope, answers="y\n")

    assert result.exit_code == 0, result.output
    assert "Let all tests share a loop?" not in result.stdout
    written = (tmp_path / "pyproject.toml").read_text()
    assert f'asyncio_default_fixture_loop_scope = "{scope}"\n' in written


@pytest.mark.parametrize(
    "other",
    {
        "its app closes no connection": {
            "app/db.py": KEPT["app/db.py"].replace("asyncpg", "psycopg")
        },
        "NullPool": {"app/db.py": KEPT["app/db.py"].replace('app")', 'app", poolclass=NullPool)')},
        "anyio": {"requirements.txt": "asyncpg\nanyio\n"},
        "an older pytest-asyncio": {"requirements.txt": "asyncpg\npytest-asyncio<1\n"},
    }.values(),
)
def test_no_scope_of_loops_is_proposed(tmp_path: Path, other: dict[str, str]) -> None:
    write(tmp_path, {**KEPT, **other})

    assert init(tmp_path, "--yes").exit_code == 0

    assert "asyncio_default_test_loop_scope" not in (tmp_path / "pyproject.toml").read_text()


def test_an_engine_needs_a_newer_pytest_asyncio(tmp_path: Path) -> None:
    """The driver is that of the property from which the engine takes its address."""
    files = {
        "app/config.py": """
            class Settings:
                @property
                def url(self):
                    return f"postgresql+asyncpg://{self.host}/app"

            settings = Settings()
            """,
        "app/db.py": (
            "from sqlalchemy.ext.asyncio import create_async_engine\n"
            "from app.config import settings\n\n"
            "engine = create_async_engine(settings.url)\n"
        ),
        "requirements.txt": "asyncpg\npsycopg2\naiosqlite\npytest-asyncio<1\n",
    }
    write(tmp_path, {**KEPT, **files})

    result = init(tmp_path, "--yes")

    assert (
        "The SQLAlchemy engine `engine` (app/db.py:4) is kept for all tests, and its connections "
        "belong to an event loop.\n"
        "Before 1.0, pytest-asyncio gives each test a loop of its own. Upgrade it and run this "
        "again,\n"
        "or close the connections at the end of each test, in a fixture of conftest.py.\n"
    ) in result.stdout


def test_loop_scopes_are_added_to_an_existing_configuration(tmp_path: Path) -> None:
    write(tmp_path, {**KEPT, "pytest.ini": "[pytest]\nxfail_strict = true\n"})

    assert init(tmp_path, "--yes").exit_code == 0

    assert (tmp_path / "pytest.ini").read_text() == (
        f"[pytest]\nasyncio_mode = auto\n{SCOPES}".replace('"', "") + "xfail_strict = true\n"
    )


def test_a_configuration_without_a_loop_scope_gets_one(tmp_path: Path) -> None:
    """pytest-asyncio warns otherwise, and this project turns warnings into errors."""
    theirs = '[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n'
    write(tmp_path, {**PLAIN, "pyproject.toml": theirs, "tests/test_own.py": ""})

    assert init(tmp_path, "--yes").exit_code == 0

    assert (
        (tmp_path / "pyproject.toml")
        .read_text()
        .startswith(
            '[tool.pytest.ini_options]\nasyncio_default_fixture_loop_scope = "function"\nfilterw'
        )
    )


def test_configured_loop_scopes_stay(tmp_path: Path) -> None:
    own = "[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = module\n"
    write(tmp_path, {**KEPT, "pytest.ini": own})

    result = init(tmp_path, "--yes", "--loop-scope", "session")

    assert result.exit_code == 0, result.output
    assert "pytest.ini has scopes of event loops, which stay" in result.stdout
    assert (tmp_path / "pytest.ini").read_text() == own
