"""A schema copied from another database, with pg_dump. Nothing but the schema is read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

from understudy.embedded import schema_source_messages as messages
from understudy.embedded.binaries import find_installation
from understudy.embedded.driver import connect, without_password
from understudy.embedded.errors import MissingExtra, PostgresUnavailable, SchemaError
from understudy.embedded.messages import PIP_LINE
from understudy.embedded.schema import load_text

_TIMEOUT = 300.0
_OPTIONS = (
    "--schema-only --no-owner --no-privileges --no-comments --no-publications --no-subscriptions "
    "--no-security-labels --no-tablespaces --encoding=UTF8"
)
_MISMATCH = re.compile(r"server version: ([^\s;]+).*?pg_dump version: ([^\s;]+)", re.DOTALL)
# Commands of psql, and what names the programs that made the dump.
_NOISE = re.compile(r"^(?:\\(?:un)?restrict .*|-- Dumped .*)\n", re.MULTILINE)
# Settings of newer servers than the one that the dump may be loaded into.
_SETTING = re.compile(r"^SET transaction_timeout = 0;\n", re.MULTILINE)


class CopiedSource:
    """The schema of the database that a URL names."""

    loader = "pg_dump --schema-only"
    is_covered = False  # it may change while it is dumped

    def __init__(self, url: str) -> None:
        # As SQLAlchemy writes it, with the driver's name.
        self._url = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url)
        self._shown = without_password(self._url)

    def check(self) -> None:
        """Find pg_dump."""
        _pg_dump()

    def load(self, dsn: str) -> list[Path]:
        """Dump the schema there and load it here."""
        load_text(dsn, self._dump(), f"that pg_dump made of {self._shown}")
        return []

    def content(self) -> list[bytes]:
        """The dump."""
        return [self._dump().encode()]

    def _dump(self) -> str:
        # It also says best why there is no connecting.
        with closing(connect(self._url)) as connection:
            password = connection.info.password
            url = connection.info.dsn
        try:
            done = subprocess.run(
                [_pg_dump(), *_OPTIONS.split(), f"--dbname={url}"],
                env={**os.environ, **({"PGPASSWORD": password} if password else {}), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            text = messages.dump_failed(self._shown, f"no end within {_TIMEOUT:g} s")
            raise PostgresUnavailable(text) from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            mismatch = _MISMATCH.search(said)
            raise SchemaError(
                messages.dump_too_old(self._shown, *mismatch.groups())
                if mismatch
                else messages.dump_failed(self._shown, said)
            )
        return _SETTING.sub("", _NOISE.sub("", done.stdout.decode()))


def _pg_dump() -> Path:
    try:
        program = find_installation().program("pg_dump")
    except MissingExtra:
        program = Path()
    if not program.is_file():
        found = shutil.which("pg_dump")
        if found is None:
            raise MissingExtra(
                "Copying a schema from a database needs the program pg_dump, and there is none.\n"
                f"Run: {PIP_LINE}"
            )
        program = Path(found)
    return program
