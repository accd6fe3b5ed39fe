"""The catalog in a test run: made when a fake is first called, written when the run is over."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from understudy.plugin import messages
from understudy.plugin.settings import DEFAULT_CATALOG, Settings

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker
    from understudy.catalog.describe import Describer

_ACTIVE = "understudy.catalog.active"
_OUTPUT = "understudy_catalog"
_workers: pytest.StashKey[list[Mapping[str, Any]]] = pytest.StashKey()


def begin(config: pytest.Config, settings: Settings) -> None:
    """Have the statements of this run checked, where a schema is configured."""
    if not settings.schema:
        return
    from understudy.catalog import active

    # A run inside a run, as pytester makes, shares the process.
    before = active.factory, active.made()
    active.use(lambda: _checker(config, settings))
    config.add_cleanup(lambda: active.use(*before))


def _checker(config: pytest.Config, settings: Settings) -> Checker:
    from understudy.catalog.checks import Checker, Level, Levels
    from understudy.catalog.session import Catalog
    from understudy.postgres.schema import schema_files

    catalog = Catalog(
        settings.root / (settings.catalog or DEFAULT_CATALOG),
        _fp(schema_files(settings.schema, settings.root)),
        lambda: _describer(config),
        locked=bool(config.getoption("understudy_locked")),
    )
    levels = Levels(
        statements=cast(Level, settings.check_statements),
        parameters=cast(Level, settings.check_parameters),
        answers=cast(Level, settings.check_answers),
        errors=cast(Level, settings.check_errors),
    )
    # FakeConnection is a connection of psqlpy's.
    return Checker(catalog, settings.driver or "psqlpy", levels)


def _describer(config: pytest.Config) -> Describer:
    """Start the server, and return who asks it, on a database with the schema."""
    from understudy.catalog.describe import Describer
    from understudy.catalog.errors import CatalogError
    from understudy.plugin.databases import shared
    from understudy.postgres import PostgresError

    try:
        _, dsn = shared(config).new()
    except PostgresError as error:
        raise CatalogError(str(error)) from error
    return Describer(dsn)


def end(config: pytest.Config) -> None:
    """Write what was learned; a worker of pytest-xdist hands it to the controller instead.

    :raises pytest.UsageError: the file cannot be written.
    """
    checker = _made()
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = _figures(checker) if checker else None
    else:
        learned = [line for part in config.stash.get(_workers, []) for line in part["lines"]]
        _save(checker, learned)
    if checker is not None:
        checker.catalog.close()


def _save(checker: Checker | None, learned: list[dict[str, Any]]) -> None:
    if checker is None and learned:
        from understudy.catalog import active

        checker = active.checker()
    if checker is None:
        return
    # Not before: this imports the script, which most runs without a fake never need.
    from understudy.catalog.errors import CatalogError

    try:
        checker.catalog.add_lines(learned)
        checker.catalog.save()
    except CatalogError as error:
        raise pytest.UsageError(str(error)) from error


def take_over(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """On the controller: keep what a worker sent; one that crashed sent nothing."""
    if output.get(_OUTPUT):
        config.stash.setdefault(_workers, []).append(output[_OUTPUT])


def checked(config: pytest.Config) -> set[str]:
    """The statements of this run, workers included, whose meaning PostgreSQL has checked."""
    return {each for part in _parts(config) for each in part["checked"]}


def _parts(config: pytest.Config) -> list[Mapping[str, Any]]:
    checker = _made()
    return [*([_figures(checker)] if checker else []), *config.stash.get(_workers, [])]


def summary(config: pytest.Config, verbose: bool) -> list[str]:
    """Return the lines that say how far the statements of this run were checked."""
    parts = _parts(config)
    if not parts:
        return []
    parsed = {each for part in parts for each in part["parsed"]}
    unchecked = {name: why for part in parts for name, why in part["unchecked"].items()}
    learned = {line["sql"] for part in parts for line in part["lines"]}
    return messages.checked_lines(checked(config), parsed, unchecked, len(learned), verbose)


def _made() -> Checker | None:
    active = sys.modules.get(_ACTIVE)
    return None if active is None else active.made()


def _figures(checker: Checker) -> dict[str, Any]:
    coverage = checker.coverage
    return {
        "lines": checker.catalog.new_lines(),
        "checked": sorted(coverage.checked),
        "parsed": sorted(coverage.parsed),
        "unchecked": coverage.unchecked,
    }


def _fp(files: Sequence[Path]) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
