from __future__ import annotations

import os
from pathlib import Path

import pytest

from understudy.cli import demo_backend
from understudy.cli.command import CommandFailed
from understudy.cli.demo_backend import check_new, check_project, copy_to

from .conftest import write

CHECKOUT = Path(__file__).parents[2] / "examples" / "backend"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backend to copy, in place of the reference one."""
    folder = tmp_path / "source"
    write(folder, {"pyproject.toml": "", "src/thing.py": "here = True\n"})
    monkeypatch.setattr(demo_backend, "_PLACES", (tmp_path / "nowhere", folder))
    return folder


def test_copies_everything_but_what_working_in_it_leaves(source: Path, tmp_path: Path) -> None:
    leftovers = (
        ".env",
        ".coverage",
        ".coverage.host.1",
        ".venv/pyvenv.cfg",
        ".mypy_cache/x",
        ".pytest_cache/x",
        "src/__pycache__/thing.pyc",
        "htmlcov/index.html",
    )
    write(source, {**dict.fromkeys(leftovers, "x"), ".gitignore": ".env\n"})

    copy_to(tmp_path / "deep" / "copy")

    assert files(tmp_path / "deep" / "copy") == {".gitignore", "pyproject.toml", "src/thing.py"}


def test_a_copy_can_be_worked_on_where_the_installation_is_read_only(
    source: Path, tmp_path: Path
) -> None:
    (source / "src" / "thing.py").chmod(0o444)

    copy_to(tmp_path / "copy")

    assert (tmp_path / "copy" / "src" / "thing.py").stat().st_mode & 0o200


def test_the_checkout_has_the_reference_backend(tmp_path: Path) -> None:
    copy_to(tmp_path / "copy")

    copied = files(tmp_path / "copy")
    assert {"pyproject.toml", "src/config/factory.py", "tests/conftest.py"} <= copied
    assert copied <= files(CHECKOUT)


def test_a_new_folder_and_an_empty_one_will_do(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    check_new(empty)
    check_new(tmp_path / "new")


def test_a_folder_with_something_in_it_will_not(tmp_path: Path) -> None:
    write(tmp_path, {"taken/notes.txt": "mine"})
    taken = tmp_path / "taken"

    with pytest.raises(CommandFailed) as raised:
        check_new(taken)

    assert str(raised.value) == (
        f"{taken} exists and is not empty; the demo needs a new folder.\n"
        "To use another one:         understudy demo FOLDER\n"
        f"To run the suite in it:     understudy demo --in-place {taken}"
    )


def test_a_file_will_not(tmp_path: Path) -> None:
    write(tmp_path, {"file": ""})

    with pytest.raises(CommandFailed) as raised:
        check_new(tmp_path / "file")

    assert (
        str(raised.value)
        == f"{tmp_path / 'file'} is a file; the demo needs a folder, new or empty."
    )


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="the system has no symbolic links")
def test_a_link_to_nowhere_will_not(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")

    with pytest.raises(CommandFailed, match="is a file; the demo needs a folder"):
        check_new(tmp_path / "link")


def test_in_place_needs_a_project(tmp_path: Path) -> None:
    folder = tmp_path / "nothing"

    with pytest.raises(CommandFailed) as raised:
        check_project(folder)

    assert str(raised.value) == (
        f"{folder} is not a project: there is no {folder}/pyproject.toml.\n"
        f"To copy the reference backend there, omit --in-place: understudy demo {folder}"
    )


def test_an_installation_without_the_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_backend, "_PLACES", (tmp_path / "one", tmp_path / "two"))

    with pytest.raises(CommandFailed) as raised:
        copy_to(tmp_path / "copy")

    assert str(raised.value) == (
        "This installation of understudy lacks its reference backend, which should be in\n"
        f"  {tmp_path / 'one'}\n"
        f"  {tmp_path / 'two'}\n"
        "Install it again: pip install --force-reinstall --no-deps understudy"
    )
    assert not (tmp_path / "copy").exists()


def test_a_folder_that_cannot_be_made(source: Path, tmp_path: Path) -> None:
    write(tmp_path, {"file": ""})
    folder = tmp_path / "file" / "copy"

    with pytest.raises(CommandFailed) as raised:
        copy_to(folder)

    assert str(raised.value) == (
        f"Cannot copy the reference backend to {folder}: Not a directory\n"
        "The files copied so far remain. Use another folder: understudy demo FOLDER"
    )


def test_a_file_that_cannot_be_copied(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    (folder / "src" / "thing.py").mkdir(parents=True)  # made by someone after the check

    with pytest.raises(CommandFailed) as raised:
        copy_to(folder)

    assert str(raised.value).startswith(f"Cannot copy the reference backend to {folder}: [Errno ")
    assert "Is a directory" in str(raised.value)
