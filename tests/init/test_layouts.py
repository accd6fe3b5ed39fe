"""Whole runs on projects of different layouts, compared with golden files.

A golden file has the printed text and every written file. To update them:
UPDATE_GOLDEN=1 pytest tests/init/test_layouts.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy.cli import main

from .projects import LAYOUTS, contents, write

GOLDEN = Path(__file__).parent / "golden"
# Each takes minutes, the smallest seconds.
PARAMETERS = [
    pytest.param(name, marks=[] if name == "flat" else pytest.mark.slow) for name in sorted(LAYOUTS)
]


@dataclass(frozen=True)
class Initialised:
    name: str
    folder: Path
    before: dict[str, str]
    written: dict[str, str]
    printed: str

    @property
    def root(self) -> Path:
        return self.folder / "backend" if self.name == "backend" else self.folder


@pytest.fixture(scope="module", params=PARAMETERS)
def project(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Initialised:
    """One of the projects, after `understudy init --yes` in its folder."""
    name = request.param
    folder = write(tmp_path_factory.mktemp(name) / name, LAYOUTS[name])
    before = contents(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = CliRunner().invoke(main, ["init", "--yes", "--timeout", "300"])
    assert result.exit_code == 0, result.output
    now = contents(folder)  # before other tests run pytest there, which adds the catalog
    written = {file: text for file, text in now.items() if before.get(file) != text}
    return Initialised(name, folder, before, written, result.stdout)


def test_what_is_printed_and_written(project: Initialised) -> None:
    shown, _, diffs = project.printed.partition("\nTo be written:\n")
    ended = diffs[diffs.index("\nWritten:\n") :]
    parts = [f"==> printed\n{shown}\n(the diffs of the files below)\n{ended}"]
    parts += [f"==> {name}\n{text}" for name, text in project.written.items()]
    actual = "\n".join(parts)
    golden = GOLDEN / f"{project.name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(actual, encoding="utf-8")

    assert actual == golden.read_text(encoding="utf-8")


def test_every_change_is_shown(project: Initialised) -> None:
    for name, text in project.written.items():
        start = project.printed.index(f"+++ {name}\n")
        lines = text.splitlines()
        if name not in project.before:
            assert project.printed[start:].splitlines()[2 : 2 + len(lines)] == [
                f"+{line}" for line in lines
            ]


def test_the_written_tests_pass(project: Initialised) -> None:
    tests = [name for name in project.written if name.rpartition("/")[2].startswith("test_")]

    done = run_pytest(project.root)

    assert done.returncode == 0, done.stdout
    assert f"{len(tests)} passed" in done.stdout
    assert "skipped" not in done.stdout


def run_pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the project's pytest with few plugins, and without its addopts, which need coverage."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    plugins = ["-p", "understudy.plugin", "-p", "asyncio", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-o", "addopts=", *plugins],
        cwd=folder,
        env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_what_is_written_is_clean(project: Initialised) -> None:
    files = [str(project.folder / name) for name in project.written if name.endswith(".py")]
    ruff = [sys.executable, "-m", "ruff"]

    for command in (["check"], ["format", "--diff"]):
        done = subprocess.run(
            [*ruff, *command, "--isolated", "--no-cache", *files],
            cwd=project.root,  # where ruff sees which modules are the project's own
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_what_is_written_is_clean_for_our_own_lint(project: Initialised) -> None:
    result = CliRunner().invoke(main, ["lint", str(project.root / "tests")])

    assert result.exit_code == 0, result.output


def test_a_second_run_changes_nothing(project: Initialised) -> None:
    before = contents(project.folder)

    result = CliRunner().invoke(main, ["init", "--yes", str(project.folder)])

    assert result.exit_code == 0
    assert result.stdout.endswith("\nNothing to do: the scaffold is there already.\n")
    assert [name for name in project.written if f"{name} is yours" in result.stdout] == []
    assert contents(project.folder) == before


def test_no_password_is_shown_or_written(project: Initialised) -> None:
    assert "secret" not in project.printed
    assert not any("secret" in text for text in project.written.values())
