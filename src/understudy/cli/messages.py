"""What the command line says."""

from __future__ import annotations

import shlex
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


# The catalog

# Of a longer statement the text output shows the beginning and the end.
_LONGEST = 160


def no_schema(file: Path, is_there: bool) -> str:
    """There is nothing that statements could be held against."""
    if not is_there:
        return (
            f"There is no {file}, so there is no catalog either.\n"
            "Run this in the folder of your project's pyproject.toml."
        )
    return (
        f"No schema is configured in {file}, so there is no catalog.\n"
        'Say where it is: [tool.understudy] schema = ["db/migrations/*.sql"]'
    )


def two_modes(given: Sequence[str]) -> str:
    """More than one thing to do was asked for."""
    return f"{' and '.join(given)} are different things to do: give one of them."


def nothing_to_run(pytest_args: Sequence[str]) -> str:
    """Arguments for pytest, which a list of what is known does not run."""
    return (
        f"'{' '.join(pytest_args)}' is for pytest, which runs with --check, --prune and --rebuild "
        "alone.\nFor example: understudy catalog --check"
    )


def no_catalog(path: Path) -> str:
    """The file is not there yet."""
    return (
        f"There is no catalog at {path} yet.\n"
        "The tests fill it as they run: pytest, or understudy catalog --rebuild"
    )


def running_tests(pytest_args: Sequence[str]) -> str:
    """The tests are run, which takes its time."""
    return f"Running the tests with an empty catalog: {shlex.join(['pytest', *pytest_args])}"


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


def catalog_parsed(spelling: str) -> str:
    """A statement of which no more than the grammar is checked."""
    return f"{short(spelling)}\n    only parsed"


def catalog_refused(spelling: str, sqlstate: str, message: str) -> str:
    """A statement that PostgreSQL refuses."""
    return f"{short(spelling)}\n    refused  {sqlstate} {message}"


def catalog_missing(spelling: str) -> str:
    """A statement that tests use and the file does not hold."""
    return f"missing  {short(spelling)}"


def catalog_changed(spelling: str, differences: Sequence[str]) -> str:
    """A statement of which PostgreSQL says something else than the file."""
    return "\n".join(
        [f"changed  {short(spelling)}", *(f"           {each}" for each in differences)]
    )


def catalog_schema(difference: str) -> str:
    """Something that the file says of the schema and that is not so."""
    return f"schema   {difference}"


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


# The review


def reviewing(what: str, seconds: float) -> str:
    """Tell someone who waits what is being done."""
    return f"{seconds:4.0f} s  {what}"


def review_interrupted() -> str:
    """Ctrl-C while a review was being made."""
    return "\nInterrupted. The tests were stopped; nothing was written."
