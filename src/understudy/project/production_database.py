"""Which database a project's app runs on, as far as its files show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from understudy.project import files
from understudy.project.sources import Project

_DEPENDENCIES = ("pyproject.toml", "setup.cfg", "setup.py", "Pipfile")
_SQLITE = re.compile(r"(?i)sqlite")
_MOST_FILES = 2_000


@dataclass(frozen=True)
class _Signs:
    """What shows that an app runs on one kind of database.

    Attributes:
        required: matches a driver in a file with dependencies.
        in_code: matches it in a module.
        others: matches what shows other databases, in any file.
    """

    required: re.Pattern[str]
    in_code: re.Pattern[str]
    others: re.Pattern[str]


def _required(drivers: str, extra: str) -> re.Pattern[str]:
    """Return the pattern for a line with one of the drivers, or with an extra of SQLAlchemy."""
    return re.compile(
        rf"(?m)^\s*[-\"']?\s*[\"']?({drivers})[\"']?\s*(?:[\[=<>~!^;,\"'].*)?$"
        rf"|(?i:sqlalchemy\[[\w,-]*(?:{extra})[\w,-]*\])"
    )


_POSTGRES = _Signs(
    _required(
        r"asyncpg|psycopg(?:2|2-binary|\[[\w,]+\]|-binary|-pool)?|psqlpy|pg8000|aiopg",
        "postgresql|asyncpg",
    ),
    re.compile(
        r"""["'](?:postgres(?:ql)?(?:\+\w+)?)://|\bPostgresDsn\b|sqlalchemy\.dialects\.postgresql"""
        r"""|["']postgresql\+\w+["']|^\s*(?:import|from)\s+(?:asyncpg|psycopg2?|psqlpy)\b""",
        re.M,
    ),
    re.compile(r"(?i)\b(?:aiomysql|asyncmy|pymysql|mysqlclient|mysql\+|aioodbc|mssql\+|oracledb)"),
)
_MYSQL = _Signs(
    _required(
        r"aiomysql|asyncmy|pymysql|PyMySQL|mysqlclient|mysql-connector-python",
        "aiomysql|asyncmy|pymysql|mysql",
    ),
    re.compile(
        r"""["'](?:mysql|mariadb)(?:\+\w+)?://|\b(?:MySQL|MariaDB)Dsn\b"""
        r"""|sqlalchemy\.dialects\.mysql|["'](?:mysql|mariadb)\+\w+["']"""
        r"""|^\s*(?:import|from)\s+(?:aiomysql|asyncmy|pymysql|MySQLdb|mysql\.connector)\b""",
        re.M,
    ),
    re.compile(
        r"(?i)\b(?:asyncpg|psycopg|psqlpy|pg8000|aiopg|postgres(?:ql)?(?:\+|://)|aioodbc"
        r"|mssql\+|oracledb)"
    ),
)


@dataclass(frozen=True)
class Evidence:
    """A place that shows on which database the app runs.

    Attributes:
        file: relative to the project's root.
        what: what is written there.
    """

    file: Path
    what: str


def postgres_only(project: Project) -> Evidence | None:
    """Return what shows that the app runs on PostgreSQL and on nothing else, or None.

    It is None, too, if the app mentions SQLite anywhere: it may support both.
    """
    return project.remembered("postgres_only", (), lambda: _only(project, _POSTGRES))


def mysql_only(project: Project) -> Evidence | None:
    """Return what shows that the app runs on MySQL or MariaDB and on nothing else, or None."""
    return project.remembered("mysql_only", (), lambda: _only(project, _MYSQL))


def _only(project: Project, signs: _Signs) -> Evidence | None:
    found: Evidence | None = None
    named = False
    for number, path in enumerate(_app_files(project)):
        text = _read(project, path)
        is_code = path.suffix == ".py" and path.name != "setup.py"
        if number > _MOST_FILES or (is_code and _SQLITE.search(text)) or signs.others.search(text):
            return None
        if not is_code and re.search(r"(?im)sqlite\S*:/", text):
            return None
        match = (signs.in_code if is_code else signs.required).search(text)
        if match is not None:
            named = True
            if found is None or is_code:
                shown = match[match.lastindex or 0].strip(" \"'\n")
                found = Evidence(path.relative_to(project.root), shown)
    return found if named else None


def _app_files(project: Project) -> Iterator[Path]:
    """Yield the files with dependencies and settings, then the app's modules."""
    modules = []
    for path in files.walk(project.root):
        if path.suffix == ".py" and path.name not in ("setup.py", "noxfile.py"):
            if not files.is_test_code(path, project.root, project.pytest):
                modules.append(path)
        elif path.name in _DEPENDENCIES or _is_requirements(path) or path.name.startswith(".env"):
            yield path
    yield from modules


def _is_requirements(path: Path) -> bool:
    return path.suffix == ".txt" and (
        "requirement" in path.name or path.parent.name == "requirements"
    )


def _read(project: Project, path: Path) -> str:
    project.consult(path)
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # reported when the file itself is checked
        return ""
