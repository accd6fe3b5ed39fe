"""A project with a module of each kind, reviewed once for all tests of this folder."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from understudy.review.checklist_items import Answer, Item, Review
from understudy.review.reviewer import review
from understudy.review.suite_runs import Runner

# These plugins take seconds to load.
ADDOPTS = 'addopts = "-p no:randomly -p no:hypothesispytest -p no:faker"\n'
FILES: Mapping[str, str] = {
    "pyproject.toml": """
        [tool.pytest.ini_options]
        testpaths = ["tests"]
        pythonpath = ["."]
        asyncio_mode = "auto"
        asyncio_default_fixture_loop_scope = "function"
        """
    f"        {ADDOPTS}",
    "app/__init__.py": "",
    "app/dao/__init__.py": "",
    "app/dao/users.py": """
        class NotThere(Exception):
            pass


        async def name_of(conn, user_id):
            row = await conn.fetch("SELECT name FROM users WHERE id = $1", [user_id])
            if not row.result():
                raise NotThere(user_id)
            return row.result()[0]["name"]
        """,
    "tests/test_users_dao.py": '''
        from typing import Any

        import pytest
        from understudy import FakeConnection

        from app.dao.users import NotThere, name_of


        @pytest.fixture
        def conn() -> FakeConnection:
            return FakeConnection()


        async def test_name_of_returns_the_name(conn: FakeConnection) -> None:
            """The name comes from the row."""
            conn.on("SELECT name FROM users WHERE id = $1", 7).row(name="Ana")

            name: Any = await name_of(conn, 7)

            assert name == "Ana"


        async def test_name_of_nobody_raises(conn: FakeConnection) -> None:
            """An id that nobody has is an error."""
            conn.on("SELECT name FROM users WHERE id = $1", 8).rows()

            with pytest.raises(NotThere):
                await name_of(conn, 8)
        ''',
    "app/dao/orders.py": """
        async def add(conn, total):
            try:
                await conn.execute("INSERT INTO orders (total) VALUES ($1)", [total])
            except RuntimeError:
                return False
            return True


        async def remove(conn, order_id):
            await conn.execute("DELETE FROM orders WHERE id = $1", [order_id])
        """,
    "tests/test_orders_dao.py": """
        from understudy import FakeConnection

        from app.dao.orders import add


        async def test_add(capsys):
            conn = FakeConnection()
            print("adding")
            # added = await add(conn, 11)
            assert await add(conn, 12)
        """,
    "app/totals.py": """
        seen = []


        def note(value):
            seen.append(value)
            return len(seen)
        """,
    "tests/test_totals.py": """
        from app.totals import note


        def test_first():
            assert note(1) == 1


        def test_second():
            assert note(2) == 2
        """,
}


def write(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """Write a project's files, and return its folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder."""
    return write(tmp_path_factory.mktemp("reviewed").resolve())


@pytest.fixture(scope="session")
def steps() -> list[str]:
    """The steps that the review of the project reported."""
    return []


@pytest.fixture(scope="session")
def reviews(
    project: Path, steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> list[Review]:
    """The review of every module of the project."""
    runner = Runner(project, tmp_path_factory.mktemp("scratch"), None, 120.0)
    return review(project, (), runner, steps.append, seed=4)


def answer(reviews: list[Review], module: str, item: Item) -> Answer:
    """Return a module's answer to an item."""
    (found,) = [review for review in reviews if review.module == module]
    return next(answer for answer in found.answers if answer.item == item)
