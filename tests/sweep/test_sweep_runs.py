"""Whole runs of a sweep: the file, the report, the flags, and what may go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from .conftest import APP, FAULTS, PYPROJECT, SOUND, TEST, Swept

ANSWERS = """\
POST /users, INSERT users, 57014 -> 503
POST /users, INSERT users, drop -> 503
POST /users, INSERT users, 40001 -> 503
POST /users, INSERT users, 40P01 -> 503
POST /users, INSERT users, 23505 -> 409
POST /users, INSERT users, drop-after-commit -> 503
"""
SOME = "--understudy-sweep=57014,drop,40001,40P01,23505,drop-after-commit"


def test_the_first_run_writes_the_file_and_the_next_compares(swept: Swept) -> None:
    swept.write()

    first = swept.report(SOME)
    answers = swept.answers
    (swept.path / FAULTS).write_text(answers.replace("23505 -> 409", "23505 -> 422"))
    second = swept.report(SOME, "--understudy-locked")

    assert first == (
        "6 faults of 6 at 1 call in ... s: 1 x 409, 5 x 503\n"
        "tests/understudy-faults: 6 answers added\n"
        "Nothing is wrong with the answers.\n"
    )
    assert answers == ANSWERS
    assert second == (
        "6 faults of 6 at 1 call in ... s: 1 x 409, 5 x 503\n"
        "1 finding:\n"
        "\n"
        "wrong-answer: POST /users, INSERT users, 23505 users_email_key -> 409, but the accepted "
        "answer\n"
        "    is 422\n"
        "    Correct the app, or the line of the file if the new answer is right.\n"
        "    at: shop/app.py:21 in store\n"
        "    test: tests/test_shop.py::test_create\n"
    )


@pytest.mark.slow
def test_a_hidden_error_fails_the_run_until_it_is_accepted(swept: Swept) -> None:
    swept.write(APP)

    found = swept.run("--understudy-sweep=40001")
    written = (swept.path / FAULTS).exists()
    (swept.path / FAULTS).write_text("POST /users, INSERT users, 40001 -> 201\n")
    accepted = swept.run("--understudy-sweep=40001", "--understudy-locked")

    assert (found.ret, written, accepted.ret) == (1, False, 0)
    assert "success-despite-error: POST /users answered 201" in found.stdout.str()


@pytest.mark.slow
def test_a_rule_that_is_switched_off_finds_nothing(swept: Swept) -> None:
    swept.write(APP)

    report = swept.report(
        "--understudy-sweep=40001", "--understudy-check-success-despite-error=off"
    )

    assert "Nothing is wrong with the answers.\n" in report
    assert swept.answers == "POST /users, INSERT users, 40001 -> 201\n"


@pytest.mark.slow
def test_a_locked_file_lacks_a_line(swept: Swept) -> None:
    report = swept.write().report("--understudy-sweep=40001", "--understudy-locked")

    assert report == (
        "1 fault of 1 at 1 call in ... s: 1 x 503\n"
        "1 finding:\n"
        "\n"
        "not-accepted: POST /users, INSERT users, 40001 -> 503 is not in the file\n"
        "    Run the sweep without --understudy-locked, and commit the file.\n"
        "    at: shop/app.py:21 in store\n"
        "    test: tests/test_shop.py::test_create\n"
    )
    assert not (swept.path / FAULTS).exists()


@pytest.mark.slow
def test_lines_that_no_test_meets_are_removed_by_a_whole_sweep(swept: Swept) -> None:
    gone = "GET /gone, SELECT users, drop -> 503\n"
    swept.write()
    (swept.path / FAULTS).write_text(gone)

    part = swept.report("--understudy-sweep=40001")
    kept = gone in swept.answers
    whole = swept.report("--understudy-sweep")

    assert kept
    assert "1 answer added\n" in part
    assert "and 1 line removed that no test meets any more\n" in whole
    assert gone not in swept.answers


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--understudy-sweep=40002"],
            "ERROR: --understudy-sweep: '40002' is no fault of the sweep; did you mean '40001'?\n"
            "The faults are: 57014, drop, 40001, 40P01, 23505, 23503, 23514, drop-after-commit, "
            "refused, 53300, 1317, 1213, 1205, 1062, 1452, 1451, 3819, 4025, 1048, 1040.\n",
        ),
        (
            ["--understudy-sweep", "tests/test_shop.py"],
            "ERROR: --understudy-sweep: 'tests/test_shop.py' is no fault of the sweep\n"
            "The faults are: 57014, drop, 40001, 40P01, 23505, 23503, 23514, drop-after-commit, "
            "refused, 53300, 1317, 1213, 1205, 1062, 1452, 1451, 3819, 4025, 1048, 1040.\n"
            "To sweep the tests of tests/test_shop.py: pytest tests/test_shop.py "
            "--understudy-sweep\n",
        ),
        (
            ["--understudy-sweep", "--understudy-sweep-changed-since=HEAD"],
            "ERROR: --understudy-sweep-changed-since: {path} is in no git repository, so git "
            "cannot tell what has changed.\n",
        ),
        (
            ["--understudy-sweep-seconds=5"],
            "ERROR: --understudy-sweep-seconds is for a sweep: give --understudy-sweep, too.\n",
        ),
        (
            ["--understudy-sweep", "--understudy-sweep-seconds=-1"],
            "ERROR: --understudy-sweep-seconds: expected a number of seconds above 0, not -1.0.\n",
        ),
    ],
    ids=["unknown", "path", "no repository", "without a sweep", "negative"],
)
def test_a_flag_that_makes_no_sense(swept: Swept, arguments: list[str], message: str) -> None:
    result = swept.write().run(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message.replace("{path}", str(swept.path)) in result.stderr.str() + "\n"


def test_a_file_that_is_not_understood(swept: Swept) -> None:
    swept.write()
    (swept.path / FAULTS).write_text("<<<<<<< HEAD\n")

    result = swept.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"{swept.path / FAULTS}, line 1: '<<<<<<< HEAD' is not understood." in str(result.stderr)


BAD_SUITE = """
    import itertools

    import pytest

    numbers = itertools.count()

    async def test_fails(async_client, real_postgres):
        await async_client.post("/users?email=ana@example.com")
        raise AssertionError("on purpose")

    @pytest.mark.skip
    async def test_skipped(async_client, real_postgres):
        await async_client.post("/users?email=ana@example.com")

    async def test_other_each_time(async_client, real_postgres):
        for _ in range(next(numbers) + 1):
            await async_client.post("/users?email=ana@example.com")

    @pytest.mark.understudy(isolation="clone")
    async def test_on_a_clone(async_client, real_postgres):
        await async_client.post("/users?email=ana@example.com")

    @pytest.mark.parametrize("name", ["a/b::c, d -> [1]", "\\n", "é'\\"{}"])
    async def test_odd(async_client, real_postgres, name):
        await async_client.post("/users?email=ana@example.com")
"""


@pytest.mark.slow
def test_a_suite_that_is_not_sound(swept: Swept) -> None:
    report = swept.write(test=BAD_SUITE).report("--understudy-sweep=40001")

    assert "1 fault of 1 at 1 call in ... s: 1 x 503\n" in report
    assert "it did not pass: AssertionError: on purpose" in report
    assert "it did not pass: Skipped: unconditional skip" in report
    assert "it runs on a clone, where Understudy does not see its statements" in report
    assert swept.answers == "POST /users, INSERT users, 40001 -> 503\n"


@pytest.mark.slow
def test_a_suite_of_which_nothing_can_be_swept(swept: Swept) -> None:
    ended = swept.write(test="def test_fails():\n    raise AssertionError\n").command()

    assert ended.returncode == 2
    assert "There is nothing to sweep: no test could be run again.\n" in ended.stdout


@pytest.mark.slow
def test_an_app_without_a_schema_on_fake_postgres(swept: Swept) -> None:
    settings = PYPROJECT.replace('    schema = ["schema.sql"]\n', "").replace("real_", "fake_")
    test = """
        async def test_create(async_client, fake_postgres):
            fake_postgres.on("INSERT INTO users (email) VALUES ($1)", "ana").tag("INSERT 0 1")

            assert (await async_client.post("/users?email=ana")).status_code == 201
    """

    report = swept.write(test=test, settings=settings).report("--understudy-sweep")

    assert report.startswith("7 faults of 7 at 2 calls in ... s: 7 x 503\n")
    assert "23505" not in swept.answers


def test_a_server_that_no_test_uses(swept: Swept) -> None:
    address = 'postgres_env = {DATABASE_URL = "{dsn}"}\n'
    settings = PYPROJECT.replace(f"real_{address}", f"fake_{address}    real_{address}")
    test = """
        async def test_create(async_client, fake_postgres):
            fake_postgres.on("INSERT INTO users (email) VALUES ($1)", "ana").tag("INSERT 0 1")

            assert (await async_client.post("/users?email=ana")).status_code == 201
    """

    report = swept.write(
        test=test, settings=settings.replace('    schema = ["schema.sql"]\n', "")
    ).report("--understudy-sweep=40001")

    assert report.startswith("1 fault of 1 at 1 call in ... s: 1 x 503\n")


@pytest.mark.slow
def test_sync_code_without_a_request(swept: Swept) -> None:
    app = """
        import psycopg

        class NotStored(Exception):
            pass

        def store(dsn, email):
            try:
                with psycopg.connect(dsn) as connection:
                    connection.execute("INSERT INTO users (email) VALUES (%s)", [email])
            except psycopg.errors.UniqueViolation as error:
                raise NotStored from error
    """
    test = """
        from shop.app import store

        def test_store(real_postgres):
            store(real_postgres.dsn, "ana")
    """
    settings = PYPROJECT.replace('    app = "shop.app:app"\n', "")

    swept.write(app, test, settings).run("--understudy-sweep=40001,23505,drop-after-commit")

    assert swept.answers == (
        "shop/app.py store, COMMIT, 40001 -> raises SerializationFailure\n"
        "shop/app.py store, COMMIT, drop-after-commit -> raises OperationalError\n"
        "shop/app.py store, INSERT users, 40001 -> raises SerializationFailure\n"
        "shop/app.py store, INSERT users, 23505 -> raises NotStored\n"
    )


@pytest.mark.slow
def test_the_workers_of_xdist_sweep_together(swept: Swept) -> None:
    second = TEST.replace("test_create", "test_create_another").replace("ana", "bia")

    report = swept.write(APP, TEST + second).report("--understudy-sweep=40001,23505", "-n", "2")

    assert report.startswith("2 faults of 2 at 1 call in ... s: 1 x 201, 1 x 409\n")
    assert "success-despite-error: POST /users answered 201" in report
    assert swept.answers == "POST /users, INSERT users, 23505 -> 409\n"


@pytest.mark.slow
def test_a_sweep_goes_on_where_its_time_was_up(swept: Swept) -> None:
    swept.write()

    cut = swept.report("--understudy-sweep", "--understudy-sweep-seconds=0.001")
    rest = swept.report("--understudy-sweep")

    assert "The time is up: the next sweep goes on with the other " in cut
    assert rest.startswith("8 faults of 8 at 2 calls")
    assert "tried by an earlier sweep that did not finish.\n" in rest


@pytest.mark.slow
def test_only_what_has_changed(swept: Swept) -> None:
    more = '\n    @app.get("/health")\n    def health():\n        return {}\n'
    swept.write()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *command], cwd=swept.path, check=True)
    swept.write(SOUND + more)

    other = swept.report("--understudy-sweep=40001", "--understudy-sweep-changed-since=HEAD")
    swept.write(SOUND.replace("return {}", "return {1: 2}"))
    same = swept.report("--understudy-sweep=40001", "--understudy-sweep-changed-since=HEAD")

    assert other.startswith("There is nothing to sweep: ")
    assert same.startswith("1 fault of 1 at 1 call")


@pytest.mark.slow
def test_the_command(swept: Swept) -> None:
    swept.write(APP)

    document = swept.document("--faults", "40001,23505", "--", "-p", "no:cacheprovider")
    ended = swept.command("--faults", "dropp")

    assert [finding["rule"] for finding in document["findings"]] == ["success-despite-error"]
    assert document["new"] == ["POST /users, INSERT users, 23505 users_email_key -> 409"]
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        "Error: --faults: 'dropp' is no fault of the sweep; did you mean 'drop'?\n"
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent there")
def test_ctrl_c_prints_what_was_found(swept: Swept) -> None:
    test = TEST.replace("assert", "await asyncio.sleep(0.3)\n        assert")
    swept.write(APP, f"    import asyncio\n{test}")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--understudy-sweep"],
        cwd=swept.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    said = ""
    while "sweep: " not in said:  # it shows its progress after two seconds
        line = process.stdout.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=60)[0]

    assert process.returncode == pytest.ExitCode.INTERRUPTED, said
    assert "Interrupted: the next sweep goes on with the other " in said


@pytest.mark.slow
def test_a_run_that_is_stopped_is_not_swept(swept: Swept) -> None:
    test = "def test_fails():\n    raise AssertionError\n\n\ndef test_other():\n    pass\n"

    report = swept.write(test=test).report("--understudy-sweep", "-x")

    assert report == "There was no sweep: the run of the tests did not end.\n"


@pytest.mark.slow
def test_an_engine_that_outlives_the_tests_connects_again(swept: Swept) -> None:
    app = """
        import os

        from fastapi import FastAPI, HTTPException
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine

        app = FastAPI()
        url = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+asyncpg:")
        engine = create_async_engine(url)

        @app.get("/users")
        async def users():
            try:
                async with engine.connect() as connection:
                    return {"count": await connection.scalar(text("SELECT count(*) FROM users"))}
            except Exception:
                raise HTTPException(503) from None
    """
    test = """
        async def test_users(async_client, real_postgres):
            assert (await async_client.get("/users")).json() == {"count": 0}
    """
    one_loop = 'fixture_loop_scope = "session"\n    asyncio_default_test_loop_scope = "session"'
    settings = PYPROJECT.replace('fixture_loop_scope = "function"', one_loop)

    report = swept.write(app, test, settings).report("--understudy-sweep=refused,53300")

    assert report.startswith("2 faults of 2 at 1 call in ... s: 2 x 503\n")
