"""The configured driver is the one whose exceptions `db_error` makes."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from understudy.script import database_errors


@pytest.mark.parametrize("driver", ["asyncpg", "psqlpy", "psycopg"])
@pytest.mark.parametrize("by_flag", [True, False])
def test_db_error_is_the_configured_drivers(project: Project, driver: str, by_flag: bool) -> None:
    before = database_errors.configured
    project.write(
        test_it=f"""
            from understudy import db_error

            def test_it():
                assert type(db_error("40P01")).__module__.partition(".")[0] == {driver!r}
        """
    )
    other = "asyncpg" if driver == "psycopg" else "psycopg"
    project.configure(f'[tool.understudy]\ndriver = "{other if by_flag else driver}"')

    project.passes(*([f"--understudy-driver={driver}"] if by_flag else []))

    assert database_errors.configured is before  # a run leaves nothing behind
