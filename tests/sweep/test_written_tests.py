"""The test that a finding becomes."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from understudy.sweep.oracle import Finding, Verdict
from understudy.sweep.plan import plan
from understudy.sweep.written_tests import NotWritten, Origin, with_test

from .helpers import INSERT, SCHEMAS, Recorder

SWALLOWED = Finding("success-despite-error", "POST /users answered 201 although it failed", "")


def written(
    source: str,
    name: str,
    *,
    fault: str = "40001",
    finding: Finding = SWALLOWED,
    status: str | None = None,
    fixture: str = "real_postgres",
    before: int = 0,
    **parameters: Any,
) -> str:
    recorder = Recorder().begins("POST", "/users")
    for _ in range(before + 1):
        recorder.asks(INSERT, "a")
    run = recorder.answers(201).run
    trial = next(each for each in plan({"test": run}, (fault,), SCHEMAS))
    verdict = Verdict(trial, "test", trial.candidates[0][1], "201", (finding,))
    origin = Origin(name, parameters, fixture, run.events)
    return with_test(dedent(source).lstrip("\n"), origin, verdict, finding, status)


def test_a_method_with_types_keeps_its_style() -> None:
    source = '''
        """Users."""

        import pytest
        from httpx import AsyncClient


        class TestUsers:
            @pytest.mark.asyncio
            async def test_create(self, api: AsyncClient) -> None:
                """A user is created."""
                body = {"email": "ana"}  # as the form sends it

                response = await api.post("/users", json=body)

                assert response.status_code == 201
    '''

    new = written(source, "TestUsers.test_create", status="503", before=1)

    assert new == dedent(source).lstrip("\n").rstrip(" ").replace(
        "import pytest\nfrom httpx import AsyncClient\n",
        "from typing import Any\n\nimport pytest\nfrom httpx import AsyncClient\n"
        "from understudy import db_error\n",
    ) + (
        "\n"
        "    @pytest.mark.asyncio\n"
        "    async def test_create_when_insert_users_fails_with_40001(\n"
        "        self, api: AsyncClient, real_postgres: Any\n"
        "    ) -> None:\n"
        '        """POST /users answered 201 although it failed."""\n'
        '        body = {"email": "ana"}  # as the form sends it\n'
        "\n"
        '        real_postgres.on("INSERT INTO users (email) VALUES ($1)")'
        ".real().times(1).then.raises(\n"
        '            db_error("40001")\n'
        "        ).times(1)\n"
        '        response = await api.post("/users", json=body)\n'
        "\n"
        "        assert response.status_code == 503\n"
    )


def test_a_request_inside_a_block_and_an_assertion() -> None:
    source = """
        from app import make

        def test_create(real_postgres):
            with make() as client:
                assert client.post("/users?email=a").status_code == 201
    """

    new = written(source, "test_create", fault="23505")

    assert new.endswith(
        dedent("""

        def test_create_when_insert_users_fails_with_23505_users_email_key(real_postgres):
            \"\"\"POST /users answered 201 although it failed.\"\"\"
            with make() as client:
                real_postgres.on("INSERT INTO users (email) VALUES ($1)").raises(
                    db_error("23505", constraint="users_email_key", table="users")
                ).times(1)
                response = client.post("/users?email=a")

            assert response.status_code >= 400
        """)
    )


def test_a_parametrized_test_is_written_for_its_values() -> None:
    source = """
        import pytest

        @pytest.mark.parametrize("path", ["/users"])
        def test_create(client, fake_postgres, path):
            fake_postgres.on("INSERT ...").tag("INSERT 0 1")
            client.post(path)
    """
    leak = Finding("leak", "left", "")

    new = written(source, "test_create", fixture="fake_postgres", finding=leak, path="/users")

    assert new.endswith(
        dedent("""

        def test_create_users_when_insert_users_fails_with_40001(client, fake_postgres):
            \"\"\"left.\"\"\"
            path = "/users"
            fake_postgres.on("INSERT ...").tag("INSERT 0 1").optional()
            fake_postgres.on("INSERT INTO users (email) VALUES ($1)").raises(
                db_error("40001")
            ).times(1)
            with contextlib.suppress(Exception):  # what the app does not handle
                client.post(path)
        """)
    )
    assert new.startswith("import contextlib\n\nimport pytest\nfrom understudy import db_error\n")


def test_it_is_written_once() -> None:
    source = 'def test_create(client, real_postgres):\n    client.post("/users")\n'

    once = written(source, "test_create")

    assert written(once, "test_create") == once


@pytest.mark.parametrize(
    ("source", "finding", "reason"),
    [
        ("create(client)", SWALLOWED, "its test sends POST /users in a function of its own"),
        (
            "client.post('/users')",
            Finding("hang", "", ""),
            "a test that is not async cannot limit its time",
        ),
    ],
)
def test_what_cannot_be_written(source: str, finding: Finding, reason: str) -> None:
    with pytest.raises(NotWritten) as caught:
        written(f"def test_a(client):\n    {source}\n", "test_a", finding=finding)

    assert str(caught.value) == reason


def test_a_test_that_is_not_in_the_file() -> None:
    with pytest.raises(NotWritten, match=r"^its test is not a function of the file$"):
        written("def test_b():\n    pass\n", "test_a")
