"""A killed backend costs the test that killed it; a killed server is started again."""

from __future__ import annotations

import re

import psycopg  # noqa: F401 # loaded once: pytester unloads what an inner run loads
import pytest

import understudy.fakes  # the same
import understudy.plugin.databases  # noqa: F401 # the same
from tests.plugin.conftest import Project

_HELPERS = """
    import os
    import signal
    import time
    from pathlib import Path

    import psycopg
    import pytest

    def ask(postgres, statement):
        with psycopg.connect(postgres.dsn, autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    def crash(postgres, statement):
        with pytest.raises(psycopg.OperationalError):
            ask(postgres, statement)
            ask(postgres, "SELECT 1")

    def server_pid(postgres):
        [(folder,)] = ask(postgres, "SELECT current_setting('data_directory')")
        return int((Path(folder) / "postmaster.pid").read_text().split()[0])

    def wait_until_it_is_gone(postgres):
        for _ in range(1000):
            try:
                ask(postgres, "SELECT 1")
            except psycopg.OperationalError:
                return
            time.sleep(0.01)

    def works(postgres):
        assert ask(postgres, "SELECT count(*) FROM users") == [(0,)]

"""
_KILLS = {
    "its own backend": "crash(real_postgres, 'SELECT pg_terminate_backend(pg_backend_pid())')",
    "every backend": (
        "crash(real_postgres, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity')"
    ),
    "a backend, hard": (
        "[(pid,)] = ask(real_postgres, 'SELECT pg_backend_pid()')\n"
        "        os.kill(pid, signal.SIGKILL)\n"
        "        wait_until_it_is_gone(real_postgres)"  # until the server has noticed
    ),
    "the server": (
        "os.kill(server_pid(real_postgres), signal.SIGKILL)\n"
        "        wait_until_it_is_gone(real_postgres)"
    ),
}


@pytest.mark.parametrize(
    ("isolation", "arguments"),
    [
        ("rollback", []),
        ("clone", []),
        pytest.param("rollback", ["-n1"], marks=pytest.mark.slow),
        pytest.param("clone", ["-n1"], marks=pytest.mark.slow),
    ],
)
def test_the_next_test_has_a_database(
    project: Project, isolation: str, arguments: list[str]
) -> None:
    project.configure(f"[tool.understudy]\nschema = ['a.sql']\nisolation = '{isolation}'")
    project.write_text(project.path / "a.sql", "CREATE TABLE users (name text)")
    tests = [_HELPERS]
    for number, kill in enumerate(_KILLS.values()):
        tests.append(f"""
    def test_{number}_kills(real_postgres):
        works(real_postgres)
        {kill}

    def test_{number}_next(real_postgres):
        works(real_postgres)

    def test_{number}_new_statement(fake_postgres):
        statement = "SELECT name AS n{number} FROM users"  # PostgreSQL has to describe it
        fake_postgres.on(statement).row(n{number}="Ana")
        assert ask(fake_postgres, statement) == [("Ana",)]
""")
    project.write(test_it="".join(tests))

    result = project.run(*arguments)

    # Rolled back, a test may not terminate backends at all.
    hit = re.findall(r"^(?:FAILED|ERROR) .*::(\w+)", result.stdout.str(), re.M)
    assert [name for name in hit if not name.endswith("_kills")] == []
    assert result.parseoutcomes()["passed"] >= 2 * len(_KILLS) + 2
    assert result.stdout.str().count("the embedded PostgreSQL ended during the run (1 time) ") == 1
