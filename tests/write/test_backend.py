"""The reference backend without its tests: what is written for it passes each time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy.cli.write import write

BACKEND = Path(__file__).parents[2] / "examples" / "backend"
IGNORED = shutil.ignore_patterns("__pycache__", "test_*.py", "integration", ".*")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "backend"
    shutil.copytree(BACKEND, folder, ignore=IGNORED)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("module", "least"),
    [
        ("src/domain/dal/dao/user.py", 20),
        ("src/domain/service/role.py", 8),
        ("src/api/path/roles.py", 30),
    ],
)
def test_tests_are_written_for_most_functions(backend: Path, module: str, least: int) -> None:
    result = CliRunner().invoke(
        write, [module, "--format", "json", "--seconds", "150"], catch_exceptions=False
    )

    assert result.exit_code in (0, 1), result.output
    document = json.loads(result.stdout)
    tests = [test["name"] for file in document["files"] for test in file["tests"]]
    assert document["left_out"] == []
    assert len(tests) >= least
    assert len(set(tests)) == len(tests)
    assert all(Path(file["path"]).exists() for file in document["files"])
