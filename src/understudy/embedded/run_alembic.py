"""Upgrade a database with Alembic, in a process of its own.

Every SQLAlchemy engine in this process connects to that database, regardless of the URL or the
`creator` in env.py: a project's env.py often takes the URL from its settings, which may name a
database with data.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import os
from pathlib import Path
from typing import Any

from understudy.embedded.connection_guard import replace_everywhere
from understudy.embedded.guarded_process import run_guarded
from understudy.embedded.schema_alembic import INI_VARIABLE

_ADVICE = (
    "Use the connection of the migration, op.get_bind(), or the URL in "
    'context.config.get_main_option("sqlalchemy.url").'
)
# Of PostgreSQL, psycopg is both.
_ASYNC = {
    "mysql": ("aiomysql", "asyncmy"),
    "mariadb": ("aiomysql", "asyncmy"),
    "sqlite": ("aiosqlite",),
}
_NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MySQL"}
# The arguments of the drivers that are part of the address, or of how to reach it.
_ADDRESS = (
    "host hostaddr port user password database dbname dsn conninfo service servicefile passfile "
    "unix_sock target_session_attrs load_balance_hosts require_auth requirepeer channel_binding "
    "gssencmode gsslib krbsrvname direct_tls ssl ssl_context sslmode sslnegotiation sslcert sslkey "
    "sslpassword sslrootcert sslcertmode sslcrl sslcrldir "
    "db passwd unix_socket named_pipe read_default_file read_default_group"
)


def main(dsn: str) -> None:
    """Run `alembic upgrade heads`, as its command line does."""
    from alembic import command  # type: ignore[import-not-found,unused-ignore] # no dependency
    from alembic.config import (  # type: ignore[import-not-found,unused-ignore] # the same
        CommandLine,
        Config,
    )
    from sqlalchemy.engine import make_url  # type: ignore[import-not-found,unused-ignore] # same

    url = make_url(dsn)
    _redirect_engines(url)
    config = _config(Config, CommandLine().parser, Path(os.environ[INI_VARIABLE]))
    _escape_urls(Config)
    configured = config.file_config.get(
        config.config_ini_section, "sqlalchemy.url", raw=True, fallback=""
    )
    driver = _DRIVERS[url.get_backend_name()](configured)
    shown = url.set(drivername=driver).render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", shown)
    command.upgrade(config, "heads")


def _config(config_class: Any, parser: Any, file: Path) -> Any:
    # env.py may read the options of the command line, and get_x_argument() does.
    options = parser.parse_args(["upgrade", "heads"])
    is_toml = file.name == "pyproject.toml"
    ini = file.with_name("alembic.ini") if is_toml else file
    arguments = {"file_": str(ini) if ini.exists() else None, "cmd_opts": options}
    # Since Alembic 1.16.
    if "toml_file" in inspect.signature(config_class).parameters:
        arguments["toml_file"] = str(file) if is_toml else "pyproject.toml"
    return config_class(**arguments)


def _redirect_engines(url: Any) -> None:
    """Make every engine connect to the URL, and ignore functions that make connections."""
    from sqlalchemy import event  # type: ignore[import-not-found,unused-ignore] # no dependency
    from sqlalchemy.engine import (  # type: ignore[import-not-found,unused-ignore] # the same
        Engine,
        create,
        make_url,
    )

    @event.listens_for(Engine, "do_connect")  # type: ignore[untyped-decorator,unused-ignore] # its
    def connect(dialect: Any, record: object, args: object, parameters: dict[str, Any]) -> Any:
        wanted = url.get_backend_name()
        if dialect.name.replace("mariadb", "mysql") != wanted:
            raise RuntimeError(
                f"env.py connects to {dialect.name}; Understudy can only load a "
                f"{_NAMES[wanted]} schema"
            )
        arguments, settings = dialect.create_connect_args(
            url.set(drivername=f"{wanted}+{dialect.driver}")
        )
        others = {name: parameters[name] for name in parameters.keys() - set(_ADDRESS.split())}
        # Connected here, so that no listener of the project changes the address.
        return dialect.connect(*arguments, **{**others, **settings})

    original = create.create_engine

    @functools.wraps(original)
    def create_engine(url: Any, *arguments: Any, **options: Any) -> Engine:
        options.pop("creator", None)
        if options.get("_is_async"):
            url = _async_url(make_url(url))
        return original(url, *arguments, **options)

    # sqlalchemy.ext.asyncio, which takes greenlet, finds this function when env.py imports it.
    replace_everywhere("sqlalchemy", original, create_engine)


def _async_url(url: Any) -> Any:
    """Return a URL for `create_async_engine`, which env.py may give the URL of the migration."""
    if url.get_dialect().is_async:
        return url
    installed = filter(importlib.util.find_spec, _ASYNC.get(url.get_backend_name(), ()))
    driver = next(installed, None)
    return url if driver is None else url.set(drivername=f"{url.get_backend_name()}+{driver}")


def _escape_urls(config_class: Any) -> None:
    """Accept a `%` in a URL that env.py sets: configparser reads it as an interpolation."""
    original = config_class.set_main_option

    @functools.wraps(original)
    def set_main_option(config: Any, name: str, value: str) -> None:
        try:
            original(config, name, value)
        except ValueError:
            original(config, name, value.replace("%", "%%"))

    config_class.set_main_option = set_main_option


def _sqlite_driver(configured: str) -> str:
    """Return the driver in alembic.ini if it is one for SQLite, else sqlite3."""
    scheme = configured.partition("://")[0]
    return scheme if scheme.startswith("sqlite") else "sqlite"


def _mysql_driver(configured: str) -> str:
    """Return the driver in alembic.ini if it is one for MySQL and installed, else PyMySQL."""
    scheme = configured.partition("://")[0]
    dialect, _, driver = scheme.partition("+")
    is_known = dialect in ("mysql", "mariadb") and driver and importlib.util.find_spec(driver)
    return f"mysql+{driver}" if is_known else "mysql+pymysql"


def _driver(configured: str) -> str:
    """Return the driver in alembic.ini if it is installed, else one that SQLAlchemy can use."""
    scheme = configured.partition("://")[0]
    dialect, _, driver = scheme.partition("+")
    if dialect in ("postgresql", "postgres") and driver and importlib.util.find_spec(driver):
        return f"postgresql+{driver}"
    # psycopg is both sync and async, but SQLAlchemy 1.4 does not know it.
    for name in ("psycopg", "psycopg2", "asyncpg"):
        module = f"sqlalchemy.dialects.postgresql.{name}"
        if importlib.util.find_spec(name) and importlib.util.find_spec(module):
            return f"postgresql+{name}"
    return "postgresql+psycopg"


_DRIVERS = {"postgresql": _driver, "sqlite": _sqlite_driver, "mysql": _mysql_driver}

if __name__ == "__main__":
    run_guarded(main, _ADVICE)
