"""The command-line flags, and the settings of a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from understudy.plugin.settings import (
    DRIVERS,
    ENVIRONMENTS,
    KEYS,
    Settings,
    SettingsError,
    flag,
    in_file,
    load,
)

SETTINGS = pytest.StashKey[Settings]()

_FLAGS = {
    "app": 'the ASGI app, or a factory of one, as "module:attribute"',
    "schema": "the database schema: a glob of SQL files, 'alembic', 'module:function' or the URL of"
    " a database; may be given more than once",
    "catalog": "the file that stores PostgreSQL's descriptions of statements",
    "check_statements": "what to do with a statement that PostgreSQL refuses: error, warn or off",
    "check_parameters": "the same for parameters that the driver would refuse",
    "check_answers": "the same for an answer that the statement could not return",
    "check_errors": "the same for a scripted error that the statement could not raise",
    "check_calls": "the same for calls on a fake that no test checks",
    "check_coroutines": "the same for coroutines that were never awaited",
    "check_loop": "the same for an event loop that was blocked",
    "check_state": "the same for a test that changes state that later tests see",
    "check_tasks": "the same for tasks that a test leaves running",
    "check_transactions": "the same for transactions left open on a fake without a script",
    "check_response_before_commit": "the same for a response that left before the COMMIT",
    "check_success_despite_error": "the same for a 2xx response although a statement failed",
    "check_commit_despite_failure": "the same for writes of a request that answered 500 or above",
    "check_statement_after_response": "the same for a statement after the response",
    "blocked_after": "the number of milliseconds for which an event loop may be blocked",
    "driver": f"the driver whose exceptions `db_error` makes: {', '.join(DRIVERS)}",
    "locale": "the locale of the `faker` fixture",
    "postgres_url": "a PostgreSQL server to use instead of starting one",
    "postgres_version": "the major version of the PostgreSQL to start, such as 16",
    "postgres_binaries": "the folder of the PostgreSQL to start, with `bin` in it",
    "isolation": "how `real_postgres` keeps tests apart: rollback, clone, or auto (the default):"
    " rolled back, and again on a clone if that is not enough",
    "fake_postgres_env": "an environment variable that points the app at `fake_postgres`, as"
    " 'NAME={dsn}'; may be given more than once",
    "real_postgres_env": "the same for `real_postgres`",
    "real_sqlite_env": "the same for `real_sqlite`, as 'NAME={dsn:aiosqlite}'",
    "sqlite_schema": "the schema of `real_sqlite`, if it is another than `schema`",
    "fake_mysql_env": "the same for `fake_mysql`, as 'NAME={dsn:aiomysql}'",
    "real_mysql_env": "the same for `real_mysql`",
    "mysql_schema": "the schema of `real_mysql`, if it is another than `schema`",
    "mysql_url": "a MySQL or MariaDB server to use instead of starting one",
    "html": "write what happened in the run to this file, as a page to open in a browser",
    "trace": "write the same to this file as NDJSON, for programs",
    "durations": "show the statements that took the most time, as many as this number",
    "report_redact": "a column whose values are hidden in reports, such as 'password',"
    " 'users.email' or '*token*'; may be given more than once",
    "report_value_length": "the most characters of a value in reports",
    "report_events": "the most events of a test in reports",
    "report_review": "a file that `understudy review --format json` has written, for the page",
    "report_mutants": "a file that `understudy mutate --format json` has written, for the page",
}

_LISTS = (*("schema", "sqlite_schema", "mysql_schema", "report_redact"), *ENVIRONMENTS)


def add_options(parser: pytest.Parser) -> None:
    """Add the flags, each of which overrides its key in [tool.understudy]."""
    group = parser.getgroup("understudy", "understudy (overrides [tool.understudy])")
    for key, text in _FLAGS.items():
        group.addoption(
            flag(key),
            action="append" if key in _LISTS else "store",
            default=None,
            metavar=key.upper(),
            help=text,
        )
    group.addoption(
        "--understudy-show",
        action="store_true",
        help="show each statement as it happens, with its parameters, its answer and its place",
    )
    group.addoption(
        "--understudy-record",
        action="store_true",
        help="run tests that call fake_postgres.record() on a real PostgreSQL, and write their"
        " scripts in its place",
    )
    group.addoption(
        "--understudy-n-plus-one",
        action="store_true",
        help="run tests that repeat a statement again with more rows, and report what grows",
    )
    group.addoption(
        "--understudy-locked",
        action="store_true",
        help="add nothing to the catalog: a statement that is not in it fails its test (for CI)",
    )
    group.addoption(
        "--understudy-keep-databases",
        action="store_true",
        help="keep the databases of failed tests until the next run, and print their URLs",
    )
    group.addoption(
        "--understudy-sweep",
        nargs="?",
        const="",
        default=None,
        metavar="FAULTS",
        help="afterwards, let every call to the database fail once and report what the app makes of"
        " it: all faults, or some, as --understudy-sweep=40001,drop",
    )
    group.addoption(
        "--understudy-sweep-seconds",
        type=float,
        metavar="SECONDS",
        help="the time that the sweep may take; the next one goes on where it ended",
    )
    group.addoption(
        "--understudy-sweep-changed-since",
        metavar="REV",
        help="sweep only calls whose function, endpoint or test differs from a revision of git",
    )
    group.addoption(
        "--understudy-sweep-write",
        action="store_true",
        help="write a test for each finding of the sweep, after the test that shows it",
    )
    group.addoption(
        "--understudy-rebuild",
        action="store_true",
        help="load the schema again even if the server of postgres_url has a template of it",
    )
    group.addoption(
        "--understudy-sql-cov",
        action="store_true",
        help="show which SQL statements no test reached, and what no test showed of the others",
    )
    group.addoption(
        "--understudy-sql-cov-report",
        action="append",
        default=None,
        metavar="REPORT",
        help="how to report the coverage of SQL: term (the default), lcov:FILE or json:FILE; may be"
        " given more than once",
    )


def has_sweep(config: pytest.Config) -> bool:
    """Return whether the run sweeps.

    Raises:
        pytest.UsageError: a flag of the sweep is invalid, or given without it.
    """
    seconds = config.getoption("understudy_sweep_seconds")
    if seconds is not None and seconds <= 0:
        raise pytest.UsageError(
            f"--understudy-sweep-seconds: expected a number of seconds above 0, not {seconds}."
        )
    if config.getoption("understudy_sweep") is not None:
        return True
    for name in ("seconds", "changed_since", "write"):
        if config.getoption(f"understudy_sweep_{name}"):
            raise pytest.UsageError(
                f"{flag(f'sweep_{name}')} is for a sweep: give --understudy-sweep, too."
            )
    return False


def read_settings(config: pytest.Config) -> Settings:
    """Return the settings of this run.

    Raises:
        pytest.UsageError: a key or a value is invalid.
    """
    known = config.stash.get(SETTINGS, None)
    if known is not None:
        return known
    flags = {key: _given(config, key) for key in KEYS}
    try:
        settings = load(config.rootpath, _file(config), flags)
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SETTINGS] = settings
    return settings


def origin(config: pytest.Config, key: str) -> str:
    """Return the source of a setting for messages: the flag, or the key in the file."""
    return in_file(_file(config), key) if _given(config, key) is None else flag(key)


def given_path(config: pytest.Config, key: str) -> Path | None:
    """Return the path of a setting: a flag's is relative to where pytest was started."""
    settings = read_settings(config)
    value = getattr(settings, key)
    base = settings.root if _given(config, key) is None else config.invocation_params.dir
    return None if value is None else base / value


