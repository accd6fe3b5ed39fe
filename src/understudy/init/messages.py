"""What the writer says: functions, values in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.init.sources import Unread
    from understudy.project.sources import Place

_SHOWN = 5
_LONGEST = 240  # what to do about an error often stands at its end

# Files that are left out


def unread(files: Sequence[Unread]) -> str:
    """The files that were left out, each with its reason."""
    lines = [f"  {each.file.as_posix()}: {each.reason}" for each in files[:_SHOWN]]
    if len(files) > _SHOWN:
        lines.append(f"  and {len(files) - _SHOWN} more")
    return "\n".join(lines)


# Errors


def no_app(folder: Path, count: int, files: Sequence[Unread]) -> str:
    """There is nothing to write tests for."""
    looked = "1 Python file" if count == 1 else f"{count:,} Python files"
    text = (
        f"No FastAPI app was found in {folder}: looked in {looked} for a module-level\n"
        "FastAPI(...), and for a function that makes one and returns it.\n"
        "Give the folder in which your app is: understudy init path/to/backend"
    )
    return f"{text}\nLeft out:\n{unread(files)}" if files else text


def broken_file(path: Path, error: BaseException) -> str:
    """A file of configuration cannot be read."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"{path} cannot be read: {first}\nNothing was written. Mend the file first."


def no_header(path: Path, header: str, lines: Sequence[str]) -> str:
    """A table is written in a way that lines cannot be put into it."""
    shown = "\n".join(f"  {line}" for line in lines)
    return (
        f"{path} has no line {header} to put settings below. Nothing was written.\n"
        f"Put there yourself, and run this again:\n{shown}"
    )


def no_room(path: Path, lines: Sequence[str], error: BaseException) -> str:
    """A table cannot be added to a file, because of how it is written."""
    shown = "\n".join(f"  {line}" for line in lines)
    return (
        f"[tool.understudy] cannot be added to {path} ({error}). Nothing was written.\n"
        f"Put these settings there yourself, and run this again:\n{shown}"
    )


# What was found


def alembic(count: int) -> str:
    """Migrations of Alembic."""
    return f"Alembic, {_count(count, 'migration')}"


def sql_files(count: int) -> str:
    """SQL that creates tables."""
    return f"SQL, {_count(count, 'file')} with CREATE TABLE"


def metadata(source: str, count: int) -> str:
    """Tables of SQLAlchemy or SQLModel, and no migrations."""
    return f"{source.replace(':', '.')}, tables in {_count(count, 'module')}"


# What is not known


def no_driver(other: Place | None) -> str:
    """No driver that is supported."""
    found = "" if other is None else f"; psycopg2 ({other}) is none of them"
    return f"no use of asyncpg, psqlpy or psycopg was found{found}. Name yours:"


# Why there is no example


def not_run() -> str:
    """--no-run."""
    return "not tried: --no-run"


def no_routes() -> str:
    """Nothing that a test could look for."""
    return (
        "no route answers without anything being started, and the app's OpenAPI describes none of "
        "those that were found"
    )


def not_one_statement(what: str, count: int) -> str:
    """A method was called, and sent none, or several."""
    return f"{what} sends {_count(count, 'statement')} where nothing is found, and not exactly one"


def hung(what: str, timeout: float) -> str:
    """It was stopped."""
    return f"did not end within {timeout:g} s, at {what}"


def the_schema() -> str:
    """The schema was being loaded."""
    return "the schema"


def no_server() -> str:
    """The extra is not installed."""
    return 'that needs a PostgreSQL: pip install "understudy[postgres]"'


# Progress


def trying(count: int, timeout: float) -> str:
    """The candidates are run."""
    return f"Running {_count(count, 'example test')} in the copy (at most {timeout:g} s) ..."


# What is left alone


def gist(text: str) -> str:
    """What a text begins and ends with, without its middle where it is long."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if "For further information visit" not in line]
    if len(lines) > _SHOWN:
        lines = [*lines[:2], "...", *lines[-2:]]
    return "\n".join(shortened(line) for line in lines)


def shortened(text: str) -> str:
    """The first line of a text, without its last words where it is long."""
    first = text.rstrip().splitlines()[0] if text.strip() else ""
    if len(first) <= _LONGEST:
        return first
    kept = first[: _LONGEST - 4]
    return f"{kept.rpartition(' ')[0].rstrip() or kept} ..."


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"


def no_table(path: Path) -> str:
    """`understudy` is something else than a table."""
    return f"{path}: tool.understudy is no table. Write it as [tool.understudy]."


def no_copy(root: Path, error: BaseException) -> str:
    """The project cannot be copied for the trial."""
    return (
        f"{root} cannot be copied to try the tests: {error}\n"
        "Nothing was written. To go on without trying any: understudy init --no-run"
    )


def cannot_write(error: OSError) -> str:
    """The system refuses a file."""
    return f"Cannot write {error.filename}: {error.strerror}. Nothing was changed."


def changed_meanwhile(path: Path) -> str:
    """Somebody has written to a file since it was read."""
    return f"{path} has changed since it was read. Nothing was written; run this again."


def the_start() -> str:
    """Before the first thing was asked."""
    return "the start of pytest"
