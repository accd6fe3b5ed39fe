"""Load a schema with Alembic: `upgrade head` in a given database."""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
from contextlib import closing
from pathlib import Path

from understudy.embedded.driver import connect
from understudy.embedded.errors import MissingExtra, SchemaError
from understudy.embedded.python_imports import imported_files
from understudy.embedded.subprocesses import DSN_VARIABLE, run_module

INI = "alembic.ini"
INI_VARIABLE = "UNDERSTUDY_ALEMBIC_INI"
_OWN_TABLES = """
    SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm')
        AND relnamespace <> 'information_schema'::regnamespace
"""


class AlembicSource:
    """The migrations of the alembic.ini in the project's folder or a folder directly below it."""

    loader = "alembic upgrade head"
    is_covered = False  # env.py may read anything

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self) -> None:
        """Find alembic.ini and the package."""
        self._ini()
        if importlib.util.find_spec("alembic") is None:
            raise MissingExtra(
                'schema = "alembic" needs the package alembic, which is not installed.\n'
                "Run: pip install alembic"
            )

    def load(self, dsn: str) -> list[Path]:
        """Run `upgrade head` in a process of its own, regardless of the URL in env.py."""
        ini = self._ini()
        shown = self._shown(ini)
        output = run_module(
            "understudy.embedded.run_alembic",
            ini.parent,
            {INI_VARIABLE: str(ini), DSN_VARIABLE: dsn},
            f"alembic upgrade head ({shown})",
        )
        with closing(connect(dsn)) as connection:
            row = connection.execute(_OWN_TABLES).fetchone()
        if row is None or not row[0]:
            raise SchemaError(
                f"alembic upgrade head ({shown}) ended without an error, but created nothing.\n"
                "Expected env.py to connect through SQLAlchemy and to run the migrations. "
                f"The end of its output:\n{output}"
            )
        return self._scripts()

    def content(self) -> list[bytes]:
        """Return the scripts, and the files of the project that they import."""
        files = imported_files(self._scripts(), self._root)
        return [file.read_bytes().replace(b"\r\n", b"\n") for file in files]

    def _ini(self) -> Path:
        if (self._root / INI).is_file():
            return self._root / INI
        found = sorted(self._root.glob(f"*/{INI}"))
        if not found:
            raise SchemaError(
                f'schema = "alembic", but there is no alembic.ini in {self._root} '
                "or in a folder right below it.\n"
                "Run alembic init there, or name another source of the schema, for example "
                'schema = ["db/migrations/*.sql"].'
            )
        if len(found) > 1:
            raise SchemaError(
                'schema = "alembic", but there are several configurations: '
                f"{', '.join(map(self._shown, found))}.\n"
                "Name a function that runs the right one, for example schema = "
                '"tests.schema:create".'
            )
        return found[0]

    def _scripts(self) -> list[Path]:
        ini = self._ini()
        parser = configparser.ConfigParser({"here": str(ini.parent)})
        try:
            parser.read_string(ini.read_text(encoding="utf-8"))
            options = parser["alembic"]
            location = options["script_location"]
            versions = options.get("version_locations", "")
        except (configparser.Error, KeyError, UnicodeDecodeError) as error:
            raise SchemaError(
                f"Cannot read script_location from {self._shown(ini)}, section [alembic]: {error}"
            ) from error
        folders = [location, *re.split(rf"[\s,{re.escape(os.pathsep)}]+", versions)]
        paths = [ini.parent / folder for folder in folders if folder]
        missing = [path for path in paths if not path.is_dir()]
        if missing:
            raise SchemaError(
                f"{self._shown(ini)} names a folder of scripts that does not exist: {missing[0]}"
            )
        return sorted({file.resolve() for path in paths for file in path.rglob("*.py")})

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()
