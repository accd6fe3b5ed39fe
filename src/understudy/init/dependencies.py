"""Find the project's dependencies and its database driver."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.init.modules import Modules
from understudy.init.sources import Sources
from understudy.project.files import Place
from understudy.script.database_errors import DRIVERS

_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_URL_DRIVER = re.compile(
    r"(?:postgres(?:ql)?\+(?=(?:psqlpy|asyncpg|psycopg)\b(?!2))|(?:mysql|mariadb)\+)(\w+)"
)
# The drivers of MySQL, by the names of their modules and by SQLAlchemy's.
_OF_MYSQL = {
    "aiomysql": "aiomysql",
    "asyncmy": "asyncmy",
    "pymysql": "pymysql",
    "MySQLdb": "mysqlclient",
    "mysqldb": "mysqlclient",
    "mysql": "mysql-connector",
    "mysqlconnector": "mysql-connector",
}
MYSQL_DRIVERS = frozenset(_OF_MYSQL.values())
_KNOWN = frozenset({*DRIVERS, *MYSQL_DRIVERS})
_ON_PYMYSQL = {"aiomysql", "asyncmy"}  # their apps import its exceptions, or migrate with it
# They are on PostgreSQL only if nothing says otherwise.
_ON_SEVERAL = {"databases", "tortoise-orm"}
# Packages that depend on a driver, or are another name for it.
_IMPLIED: dict[str, str] = {
    **{name: name for name in DRIVERS},
    "databases": "asyncpg",
    "psycopg-binary": "psycopg",
    "psycopg-c": "psycopg",
    "psycopg-pool": "psycopg",
    "tortoise-orm": "asyncpg",
    "aiomysql": "aiomysql",
    "asyncmy": "asyncmy",
    "pymysql": "pymysql",
    "mysqlclient": "mysqlclient",
    "mysql-connector-python": "mysql-connector",
}


@dataclass(frozen=True)
class Driver:
    """A driver that may be the project's; `imports` is the number of modules that import it."""

    name: str
    place: Place
    imports: int


def dependencies(sources: Sources, root: Path) -> dict[str, Place]:
    """Return the packages that the project depends on, each with its place."""
    found: dict[str, Place] = {}
    for file in sources.files:
        if file.parent not in (root, root / "requirements"):
            continue
        text = sources.text(file)
        for name in _named_in(file, text):
            found.setdefault(_normal(name), Place(file, _line_of(name, text)))
    return found


def _named_in(file: Path, text: str) -> Iterator[str]:
    if file.name == "pyproject.toml":
        yield from _in_pyproject(tomllib.loads(text))
    elif file.name == "Pipfile":
        document = _loads(text)
        for section in ("packages", "dev-packages"):
            yield from document.get(section, {})
    elif file.suffix == ".txt" and ("requirement" in file.name or file.parent.name != ""):
        for line in text.splitlines():
            match = _NAME.match(line)
            if match is not None and not line.lstrip().startswith(("#", "-")):
                yield match[1]


def _loads(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}  # its own tool reports a broken Pipfile


def _in_pyproject(document: Mapping[str, Any]) -> Iterator[str]:
    project = document.get("project", {})
    requirements = [
        *project.get("dependencies", []),
        *(item for extra in project.get("optional-dependencies", {}).values() for item in extra),
        *(item for group in document.get("dependency-groups", {}).values() for item in group),
    ]
    for requirement in requirements:
        match = _NAME.match(requirement) if isinstance(requirement, str) else None
        if match is not None:
            yield match[1]
    poetry = document.get("tool", {}).get("poetry", {})
    yield from poetry.get("dependencies", {})
    yield from poetry.get("dev-dependencies", {})
    for group in poetry.get("group", {}).values():
        yield from group.get("dependencies", {})


def _line_of(name: str, text: str) -> int:
    pattern = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line) and not line.lstrip().startswith(("name", "#")):
            return number
    return 1


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def uses_a_database(tree: ast.Module) -> bool:
    """Whether a file imports a driver, SQLAlchemy or something on top of them."""
    wanted = {*_IMPLIED, *_OF_MYSQL, "sqlalchemy", "sqlmodel", "aiosql", "tortoise"}
    names = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [
            *(alias.name for alias in node.names if isinstance(node, ast.Import)),
            getattr(node, "module", None) or "",
        ]
    }
    return not wanted.isdisjoint(name.partition(".")[0] for name in names)


def find_drivers(
    modules: Modules, sources: Sources, named: Mapping[str, Place], root: Path
) -> list[Driver]:
    """Return the drivers that the project may use, the likeliest first.

    Imports come first, then URLs in settings, then dependencies.
    """
    imports: Counter[str] = Counter()
    places: dict[str, Place] = {}
    for module in modules:
        tops = {name.partition(".")[0] for name in module.imports.values()}
        for top in tops.intersection((*DRIVERS, *_OF_MYSQL)):
            if not {"tests", "test"} & set(module.file.parts):
                driver = _OF_MYSQL.get(top, top)
                imports[driver] += 1
                places.setdefault(driver, _import_place(sources, module.file, top))
    urls: dict[str, Place] = {}
    for file in sources.files:
        if file.is_relative_to(root) and file.suffix in (".py", ".ini", ".toml", ".yml", ".yaml"):
            for number, line in enumerate(sources.text(file).splitlines(), 1):
                for name in _URL_DRIVER.findall(line):
                    if (driver := _OF_MYSQL.get(name, name)) in _KNOWN:
                        urls.setdefault(driver, Place(file, number))
    implied = {_IMPLIED[name]: place for name, place in named.items() if name in _IMPLIED}
    found = [Driver(name, places[name], count) for name, count in imports.most_common()]
    for evidence in (urls, implied):
        for name, place in evidence.items():
            if name not in {driver.name for driver in found}:
                found.append(Driver(name, place, 0))
    certain = {_IMPLIED[name] for name in named if name in _IMPLIED and name not in _ON_SEVERAL}
    return _of_one_kind(found, {*imports, *urls, *certain})


def _of_one_kind(found: Sequence[Driver], certain: Set[str]) -> list[Driver]:
    """Return the drivers of PostgreSQL, or those of MySQL if none of PostgreSQL is certain."""
    of_mysql = [driver for driver in found if driver.name in MYSQL_DRIVERS]
    if any(driver.name in _ON_PYMYSQL for driver in of_mysql):
        of_mysql = [driver for driver in of_mysql if driver.name != "pymysql"]
    others = [driver for driver in found if driver.name in DRIVERS]
    return others if not of_mysql or certain & set(DRIVERS) else of_mysql


def _import_place(sources: Sources, file: Path, module: str) -> Place:
    pattern = re.compile(rf"^\s*(from|import)\s+{module}\b")
    for number, line in enumerate(sources.text(file).splitlines(), 1):
        if pattern.match(line):
            return Place(file, number)
    return Place(file, 1)
