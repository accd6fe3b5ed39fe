"""What the command line says when something is not as it should be. Nothing here imports ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def missing_extras(extra: str, missing: Sequence[str]) -> str:
    """Packages that an extra of ours brings are not installed, or are too old."""
    lines = "\n".join(f"  {requirement}" for requirement in missing)
    return (
        f"The demo needs packages that are not installed:\n{lines}\n"
        f'They come with the extra "{extra}":\n'
        f'  pip install "understudy[{extra}]"'
    )


def not_installed() -> str:
    """Understudy is on sys.path, but pip knows nothing of it."""
    return (
        "The demo asks the installed package what it needs, and understudy is not installed here.\n"
        '  pip install "understudy[demo]"'
    )


def no_backend(looked_in: Sequence[Path]) -> str:
    """The installation is incomplete."""
    places = "\n".join(f"  {path}" for path in looked_in)
    return (
        "This installation of understudy is without its reference backend. It was looked for in\n"
        f"{places}\n"
        "Install it again: pip install --force-reinstall --no-deps understudy"
    )


def folder_taken(folder: str) -> str:
    """The folder for the copy holds something already."""
    return (
        f"{folder} exists and is not empty; the demo copies its backend into a new folder only.\n"
        "Name another one:           understudy demo FOLDER\n"
        f"Or run the suite in it:     understudy demo --in-place {folder}"
    )


def folder_is_a_file(folder: str) -> str:
    """What was named as the folder is something else."""
    return f"{folder} is a file; the demo needs a folder, new or empty."


def cannot_copy(folder: str, reason: str) -> str:
    """The system refuses the copy."""
    return (
        f"Cannot copy the reference backend to {folder}: {reason}\n"
        "What was copied so far is still there. Name another folder: understudy demo FOLDER"
    )


def nothing_in_place(folder: str) -> str:
    """--in-place, and no project there."""
    return (
        f"{folder} holds no project to test: there is no {folder}/pyproject.toml.\n"
        f"To get a copy of the reference backend there, leave --in-place out: "
        f"understudy demo {folder}"
    )


def no_report(exit_code: int) -> str:
    """Pytest ended before it could say anything about tests."""
    return f"pytest ended with exit code {exit_code} before it ran a test; what it said is above."


def interrupted(title: str, copy: str | None) -> str:
    """Ctrl-C while a lane ran."""
    left = "Nothing is left behind." if copy is None else f"Left behind: {copy}, the copy."
    return f"\nInterrupted in: {title}. The tests were stopped, and PostgreSQL with them.\n{left}"


def interrupted_copy(folder: str) -> str:
    """Ctrl-C before a lane ran."""
    return f"\nInterrupted before a test ran. Left behind, as far as it was copied: {folder}"
