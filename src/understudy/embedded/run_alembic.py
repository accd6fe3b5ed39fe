"""Run in a process of its own by `alembic`: bring a database to the newest migration.

Every engine of this process connects to our database, whatever URL env.py gives it: a project's
env.py often takes the URL from its settings, and those name a database with data in it.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from understudy.embedded.schema_alembic import DSN_VARIABLE, INI_VARIABLE


def main() -> None:
    """Do it; whatever goes wrong ends the process with a traceback."""
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
        ours, settings = dialect.create_connect_args(
            url.set(drivername=f"postgresql+{dialect.driver}")
        )
        args[:] = ours
        # What is no address is kept: how statements are prepared, and with which settings.
        for name in (
            "host",
            "port",
            "user",
            "password",
            "database",
            "dbname",
            "dsn",
            "ssl",
            "sslmode",
            "passfile",
            "service",
            "conninfo",
        ):
            parameters.pop(name, None)
        parameters.update(settings)

    config = Config(os.environ[INI_VARIABLE])
    driver = _driver(config.get_main_option("sqlalchemy.url") or "")
    shown = url.set(drivername=driver).render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", shown.replace("%", "%%"))
    command.upgrade(config, "head")


def _driver(configured: str) -> str:
    """The driver that alembic.ini names where it is installed, else psycopg: sync and async."""
    scheme = configured.partition("://")[0]
    dialect, _, driver = scheme.partition("+")
    if dialect in ("postgresql", "postgres") and driver and importlib.util.find_spec(driver):
        return f"postgresql+{driver}"
    return "postgresql+psycopg"


if __name__ == "__main__":
    main()
