"""Projects with apps to sweep, in a pytest inside the test."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

# Loaded once: see test_summary.py.
import understudy.asgi.app_requests
import understudy.plugin.reruns
import understudy.plugin.sweep
import understudy.real_postgres.forwarding  # noqa: F401
from tests.garbage import _collected  # noqa: F401 # a fixture

HERE = Path(__file__).parent
FAULTS = Path("tests/understudy-faults")
PYPROJECT = """
    [tool.understudy]
    app = "shop.app:app"
    schema = ["schema.sql"]
    driver = "asyncpg"
    real_postgres_env = {DATABASE_URL = "{dsn}"}

    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
    testpaths = ["tests"]
    pythonpath = ["."]
    addopts = "-p no:randomly -p no:hypothesispytest -p no:faker"
"""
SCHEMA = "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE);\n"
# A route that answers a conflict, and hides every other error of PostgreSQL.
APP = """
    import os

    import asyncpg
    from fastapi import FastAPI, HTTPException

    app = FastAPI()

    @app.post("/users", status_code=201)
    async def create(email: str):
        try:
            await store(email)
        except asyncpg.UniqueViolationError:
            raise HTTPException(409) from None
        except (asyncpg.PostgresError, OSError):
            pass
        return {}

    async def store(email):
        connection = await asyncpg.connect(os.environ["DATABASE_URL"])
        try:
            await connection.execute("INSERT INTO users (email) VALUES ($1)", email)
        finally:
            await connection.close()
"""
SOUND = APP.replace("pass", "raise HTTPException(503) from None")
TEST = """
    async def test_create(async_client, real_postgres):
        response = await async_client.post("/users?email=ana@example.com")

        assert response.status_code == 201
"""


@dataclass
class Swept:
    """A project."""

    pytester: pytest.Pytester

    @property
    def path(self) -> Path:
        return self.pytester.path

    @property
    def answers(self) -> str:
        """The file of accepted answers, without its head."""
        text = (self.path / FAULTS).read_text(encoding="utf-8")
        return "".join(line for line in text.splitlines(True) if not line.startswith("#"))

    def write(self, app: str = SOUND, test: str = TEST, settings: str = PYPROJECT) -> Swept:
        """Write an app and its tests."""
        files = {
            "pyproject.toml": settings,
            "schema.sql": SCHEMA,
            "shop/__init__.py": "",
            "shop/app.py": app,
            "tests/test_shop.py": test,
        }
        for name, text in files.items():
            path = self.path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return self

    def copy(self, folder: str, *, dsn: str = "{dsn}") -> Swept:
        """Copy the planted apps of a folder, and the tests of their routes."""
        shutil.copytree(HERE / folder, self.path / "shop", ignore=lambda *_: ["__pycache__"])
        (self.path / "shop/__init__.py").touch()
        (self.path / "tests").mkdir()
        (self.path / "shop/routes.py").rename(self.path / "tests/test_routes.py")
        settings = PYPROJECT.replace('"schema.sql"', '"shop/schema.sql"').replace("{dsn}", dsn)
        (self.path / "pyproject.toml").write_text(dedent(settings), encoding="utf-8")
        return self

    def run(self, *arguments: str) -> pytest.RunResult:
        """Sweep it, unless the arguments say otherwise."""
        options = arguments or ("--understudy-sweep",)
        return self.pytester.runpytest_inprocess("-q", *options)

    def report(self, *arguments: str) -> str:
        """Sweep it, and return the report, without what varies."""
        text = self.run(*arguments).stdout.str()
        end = r"(?:-+ understudy -|=+ |\d+ (?:passed|failed))"
        found = re.search(rf"^-+ understudy sweep -+\n(.*?)^{end}", text, re.M | re.S)
        assert found is not None, text
        return re.sub(r" in \d+\.\d\ds", " in ... s", found[1])

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `understudy sweep`."""
        return subprocess.run(
            [sys.executable, "-m", "understudy", "sweep", *arguments],
            cwd=self.path,
            capture_output=True,
            text=True,
            check=False,
        )

    def document(self, *arguments: str) -> dict[str, Any]:
        """Run `understudy sweep --format json`, and return what it prints."""
        ended = self.command("--format", "json", *arguments)
        assert ended.stdout, ended.stderr
        document: dict[str, Any] = json.loads(ended.stdout)
        return document


@pytest.fixture
def swept(pytester: pytest.Pytester) -> Swept:
    """An empty project."""
    return Swept(pytester)


@pytest.fixture(scope="session", autouse=True)
def _heavy_imports() -> None:
    """Import once what each inner pytest would import again."""
    for name in ("fastapi", "httpx", "asgi_lifespan", "asyncpg"):
        importlib.import_module(name)
