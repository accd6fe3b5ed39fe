"""Environment variables that choose a server and folders, and the hints that name them."""

import os

URL_VARIABLE = "UNDERSTUDY_POSTGRES_URL"
CACHE_VARIABLE = "UNDERSTUDY_CACHE_DIR"
DATA_VARIABLE = "UNDERSTUDY_DATA_DIR"

INSTALL_HINT = 'Run: pip install "understudy[postgres]"'
OWN_SERVER_HINT = (
    f"To use a PostgreSQL that is already running, set {URL_VARIABLE}, "
    "for example to postgresql://user:password@localhost:5432/postgres."
)


def without_pg_variables() -> dict[str, str]:
    """Return the environment without the variables that PostgreSQL's programs and drivers read."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


# The result of `SHOW cluster_name` on the embedded server, which identifies it.
CLUSTER_NAME = "understudy"
