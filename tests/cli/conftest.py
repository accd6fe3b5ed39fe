"""A small project with a unit test and an integration test, and a way to call the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

UNIT = """
    from understudy import FakeConnection
    from src.thing import sign

    async def ask(conn):
        await conn.execute("SELECT 1", [])
        await conn.execute("SELECT 2", [])
        return await conn.execute("SELECT 1", [])

    def test_asks():
        import asyncio
        asyncio.run(ask(FakeConnection()))

    def test_signs():
        assert sign(-1) == "minus"
"""
INTEGRATION = """
    import pytest
    from src.thing import sign

    @pytest.mark.integration
    def test_signs_here_too(real_postgres):
        assert real_postgres.dsn
        assert sign(-2) == "minus"
"""
FILES = {
    "pyproject.toml": """
        [tool.understudy]
        schema = ["schema.sql"]
        [tool.pytest.ini_options]
        pythonpath = ["."]
        asyncio_default_fixture_loop_scope = "function"
        # These plugins take seconds to load.
        addopts = "-p no:randomly -p no:hypothesispytest -p no:faker"
    """,
    "schema.sql": "CREATE TABLE things (id int);",
    "src/__init__.py": "",
    "src/thing.py": """
        def sign(number):
            if number < 0:
                return "minus"
            return "plus"
    """,
    "tests/test_unit.py": UNIT,
    "tests/test_integration.py": INTEGRATION,
}


def write(folder: Path, files: dict[str, str]) -> None:
    """Write dedented files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The small project, in a folder named `project`."""
    folder = tmp_path / "project"
    write(folder, FILES)
    return folder


def environment() -> dict[str, str]:
    """Return this environment, without pytest's variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "80"}


def understudy(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `python -m understudy` in a child process."""
    return subprocess.run(
        [sys.executable, "-m", "understudy", *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
