"""Whole runs of a sweep on MySQL."""

from __future__ import annotations

import pytest

from tests.mysql_places import installation_or_skip

from .conftest import PYPROJECT, Swept

pytestmark = pytest.mark.slow

SETTINGS = (
    PYPROJECT.replace("schema =", "mysql_schema =")
    .replace("real_postgres_env", "real_mysql_env")
    .replace("{dsn}", "{dsn:aiomysql}")
    .replace('"asyncpg"', '"aiomysql"')
    .replace(
        'fixture_loop_scope = "function"',
        'fixture_loop_scope = "session"\n    asyncio_default_test_loop_scope = "session"',
    )
)
SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE);
CREATE TABLE orders (
    user_id INT NOT NULL, amount INT CHECK (amount > 0),
    CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES users (id)
);
INSERT INTO users (email) VALUES ('ana');
"""
# The engine of the module outlives the tests, and one of the routes hides errors.
APP = """
    import os

    from fastapi import FastAPI, HTTPException
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError, OperationalError
    from sqlalchemy.ext.asyncio import create_async_engine

    app = FastAPI()
    engine = create_async_engine(os.environ["DATABASE_URL"])

    @app.post("/orders", status_code=201)
    async def order(user: int, amount: int):
        try:
            async with engine.begin() as connection:
                statement = "INSERT INTO `orders` (user_id, amount) VALUES (:user, :amount)"
                await connection.execute(text(statement), {"user": user, "amount": amount})
        except (IntegrityError, OperationalError) as error:
            code = error.orig.args[0]
            raise HTTPException({1452: 404, 4025: 422}.get(code, 503), str(error.orig)) from None

    @app.post("/users", status_code=201)
    async def add(email: str):
        try:
            async with engine.begin() as connection:
                await connection.execute(
                    text("INSERT INTO users (email) VALUES (:email)"), {"email": email}
                )
        except IntegrityError:
            pass
"""
TEST = """
    async def test_order(async_client, real_mysql):
        assert (await async_client.post("/orders?user=1&amount=5")).status_code == 201

    async def test_add(async_client, real_mysql):
        assert (await async_client.post("/users?email=o'neill@x")).status_code == 201
"""


@pytest.fixture
def mysql_swept(swept: Swept) -> Swept:
    installation_or_skip()
    swept.write(APP, TEST, SETTINGS)
    (swept.path / "schema.sql").write_text(SCHEMA, encoding="utf-8")
    return swept


def test_constraints_and_new_connections_fail(mysql_swept: Swept) -> None:
    report = mysql_swept.report("--understudy-sweep=refused,1040,1452,4025,1048", "-k", "order")

    assert report.startswith("5 faults of 5 at 2 calls in ... s: 1 x 404, 1 x 422, 3 x 503\n"), (
        report
    )
    assert mysql_swept.answers == (
        "POST /orders, INSERT orders, 1452 -> 404\n"
        "POST /orders, INSERT orders, 4025 -> 422\n"
        "POST /orders, INSERT orders, 1048 -> 503\n"
        "POST /orders, connect, refused -> 503\n"
        "POST /orders, connect, 1040 -> 503\n"
    )


def test_a_finding_becomes_a_test(mysql_swept: Swept) -> None:
    report = mysql_swept.report("--understudy-sweep=1062", "--understudy-sweep-write")
    written = (mysql_swept.path / "tests/test_shop.py").read_text(encoding="utf-8")
    result = mysql_swept.run("-k", "fails_with")

    assert "Duplicate entry 'o'neill@x' for key 'email' (23000)" in report.replace("\n    ", " ")
    assert (
        '    real_mysql.on("INSERT INTO users (email) VALUES (%s)").raises(\n'
        '        db_error(1062, key="email")\n'
        "    ).times(1)\n"
    ) in written
    result.assert_outcomes(failed=1)  # until the app no longer hides the error
    assert "assert 201 >= 400" in result.stdout.str()


def test_a_scripted_server_needs_no_real_one(
    mysql_swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = """
        async def test_add(async_client, fake_mysql):
            fake_mysql.on("INSERT INTO users (email) VALUES (%s)", "ana").affected(1)

            assert (await async_client.post("/users?email=ana")).status_code == 201
    """
    settings = SETTINGS.replace("real_mysql_env", "fake_mysql_env")
    mysql_swept.write(APP, test, settings)
    (mysql_swept.path / "schema.sql").write_text(SCHEMA, encoding="utf-8")
    mysql_swept.run("tests").assert_outcomes(passed=1)  # the catalog is kept
    monkeypatch.setenv("UNDERSTUDY_MYSQL_BINARIES", str(mysql_swept.path))  # where there is none

    report = mysql_swept.report("--understudy-sweep=1205,1213,1062")

    assert report.startswith("2 faults of 2 at 1 call in ... s: 2 x 500\n")
