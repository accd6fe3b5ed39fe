"""The rules about a request in a run: their levels, their warnings, and whose clients they see."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import Project

APP = """
    import os, psycopg
    from fastapi import Depends, FastAPI

    app = FastAPI()

    def get_db():
        with psycopg.connect(os.environ["URL"]) as connection:
            yield connection

    @app.post("/users", status_code=201)
    def add(connection = Depends(get_db)):
        connection.execute("INSERT INTO users (name) VALUES ('Ana')")
"""
SETTINGS = """
    [tool.understudy]
    app = "src.main:app"
    fake_postgres_env = {{ URL = "{{dsn}}" }}
    {}
"""
TEXT = """\
POST /users answered 201 before the COMMIT of what it wrote
    written at: src/main.py:13 in add
      INSERT INTO users (name) VALUES ('Ana')
    answered by: src/main.py:11 in add
    COMMIT, after the response, at: src/main.py:8 in get_db
  FastAPI runs what follows the `yield` after the response, and if COMMIT fails, the client has \
been told of a success.
  Run it before: Depends(get_db, scope="function"), or commit in the endpoint."""


@pytest.fixture
def suite(project: Project) -> Project:
    project.configure(SETTINGS.format(""))
    return project.write(
        src__main=APP,
        test_it="""
            import pytest
            from fastapi.testclient import TestClient

            @pytest.fixture
            def rules(fake_postgres):
                fake_postgres.on("INSERT INTO users ...").tag("INSERT 0 1")

            def test_fixture(client, rules):
                client.post("/users")

            def test_twice(app, rules):
                own = TestClient(app)
                own.post("/users")
                own.post("/users")

            @pytest.mark.understudy(check_response_before_commit="off")
            class TestKnown:
                def test_off(self, client, rules):
                    client.post("/users")

                @pytest.mark.understudy(check_response_before_commit="error")
                def test_nearest(self, client, rules):
                    client.post("/users")

            def test_failing(client, rules):
                client.post("/users")
                assert False
        """,
    )


def test_warnings_and_the_marker(suite: Project) -> None:
    result = suite.run("-W", "default", "-W", "ignore::DeprecationWarning")
    result.assert_outcomes(passed=4, failed=1, errors=1, warnings=2)
    text = result.stdout.str()
    assert text.count("UnderstudyWarning: " + TEXT) == 2
    assert text.count("  (And 1 more of this kind in the same test.)") == 1
    failed = re.search(
        r"ERROR at teardown of TestKnown.test_nearest _+\n(.*?)\n[_=]{3}", text, re.S
    )
    assert failed is not None
    assert failed[1] == TEXT.replace("\n  ", "\n")


@pytest.mark.parametrize(("level", "errors"), [("error", 3), ("off", 1)])
def test_levels_of_a_run(suite: Project, level: str, errors: int) -> None:
    suite.configure(SETTINGS.format(f'check_response_before_commit = "{level}"'))
    result = suite.run("-W", "default", "-W", "ignore::DeprecationWarning")
    result.assert_outcomes(passed=4, failed=1, errors=errors)


def test_a_level_that_is_none(suite: Project) -> None:
    result = suite.run("--understudy-check-success-despite-error=sometimes")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "ERROR: --understudy-check-success-despite-error: 'sometimes' is none of error, warn, off."
    ) in result.stderr.str()


def test_requests_of_a_suite_that_starts_the_server_for_the_session(suite: Project) -> None:
    suite.configure(
        """
        [tool.understudy]
        app = "src.main:app"
        schema = "schema:create"
        real_postgres_env = { URL = "{dsn}" }
        """
    ).write(
        schema="""
            import psycopg

            def create(dsn):
                with psycopg.connect(dsn) as connection:
                    connection.execute("CREATE TABLE users (name text)")
        """,
        test_it="""
            import pytest
            from fastapi.testclient import TestClient
            from src.main import app

            @pytest.fixture(scope="module")
            def own_client(real_postgres_server):
                return TestClient(app)

            def test_early(own_client):
                own_client.post("/users")

            def test_silent(own_client):
                pass

            @pytest.mark.understudy(max_statements=0)
            def test_budget(own_client):
                own_client.post("/users")
        """,
    )
    result = suite.run("-W", "default", "-W", "ignore::DeprecationWarning", "-p", "no:randomly")
    result.assert_outcomes(passed=2, failed=1, warnings=2)
    text = result.stdout.str()
    assert text.count("UnderstudyWarning: " + TEXT) == 2
    assert "TooManyStatements: 1 statement was sent" in text
