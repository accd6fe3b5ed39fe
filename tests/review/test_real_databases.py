"""What a review says of tests on SQLAlchemy and on real_postgres: it runs them as pytest does."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.review.reviewer import review
from understudy.review.suite_runs import Runner

from .conftest import write

FILES = {
    "pyproject.toml": """
        [tool.understudy]
        schema = ["schema.sql"]

        [tool.pytest.ini_options]
        pythonpath = ["."]
        asyncio_mode = "auto"
        asyncio_default_fixture_loop_scope = "function"
        """,
    "schema.sql": "CREATE TABLE users (name text PRIMARY KEY);",
    "app/users_dao.py": """
        from sqlalchemy import text


        async def insert(session, name):
            await session.execute(text("INSERT INTO users (name) VALUES (:name)"), {"name": name})
        """,
    "app/users_service.py": """
        from sqlalchemy.exc import IntegrityError

        from app import users_dao


        async def add(session, name):
            try:
                await users_dao.insert(session, name)
            except IntegrityError:
                return None
            return name
        """,
    "tests/test_users_service.py": """
        from sqlalchemy.ext.asyncio import AsyncSession

        from app.users_service import add


        async def test_add_taken_name_is_refused(real_postgres):
            real_postgres.insert("users", name="Ana")

            async with AsyncSession(real_postgres.sqlalchemy.engine()) as session:
                assert await add(session, "Bia") == "Bia"
                assert await add(session, "Ana") is None
        """,
}


@pytest.mark.slow
def test_the_only_test_of_a_module_that_awaits_a_greenlet(tmp_path: Path) -> None:
    """It runs twice with a fixture of its own each time, and every line after `await` counts."""
    project = write(tmp_path / "project", FILES)
    runner = Runner(project, tmp_path, None, 120.0)

    (found,) = review(project, ["app.users_service"], runner, lambda step: None, seed=4)

    assert [(answer.item.name, answer.evidence) for answer in found.wrong] == []
    assert found.covered == 100
