"""What the command line says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.pg.sql import one_line

if TYPE_CHECKING:
    from understudy.catalog.compare import Comparison
    from understudy.catalog.description import Column

_NO_TESTS_COLLECTED = 5  # pytest's exit code


def missing_extras(extra: str, missing: Sequence[str]) -> str:
    """Packages that an extra of ours brings are not installed, or are too old."""
    lines = "\n".join(f"  {requirement}" for requirement in missing)
    return (
        f"The demo needs packages that are not installed:\n{lines}\n"
        f'They come with the extra "{extra}":\n'
        f'  pip install "understudy[{extra}]"'
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


def interrupted(title: str, copy: str | None) -> str:
    """Ctrl-C while a lane ran."""
    left = "Nothing is left behind." if copy is None else f"Left behind: {copy}, the copy."
    return f"\nInterrupted in: {title}. The tests were stopped, and PostgreSQL with them.\n{left}"


# The catalog

# Of a longer statement the text output shows the beginning and the end.
_LONGEST = 160


def tests_failed(exit_code: int, path: Path) -> str:
    """What the tests use is not known where they do not pass."""
    if exit_code == _NO_TESTS_COLLECTED:
        return f"pytest found no test to run, so there is nothing to compare.\n{_as_it_was(path)}"
    return (
        f"The tests did not pass (pytest's exit code is {exit_code}), so it is not known which "
        f"statements they use.\n{_as_it_was(path)}"
    )


def nothing_learned(path: Path) -> str:
    """The tests passed and asked no fake anything."""
    return (
        "The tests gave no fake a statement that PostgreSQL could be asked about.\n"
        f"{_as_it_was(path)}"
    )


def catalog_interrupted(path: Path) -> str:
    """Ctrl-C while the tests ran."""
    return f"\nInterrupted. The tests were stopped, and PostgreSQL with them.\n{_as_it_was(path)}"


def _as_it_was(path: Path) -> str:
    return f"{path} is as it was."


def catalog_rebuilt(path: Path, count: int) -> str:
    """The file was written anew."""
    return f"{path} was written anew, with {_statements(count)}."


def catalog_heading(path: Path, count: int, postgres: int) -> str:
    """Which catalog is listed."""
    return f"{path}: {_statements(count)}, described by PostgreSQL {postgres}"


def catalog_statement(
    spelling: str, parameters: Sequence[str], columns: Sequence[Column], command: str
) -> str:
    """A statement that PostgreSQL accepts."""
    shown = [f"{each.name} {each.type}{_NULL.get(each.nullability, '')}" for each in columns]
    lines = [short(spelling)]
    lines += [f"    takes    {', '.join(parameters)}"] if parameters else []
    lines += [f"    returns  {', '.join(shown) or f'no rows: {command}'}"]
    return "\n".join(lines)


_NULL = {"not null": " not null", "nullable": " null"}


def catalog_changed(spelling: str, differences: Sequence[str]) -> str:
    """A statement of which PostgreSQL says something else than the file."""
    return "\n".join(
        [f"changed  {short(spelling)}", *(f"           {each}" for each in differences)]
    )


def catalog_unused(spelling: str) -> str:
    """A statement of the file that no test uses."""
    return f"unused   {short(spelling)}"


def catalog_removed(spelling: str) -> str:
    """A statement that no test uses, and that was taken out."""
    return f"removed  {short(spelling)}"


def catalog_compared(comparison: Comparison, path: Path, *, pruned: bool) -> str:
    """How much of the catalog differs, and what to do about it."""
    counts = [
        f"{len(comparison.same)} the same",
        f"{len(comparison.missing)} missing",
        f"{len(comparison.changed)} changed",
        f"{len(comparison.unused)} {'removed' if pruned else 'unused'}",
    ]
    lines = [f"{path}: {', '.join(counts)}"]
    if comparison.missing or comparison.changed or comparison.schema:
        lines.append("Run the tests once without --understudy-locked, and commit the file.")
    if comparison.unused and not pruned:
        lines.append("To take out what is unused: understudy catalog --prune")
    return "\n".join(lines)


def short(spelling: str) -> str:
    """A statement on one line, without its middle where it is long."""
    line = one_line(spelling)
    if len(line) <= _LONGEST:
        return line
    tail = _LONGEST // 3
    return f"{line[: _LONGEST - tail - 5]} ... {line[-tail:]}"


def _statements(count: int) -> str:
    return "1 statement" if count == 1 else f"{count:,} statements"
