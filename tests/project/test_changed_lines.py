"""Which lines have changed since a revision, as git tells."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from understudy.project.changed_lines import GitError, changed_lines


def git(folder: Path, *arguments: str) -> None:
    """Run git without the configuration of the machine."""
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a repository, with one commit on main."""
    folder = (tmp_path / "repository" / "a project").resolve()
    folder.mkdir(parents=True)
    (folder / "users.py").write_text("one\ntwo\nthree\nfour\n")
    (folder / "usuário.py").write_text("one\n")
    (folder / "gone.py").write_text("one\n")
    (folder.parent / "outside.py").write_text("one\n")
    git(folder.parent, "init", "-q", "-b", "main")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "-q", "-m", "first")
    return folder


def test_changed_added_removed_and_new_lines_are_told(project: Path) -> None:
    git(project, "checkout", "-q", "-b", "mine")
    (project / "users.py").write_text("one\n2\nthree\nfour\nfive\n")
    git(project, "commit", "-q", "-a", "-m", "second")
    (project / "usuário.py").write_text("zero\none\n")  # neither committed nor ASCII
    (project / "gone.py").unlink()
    (project / "new.py").write_text("one\n")
    (project.parent / "outside.py").write_text("two\n")

    changed = changed_lines(project, "main")

    users = project / "users.py"
    assert [line for line in range(1, 7) if changed.has_any(users, [line])] == [2, 5]
    assert changed.has_any(users, range(1, 4))
    assert not changed.has_any(users, range(3, 5))
    assert [line for line in (1, 2) if changed.has_any(project / "usuário.py", [line])] == [1]
    assert changed.has_any(project / "new.py", [99])
    assert not changed.has_any(project / "gone.py", [1])
    assert not changed.has_any(project.parent / "outside.py", [1])


def test_where_lines_were_removed_the_lines_around_count(project: Path) -> None:
    (project / "users.py").write_text("one\nfour\n")

    changed = changed_lines(project, "HEAD")

    assert changed.has_any(project / "users.py", [1])
    assert changed.has_any(project / "users.py", [2])


def test_what_others_have_changed_on_the_other_branch_is_not_told(project: Path) -> None:
    git(project, "checkout", "-q", "-b", "mine")
    git(project, "checkout", "-q", "main")
    (project / "users.py").write_text("1\ntwo\nthree\nfour\n")
    git(project, "commit", "-q", "-a", "-m", "theirs")
    git(project, "checkout", "-q", "mine")

    assert not changed_lines(project, "main").has_any(project / "users.py", range(1, 5))


def test_a_revision_that_git_does_not_know(project: Path) -> None:
    with pytest.raises(GitError) as raised:
        changed_lines(project, "nowhere")

    assert str(raised.value) == f"git knows no revision 'nowhere' in {project}."


def test_a_folder_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(GitError) as raised:
        changed_lines(tmp_path, "main")
    assert str(raised.value) == (
        f"{tmp_path} is in no git repository, so git cannot tell what has changed."
    )

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError) as raised:
        changed_lines(tmp_path, "main")
    assert str(raised.value) == "git is not installed, so it cannot tell which lines have changed."
