"""Run a module of the project in a process of its own.

Its changes to event loops, logging and module state stay there, and it can be stopped if it hangs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from understudy.embedded.environment import filled_in, without_pg_variables
from understudy.embedded.errors import SchemaError
from understudy.embedded.workspace import temporary_folder

# The URL of the database. In the environment, because every user of the system sees arguments.
DSN_VARIABLE = "UNDERSTUDY_SCHEMA_DSN"
# The file for the cause of a failure.
CAUSE_VARIABLE = "UNDERSTUDY_SCHEMA_CAUSE"
ROOT_VARIABLE = "UNDERSTUDY_SCHEMA_ROOT"
_TIMEOUT = 600.0
_LINES = 12


def run_module(
    module: str,
    folders: Sequence[Path],
    root: Path,
    dsn: str,
    variables: Mapping[str, str],
    environment: Mapping[str, str],
    what: str,
) -> str:
    """Run a module with the import path of this process and `folders` first.

    Args:
        module: its dotted name.
        folders: the working directory, and others to import from.
        root: the project's folder, to which the paths in messages are relative.
        dsn: the URL of the database, which PG* variables name, too.
        variables: environment variables for the module.
        environment: variables for the project, in which {dsn}, {host} and so on stand for parts of
            the URL.
        what: the program, as the subject of a message.

    Returns:
        The end of its output.

    Raises:
        SchemaError: it ended with an error, or did not end within ten minutes.
    """
    path = os.pathsep.join([*map(str, folders), *filter(None, sys.path)])
    with temporary_folder() as folder:
        cause = folder / "cause"
        try:
            done = subprocess.run(
                [sys.executable, "-m", module],
                cwd=folders[0],
                env={
                    **without_pg_variables(),
                    **_filled(environment, dsn),
                    **variables,
                    "PYTHONPATH": path,
                    "PYTHONIOENCODING": "utf-8",
                    DSN_VARIABLE: dsn,
                    CAUSE_VARIABLE: str(cause),
                    ROOT_VARIABLE: str(root.resolve()),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SchemaError(
                f"{what} did not end within {_TIMEOUT:g} s. The end of its output:\n"
                f"{_tail(error.output)}"
            ) from error
        if done.returncode and cause.is_file():
            raise SchemaError(f"{what} failed:\n{_indented(cause.read_text(encoding='utf-8'))}")
    output = _tail(done.stdout)
    if done.returncode:
        raise SchemaError(
            f"{what} ended with exit code {done.returncode}. The end of its output:\n{output}"
        )
    return output


def _filled(environment: Mapping[str, str], dsn: str) -> dict[str, str]:
    """Return libpq's variables for the database, and `environment` with the parts of its URL."""
    if dsn.startswith("sqlite:"):
        file = Path(dsn.removeprefix("sqlite:///"))
        places = {"dsn": dsn, "path": str(file), "uri": file.as_uri()}
        return {name: filled_in(text, places) for name, text in environment.items()}
    if dsn.startswith("mysql:"):
        return {name: filled_in(text, _mysql_parts(dsn)) for name, text in environment.items()}
    from psycopg.conninfo import conninfo_to_dict

    known = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    places = {
        "database": known.get("dbname", ""),
        **{name: known.get(name, "") for name in ("host", "port", "user", "password")},
    }
    of_libpq = {f"PG{name.upper()}": text for name, text in places.items() if text}
    places |= {"dsn": dsn, "socket_dsn": dsn}  # a schema is loaded by the one address
    return of_libpq | {name: filled_in(text, places) for name, text in environment.items()}


def _mysql_parts(dsn: str) -> dict[str, str]:
    """Return the parts of a URL of MySQL that a value of an environment may name."""
    url = urlsplit(dsn)
    texts = {"host": url.hostname, "user": url.username, "password": url.password}
    parts = {name: unquote(text or "") for name, text in texts.items()}
    port = str(url.port or 3306)
    return {**parts, "dsn": dsn, "socket_dsn": dsn, "port": port, "database": url.path[1:]}


def _tail(output: bytes | None) -> str:
    lines = (output or b"").decode(errors="replace").rstrip().splitlines()
    kept = lines[-_LINES:]
    if len(lines) > _LINES:
        kept.insert(0, f"... {len(lines) - _LINES} lines")
    return _indented("\n".join(kept)) or "  (no output)"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
