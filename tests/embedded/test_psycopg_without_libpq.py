"""psycopg that is installed but cannot be imported, as without libpq, is told apart."""

from __future__ import annotations

import os
import re
import subprocess
import sys

_SCRIPT = """
from understudy import db_error
from understudy.catalog.pg_describe import DescribeConnection
from understudy.embedded.driver import connect
from understudy.fake_postgres.connectors import imported

for attempt in (
    lambda: connect("postgresql://h/d"),
    lambda: DescribeConnection("", lock_timeout=1, statement_timeout=1, silence=1).raw,
    lambda: imported("psycopg", "psycopg"),
    lambda: db_error("40001", driver="psycopg"),
):
    try:
        attempt()
    except Exception as error:
        print(error)
"""
_WHY = (
    "which is installed but cannot be imported: (its own words)\n"
    'Run: pip install "psycopg[binary]"\n'
)


def test_every_message_says_why() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        env={**os.environ, "PSYCOPG_IMPL": "c"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert re.sub("(?<=imported: ).*psycopg_c.*", "(its own words)", done.stdout) == (
        f"Working on a PostgreSQL database needs the package psycopg, {_WHY}"
        f"Asking PostgreSQL about a statement needs the package psycopg, {_WHY}"
        f"this needs psycopg, {_WHY}"
        f"db_error() makes the exceptions of psycopg, {_WHY}"
    )
