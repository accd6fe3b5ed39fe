"""Upgrade a database with Alembic, in a process of its own.

Every SQLAlchemy engine in this process connects to that database, regardless of the URL in env.py:
a project's env.py often takes the URL from its settings, which may name a database with data.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from understudy.embedded.schema_alembic import INI_VARIABLE
from understudy.embedded.subprocesses import DSN_VARIABLE

# The arguments of the drivers that are part of the address.
_ADDRESS = "host port user password database dbname dsn ssl sslmode passfile service conninfo"


def main() -> None:
    """Run `alembic upgrade head`. An error ends the process with a traceback."""
    from alembic import command  # type: ignore[import-not-found,unused-ignore] # no dependency
    from alembic.config import Config  # type: ignore[import-not-found,unused-ignore] # the same
    from sqlalchemy import event  # type: ignore[import-not-found,unused-ignore] # the same
    from sqlalchemy.engine import (  # type: ignore[import-not-found,unused-ignore] # the same
        Engine,
        make_url,
    )

    url = make_url(os.environ[DSN_VARIABLE])

    @event.listens_for(Engine, "do_connect")  # type: ignore[untyped-decorator,unused-ignore] # its
    def redirect(dialect: Any, record: object, args: list[Any], parameters: dict[str, Any]) -> None:
        if dialect.name != "postgresql":
            raise RuntimeError(
                f"env.py connects to {dialect.name}; Understudy can only load a PostgreSQL schema"
            )
        arguments, settings = dialect.create_connect_args(
            url.set(drivername=f"postgresql+{dialect.driver}")
        )
        args[:] = arguments
        for name in _ADDRESS.split():
            parameters.pop(name, None)
        parameters.update(settings)

    config = Config(os.environ[INI_VARIABLE])
    driver = _driver(config.get_main_option("sqlalchemy.url") or "")
    shown = url.set(drivername=driver).render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", shown.replace("%", "%%"))
    command.upgrade(config, "head")


def _driver(configured: str) -> str:
    """Return the driver in alembic.ini if it is installed, else psycopg (sync and async)."""
    scheme = configured.partition("://")[0]
    dialect, _, driver = scheme.partition("+")
    if dialect in ("postgresql", "postgres") and driver and importlib.util.find_spec(driver):
        return f"postgresql+{driver}"
    return "postgresql+psycopg"


if __name__ == "__main__":
    main()
