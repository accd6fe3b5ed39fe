"""What cannot be reviewed: one message, and nothing left behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.review.conftest import ADDOPTS, write
from understudy.review import suite, targets
from understudy.review.errors import ReviewError
from understudy.review.reviewer import bases_of, review
from understudy.review.suite_runs import Runner

SETTINGS = f'[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["."]\n{ADDOPTS}'


def refused(folder: Path, files: dict[str, str], *wanted: str, timeout: float = 120.0) -> str:
    """Return why a project cannot be reviewed."""
    project = write(folder / "project", {"pyproject.toml": SETTINGS, **files}).resolve()
    scratch = folder / "scratch"
    scratch.mkdir()
    with pytest.raises(ReviewError) as raised:
        review(project, wanted, Runner(project, scratch, None, timeout), lambda _: None, seed=1)
    return str(raised.value)


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    text = refused(tmp_path, {"tests/test_it.py": "def test(): pass"}, "app.nowhere")

    assert text == (
        "There is no module 'app.nowhere' in this folder. "
        "Name it as it is imported (src.domain.user), or by its path (src/domain/user.py)."
    )


def test_a_project_whose_tests_import_nothing_of_it(tmp_path: Path) -> None:
    assert refused(tmp_path, {"tests/test_it.py": "def test(): pass"}) == (
        "No test file imports a module of this project, so there is nothing to review. "
        "Name a module: understudy review src.domain.user"
    )


def test_a_module_that_does_not_parse(tmp_path: Path) -> None:
    files = {"app.py": "def broken(:\n", "tests/test_it.py": "def test(): pass"}

    text = refused(tmp_path, files, "app")

    file = tmp_path.resolve() / "project" / "app.py"
    assert text == f"{file} cannot be read: line 1 is not valid Python: invalid syntax."


def test_a_suite_that_cannot_be_collected(tmp_path: Path) -> None:
    files = {
        "app.py": "x = 1\n",
        "tests/test_it.py": "import app\nimport nowhere\ndef test(): pass\n",
    }

    text = refused(tmp_path, files, "app")

    assert text.startswith("pytest was interrupted, or could not collect the tests:\n")
    assert "No module named 'nowhere'" in text


@pytest.mark.slow
def test_a_suite_that_takes_too_long(tmp_path: Path) -> None:
    files = {
        "app.py": "x = 1\n",
        "tests/test_it.py": "import time, app, pathlib, os\n"
        "def test():\n"
        f"    pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(600)\n",
    }

    text = refused(tmp_path, files, "app", timeout=20.0)

    assert text.startswith(
        "The tests took longer than 20 seconds and were stopped (--timeout sets the limit)."
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_module_by_its_path_is_the_module_by_its_name(tmp_path: Path) -> None:
    project = write(tmp_path, {"pyproject.toml": SETTINGS, "src/app/users.py": "def f(): ..."})

    by_name = targets.find("app.users", project, bases_of(project))
    by_path = targets.find("src/app/users.py", project, bases_of(project), {"app.users"})

    assert by_name == by_path
    assert by_name.name == "app.users"


def test_a_path_nobody_imports_has_the_name_that_it_has_from_the_root(tmp_path: Path) -> None:
    project = write(tmp_path, {"src/app/users.py": "def f(): ..."})

    assert targets.find("src/app/users.py", project, bases_of(project)).name == "src.app.users"


def test_a_package_is_its_own_file(tmp_path: Path) -> None:
    project = write(tmp_path, {"app/__init__.py": "def f(): ..."})

    assert targets.find("app", project, [project]).name == "app"


@pytest.mark.parametrize(
    ("body", "expects"),
    [
        ("def test_add():\n    with pytest.raises(ValueError):\n        add()", True),
        ("def test_add():\n    with raises(ValueError):\n        add()", True),
        ("def test_add():\n    assert response.status_code == 404", True),
        ("def test_add():\n    assert response.status_code == 201", False),
        ("def test_add_of_nothing_is_refused():\n    assert add() is None", True),
        ("def test_add():\n    assert add() == 1", False),
    ],
)
def test_which_tests_expect_an_error(tmp_path: Path, body: str, expects: bool) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(body)
    file = suite.read(path)

    assert file is not None
    assert [test.expects_error for test in file.tests.values()] == [expects]


def test_a_test_file_that_does_not_parse_is_left_to_pytest(tmp_path: Path) -> None:
    path = tmp_path / "test_it.py"
    path.write_text("def test(:\n")

    assert suite.read(path) is None


def test_a_file_belongs_to_what_it_patches(tmp_path: Path) -> None:
    project = write(
        tmp_path,
        {
            "app/api/users.py": "def get(): ...",
            "test_router.py": "def test(patch):\n    patch.setattr('app.api.users.get', 1)",
            "test_users_router.py": "def test(): ...",
            "test_usersx.py": "def test(): ...",
        },
    )
    target = targets.find("app.api.users", project, [project])
    files = [suite.read(path) for path in sorted(project.glob("test_*.py"))]

    belonging = suite.belonging(target, [file for file in files if file is not None])

    assert [file.path.name for file in belonging] == ["test_router.py", "test_users_router.py"]
