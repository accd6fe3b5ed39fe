"""Load a schema with Alembic: `upgrade heads` in a given database."""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import sqlite3
import tomllib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from understudy.embedded.driver import connect
from understudy.embedded.errors import MissingExtra, SchemaError
from understudy.embedded.python_imports import creates_from_models, imported_files
from understudy.embedded.subprocesses import run_module

KEY = "alembic"
INI = "alembic.ini"
INI_VARIABLE = "UNDERSTUDY_ALEMBIC_INI"
_TOML = "pyproject.toml"
_OWN_TABLES = """
    SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm')
        AND relnamespace <> 'information_schema'::regnamespace
"""


class AlembicSource:
    """The migrations of a configuration of Alembic.

    Args:
        root: the project's folder.
        setting: "alembic" for the alembic.ini in that folder or in one directly below it, or
            "alembic:" and the path of another.
        environment: variables for env.py; see `run_module`.
    """

    loader = "alembic upgrade heads"
    is_covered = False  # env.py may read anything

    def __init__(
        self, root: Path, setting: str = KEY, environment: Mapping[str, str] | None = None
    ) -> None:
        self._root = root
        self._setting = setting
        self._environment = environment or {}

    def check(self) -> None:
        """Find the configuration and the package."""
        self._ini()
        if importlib.util.find_spec("alembic") is None:
            raise MissingExtra(
                f'The schema "{self._setting}" needs the package alembic, which is not installed.\n'
                "Run: pip install alembic"
            )

    def load(self, dsn: str) -> list[Path]:
        """Run `upgrade heads`."""
        output = self.upgrade(dsn)
        if not _has_tables(dsn):
            raise self.created_nothing(output)
        return self._scripts()

    def upgrade(self, dsn: str) -> str:
        """Run `upgrade heads` in a process of its own, regardless of the URL in env.py.

        Returns:
            The end of its output.

        Raises:
            SchemaError: it fails.
        """
        ini = self._ini()
        folder, _ = self._locations(ini)
        return run_module(
            "understudy.embedded.run_alembic",
            list(dict.fromkeys([folder, ini.parent, self._root, self._root / "src"])),
            self._root,
            dsn,
            {INI_VARIABLE: str(ini)},
            self._environment,
            f"{self.loader} ({self._shown(ini)})",
        )

    def created_nothing(self, output: str) -> SchemaError:
        """Return the error for an upgrade after which there is no table."""
        return SchemaError(
            f"{self.loader} ({self._shown(self._ini())}) ended without an error, but created "
            "nothing.\n"
            "Expected env.py to connect through SQLAlchemy and to run the migrations. "
            f"The end of its output:\n{output}"
        )

    def texts(self) -> list[bytes]:
        """Return the scripts."""
        return [file.read_bytes() for file in self._scripts()]

    def content(self) -> list[bytes]:
        """Return the scripts, and the files of the project that they import."""
        files = imported_files(self._scripts(), self._root)
        return [file.read_bytes().replace(b"\r\n", b"\n") for file in files]

    def models(self) -> str | None:
        """Return which script makes the tables from the models, or None."""
        for script in self._scripts():
            if creates_from_models(script):
                return f"{self._shown(script)} calls create_all"
        return None

    def _ini(self) -> Path:
        _, colon, name = self._setting.partition(":")
        if colon:
            path = self._root / name
            if not path.is_file():
                raise SchemaError(
                    f'The schema is "{self._setting}", but there is no file {name} in '
                    f"{self._root}.\n"
                    'Write the path of the configuration, such as "alembic:src/app/alembic.ini".'
                )
            return path
        if (self._root / INI).is_file():
            return self._root / INI
        found = sorted(self._root.glob(f"*/{INI}"))
        if not found and "alembic" in _toml(self._root / _TOML):
            return self._root / _TOML
        if not found:
            raise SchemaError(
                f'The schema is "alembic", but there is no alembic.ini in {self._root} '
                "or in a folder right below it.\n"
                'Write where the file is, for example "alembic:src/app/alembic.ini", or name '
                'another source of the schema, for example ["db/migrations/*.sql"].'
            )
        if len(found) > 1:
            names = [self._shown(path) for path in found]
            every = ", ".join(f'"alembic:{name}"' for name in names)
            raise SchemaError(
                f'The schema is "alembic", but there are several configurations: '
                f"{', '.join(names)}.\n"
                f'Write which one, "alembic:{names[0]}", or, if all of them belong to one '
                f"database, [{every}]."
            )
        return found[0]

    def _scripts(self) -> list[Path]:
        ini = self._ini()
        _, folders = self._locations(ini)
        missing = [path for path in folders if not path.is_dir()]
        if missing:
            raise SchemaError(
                f"{self._shown(ini)} names a folder of scripts that does not exist: {missing[0]}"
            )
        return sorted({file.resolve() for path in folders for file in path.rglob("*.py")})

    def _locations(self, ini: Path) -> tuple[Path, list[Path]]:
        """Return the working directory for Alembic, and the folders of scripts."""
        options = self._options(ini)
        location = str(options["script_location"])
        versions = options.get("version_locations", "")
        if not isinstance(versions, str):
            versions = os.pathsep.join(versions)
        # Alembic takes a relative path from the working directory, which is usually one of these:
        # alembic -c src/app/alembic.ini, or cd backend; alembic.
        bases = [self._root, ini.parent] if ":" in self._setting else [ini.parent, self._root]
        folder = next((base for base in bases if (base / location).is_dir()), ini.parent)
        names = [location, *re.split(rf"[\s,;{re.escape(os.pathsep)}]+", versions)]
        return folder, [self._folder(folder, name) for name in names if name]

    def _folder(self, folder: Path, name: str) -> Path:
        package, colon, rest = name.partition(":")
        if not colon or Path(name).is_absolute():
            return folder / name
        # A folder in a package, such as app:migrations.
        inside = Path(*package.split("."), *rest.split(":"))
        bases = [folder, self._root, self._root / "src"]
        return next((base / inside for base in bases if (base / inside).is_dir()), folder / inside)

    def _options(self, ini: Path) -> Mapping[str, Any]:
        """Return Alembic's options: those of alembic.ini come before those of pyproject.toml."""
        options: dict[str, Any] = {}
        for folder in dict.fromkeys([self._root, ini.parent]):
            given = _toml(folder / _TOML).get("alembic", {})
            for name, value in given.items() if isinstance(given, dict) else ():
                here = folder.as_posix()
                options[name] = value % {"here": here} if isinstance(value, str) else value
        problem: object = "'script_location'"
        if ini.name != _TOML:
            parser = configparser.ConfigParser({"here": ini.parent.as_posix()})
            try:
                parser.read_string(ini.read_text(encoding="utf-8"))
                for name in ("script_location", "version_locations"):
                    if (value := parser.get(KEY, name, fallback=None)) is not None:
                        options[name] = value
            except (configparser.Error, UnicodeDecodeError) as error:
                problem = error
        if "script_location" not in options:
            raise SchemaError(
                f"Cannot read script_location from {self._shown(ini)}, section [alembic]: {problem}"
            )
        return options

    def _shown(self, path: Path) -> str:
        inside = path.is_relative_to(self._root)
        return path.relative_to(self._root).as_posix() if inside else str(path)


def _has_tables(dsn: str) -> bool:
    if dsn.startswith("sqlite:"):
        with closing(sqlite3.connect(dsn.removeprefix("sqlite:///"))) as file:
            return bool(file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    with closing(connect(dsn)) as connection:
        row = connection.execute(_OWN_TABLES).fetchone()
    return bool(row and row[0])


def _toml(path: Path) -> Mapping[str, object]:
    """Return the table [tool] of a file, or an empty one."""
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError):
        return {}
    return tool if isinstance(tool, dict) else {}
