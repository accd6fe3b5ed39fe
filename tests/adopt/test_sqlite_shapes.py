"""conftest.py files on SQLite, as they are found in public projects, before and after.

golden/SHAPE/ has the file before and after, and tests that pass on both. To update them:
UPDATE_GOLDEN=1 pytest tests/adopt/test_sqlite_shapes.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.adopt.adoption import Adoption
from understudy.adopt.sqlite import find
from understudy.project.sources import Project

from .projects import write_shape

GOLDEN = Path(__file__).parent / "golden"
SHAPES = sorted(folder.name for folder in GOLDEN.iterdir())


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Path:
    return GOLDEN / str(request.param)


@pytest.fixture
def project(tmp_path: Path, shape: Path) -> Path:
    """A project with the conftest.py and the tests of a shape."""
    return write_shape(tmp_path, shape)


def adoption(folder: Path) -> Adoption:
    [found] = find(Project(folder))
    return found


def report(folder: Path, found: Adoption) -> str:
    """Return the new conftest.py, and all that is said of it."""
    [(path, text)] = found.files.items()
    assert path == folder / "tests" / "conftest.py"
    said = [
        *(f"found: {place.line} {place.what}" for place in found.found),
        *(f"setting: {key} = {value}" for key, value in found.settings.items()),
        *(f"note: {note}" for note in found.notes),
        *(
            f"left: {refusal.place.line} {refusal.place.what}. {refusal.why} {refusal.instead}"
            for refusal in found.refusals
        ),
    ]
    return "\n".join([*said, "", text])


def test_what_is_rewritten(project: Path, shape: Path) -> None:
    actual = report(project, adoption(project))
    golden = shape / "after.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(actual, encoding="utf-8")

    assert actual == golden.read_text(encoding="utf-8")


def test_a_second_run_finds_nothing(project: Path) -> None:
    for path, text in adoption(project).files.items():
        path.write_text(text, encoding="utf-8")

    assert find(Project(project)) == ()


def run_pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.slow
def test_the_tests_pass_on_both(project: Path) -> None:
    before = run_pytest(project)
    adopted = adoption(project)
    for path, text in adopted.files.items():
        path.write_text(text, encoding="utf-8")
    database = adopted.database
    environment = adopted.settings.get(f"{database.real}_env", {})
    assert isinstance(environment, dict)
    values = ", ".join(f'{name} = "{value}"' for name, value in environment.items())
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[tool.understudy]\n{database.schema} = "tests.schema:create"\n')
        file.write(f"{database.real}_env = {{{values}}}\n")
        if "isolation" in adopted.settings:
            file.write(f'isolation = "{adopted.settings["isolation"]}"\n')
    after = run_pytest(project)

    assert before.returncode == 0, before.stdout
    assert after.returncode == 0, after.stdout
    assert after.stdout.count(".") >= 1
