"""The package as a user gets it: built, and installed far from the source tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from understudy import __version__

ROOT = Path(__file__).parents[2]
BACKEND = ROOT / "examples" / "backend"
SKILL = ROOT / "src" / "understudy" / ".agents" / "skills" / "understudy"

pytestmark = pytest.mark.slow

SUITE = """
    import asyncio
    from understudy import FakeConnection, FakeRecord
    import pytest

    def test_plain():
        conn = FakeConnection()
        conn.fetch_row_return = FakeRecord({"id": 7})
        row = asyncio.run(conn.fetch_row("SELECT id FROM users WHERE id = $1", [7]))
        assert row.result() == {"id": 7}
        assert conn.fetch_calls == [("SELECT id FROM users WHERE id = $1", [7])]

    def test_scripted():
        conn = FakeConnection()
        conn.on("SELECT ...", 1).raises(ConnectionResetError("gone"))
        with pytest.raises(ConnectionResetError, match="gone"):
            asyncio.run(conn.fetch("SELECT $1::int", [1]))

    def test_fails_for_a_rule_that_is_not_used():
        FakeConnection().on("SELECT 1").row(id=1)
"""


def call(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    strange = ("PYTEST_", "COVERAGE_", "COV_CORE_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, "NO_COLOR": "1", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    done = call(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def user(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment with the wheel and its core dependencies."""
    home = tmp_path_factory.mktemp("user") / ".venv"
    venv.create(home, with_pip=True)
    programs = home / ("Scripts" if sys.platform == "win32" else "bin")
    (wheel,) = dist.glob("*.whl")
    done = call(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    return programs


def backend_files() -> set[str]:
    """Return the reference backend's files that git tracks or would add."""
    listed = call("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=BACKEND)
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so the backend's files are not known")
    return {name for name in listed.stdout.splitlines() if (BACKEND / name).is_file()}


def skill_files() -> set[str]:
    """Return the files of the skill for coding agents, by their path in its folder."""
    return {path.relative_to(SKILL).as_posix() for path in SKILL.rglob("*") if path.is_file()}


def test_the_wheel_holds_the_package_and_the_reference_backend(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()

    shipped = {
        name.removeprefix("understudy/_backend/")
        for name in names
        if name.startswith("understudy/_backend/")
    }
    assert shipped == backend_files()
    assert {name.partition("/")[0] for name in names} == {
        "understudy",
        f"understudy-{__version__}.dist-info",
    }
    assert "understudy/py.typed" in names
    assert {f"understudy/.agents/skills/understudy/{name}" for name in skill_files()} <= set(names)


def test_the_sdist_holds_what_is_needed_to_work_on_it(dist: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}

    assert {"Makefile", "pyproject.toml", "LICENSE", "tests/cli/test_wheel.py"} <= names
    assert {f"examples/backend/{name}" for name in backend_files()} <= names
    assert {f"{SKILL.relative_to(ROOT).as_posix()}/{name}" for name in skill_files()} <= names


def test_the_core_brings_pytest_click_and_what_they_need(user: Path, tmp_path: Path) -> None:
    done = call(user / "python", "-m", "pip", "list", "--format=freeze", cwd=tmp_path)

    installed = {line.partition("==")[0].lower() for line in done.stdout.splitlines()}
    own = {"pip", "setuptools", "understudy"}
    assert installed - own - {"colorama"} == {
        "click",
        "iniconfig",
        "packaging",
        "pluggy",
        "pygments",
        "pytest",
    }


def test_the_command_says_its_version(user: Path, tmp_path: Path) -> None:
    done = call(user / "understudy", "--version", cwd=tmp_path)

    assert (done.stdout, done.stderr) == (f"understudy {__version__}\n", "")


def test_the_command_installs_the_skill(user: Path, tmp_path: Path) -> None:
    done = call(user / "understudy", "skill", "install", "--claude", cwd=tmp_path)

    count = len(skill_files())
    folder = Path(".claude/skills/understudy")
    assert (done.stdout, done.stderr) == (f"{folder}: {count} added\n", "")
    assert (tmp_path / folder / "SKILL.md").read_bytes() == (SKILL / "SKILL.md").read_bytes()


def test_library_skills_finds_the_skill(user: Path, tmp_path: Path) -> None:
    """https://library-skills.io looks into the project's environment."""
    venv.create(tmp_path / "tools", with_pip=True)
    tools = tmp_path / "tools" / user.name
    got = call(tools / "python", "-m", "pip", "install", "--quiet", "library-skills", cwd=tmp_path)
    assert got.returncode == 0, got.stderr
    done = call(tools / "library-skills", "scan", "--all", "--json", cwd=user.parents[1])

    (skill,) = json.loads(done.stdout)["skills"]
    assert (skill["name"], skill["package"]) == ("understudy", "understudy")
    assert skill["version"] == __version__


def test_a_suite_on_fakes_runs_on_the_core_alone(user: Path, tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(dedent(SUITE), encoding="utf-8")

    done = call(user / "python", "-m", "pytest", "-q", cwd=tmp_path)

    assert done.returncode == 1
    assert "\n1 failed, 2 passed in " in done.stdout
    assert "UnusedAnswers: " in done.stdout


def test_the_demo_says_what_the_core_lacks(user: Path, tmp_path: Path) -> None:
    done = call(user / "understudy", "demo", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: The demo needs packages that are not installed:\n")
    assert "\n  fastapi>=" in done.stderr
    assert "\n  psqlpy>=" in done.stderr
    assert done.stderr.endswith(
        'The extra "demo" installs them:\n  pip install "understudy[demo]"\n'
    )
    assert list(tmp_path.iterdir()) == []
