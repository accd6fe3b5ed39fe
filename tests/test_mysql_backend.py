"""The suite of the example on MySQL, as `make demo` runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from understudy.mysql_server.address import Address

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[1] / "examples" / "mysql_backend"


def test_the_suite_passes_on_the_fake_and_on_a_real_server(mysql_server: Address) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ended = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "calls on fake_mysql" in ended.stdout
    assert "calls on real_mysql" in ended.stdout


def test_the_example_is_small() -> None:
    files = [*EXAMPLE.rglob("*.py"), EXAMPLE / "schema.sql", EXAMPLE / "pyproject.toml"]

    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) <= 600