def _file(config: pytest.Config) -> Path:
    """Return the pyproject.toml that is pytest's ini file, else the one in pytest's rootdir."""
    ini = config.inipath
    if ini is not None and ini.name == "pyproject.toml":
        return ini
    return config.rootpath / "pyproject.toml"


def _given(config: pytest.Config, key: str) -> object:
    # Settings are read before the first conftest.py, when only known arguments are parsed.
    return getattr(config.known_args_namespace, f"understudy_{key}", None)


def make_importable(config: pytest.Config, root: Path) -> None:
    """Put the project's root first on sys.path for this run, unless it is there already.

    `app = "src.main:app"` is relative to the root, as for uvicorn, and conftest.py and the tests
    import the same modules.
    """
    path = str(root)
    if path not in sys.path:
        sys.path.insert(0, path)
        config.add_cleanup(lambda: sys.path.remove(path) if path in sys.path else None)


def set_driver(config: pytest.Config, driver: str | None) -> None:
    """Make `db_error` return exceptions of the configured driver in this run."""
    if driver is not None:
        # Imported only here: a project without a configured driver may not use the script.
        from understudy.script import database_errors

        before = database_errors.configured
        database_errors.configured = cast("database_errors.Driver", driver)  # checked on reading
        config.add_cleanup(lambda: setattr(database_errors, "configured", before))


def skip_packages(config: pytest.Config, names: Sequence[str]) -> None:
    """Skip packages of the project when the line of a call is looked for, in this run.

    Raises:
        pytest.UsageError: a name is not that of a package.
    """
    for name in names:
        if not name.isidentifier():
            raise pytest.UsageError(
                f"pytest_understudy_packages: {name!r} is not the name of a package. "
                "Return top-level names, such as ['acme_db']."
            )
    from understudy.script import origin

    before = origin.between
    origin.skip(before | frozenset(names))
    config.add_cleanup(lambda: origin.skip(before))


def header(version: str, settings: Settings) -> str:
    """Return the line for pytest's header: the version and the configuration."""
    parts = [version]
    for key in ("app", "driver", "locale", "catalog", "postgres_version", "postgres_binaries"):
        value = getattr(settings, key)
        if value is not None:
            parts.append(f"{key} {value}")
    for key in ("schema", "sqlite_schema", "mysql_schema"):
        if getattr(settings, key):
            parts.append(f"{key} {' '.join(getattr(settings, key))}")
    for key in ENVIRONMENTS:
        if getattr(settings, key):
            parts.append(f"{key} {' '.join(getattr(settings, key))}")
    for key in ("html", "trace"):
        if getattr(settings, key):
            parts.append(f"{key} {getattr(settings, key)}")
    if settings.report_redact:
        parts.append(f"report_redact {' '.join(settings.report_redact)}")
    if settings.isolation != "auto":
        parts.append(f"isolation {settings.isolation}")
    if settings.postgres_url is not None:
        parts.append("postgres_url given")  # it may hold a password
    if settings.mysql_url is not None:
        parts.append("mysql_url given")
    return f"understudy: {', '.join(parts)}"
