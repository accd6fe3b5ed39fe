"""What a passed test leaves behind is said, once, with the file and the line."""

from __future__ import annotations

import gc
import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import understudy.fakes  # noqa: F401 # loaded once: pytester unloads what an inner run loads
from tests.plugin.conftest import Project
from understudy.plugin.settings import SettingsError, load

SERVICE = """
    import asyncio, time

    async def job(seconds=60):
        await asyncio.sleep(seconds)

    async def start():
        return asyncio.create_task(job())

    async def block(seconds):
        time.sleep(seconds)
        await asyncio.sleep(0)

    async def count(conn):
        return await conn.fetch_val("SELECT count(*) FROM users")
"""
TASK = """\
1 task was still running when the test was over
  job() of service.py:4, waiting at service.py:5
The event loop has cancelled what was left. Await it in the test, or cancel it there."""
NEVER = """\
coroutine 'job' was never awaited
  made at: test_it.py:{line}
  in: test_it.py::{test}
It did nothing. Write `await` before it."""
OPEN = """\
transaction #1 was never ended (1 call in it)
  begun at: test_it.py:17 in test_transaction
Commit it, roll it back, or use `async with conn.transaction()`."""
UNREAD = """\
no test looks at this statement: SELECT count(*) FROM users
  asked at: service.py:15 in count
Another one in its place would have passed every test. Expect it, or look at the calls.
  conn.on("SELECT count(*) FROM users").value(...)
It was asked in:
  test_it.py::test_calls"""


@pytest.fixture
def suite(project: Project) -> Project:
    project.pytester.syspathinsert()
    return project.write(service=SERVICE)


def run(suite: Project, test: str, *args: str, **expected: int) -> pytest.RunResult:
    head = "import asyncio, gc, os, re, pytest\nfrom understudy import *\nimport service\n"
    suite.write_text(suite.path / "test_it.py", head + dedent(test))
    linecache.clearcache()  # a file of this name was another one a moment ago
    # A run inside a run has inherited that every warning is an error.
    result = suite.run("-o", "asyncio_mode=auto", "-Wdefault", *args)
    result.assert_outcomes(**(expected or {"passed": 1}))
    return result


def warned(result: pytest.RunResult, category: str = "UnderstudyWarning") -> list[tuple[str, str]]:
    """The warnings of a run: where, and what was said."""
    found: list[tuple[str, list[str]]] = []
    is_ours = False
    for line in result.stdout.lines:
        headline = re.fullmatch(r"  (\S+): (\w+): (.*)", line)
        if headline is not None:
            is_ours = headline[2] == category
            found += [(headline[1].rpartition("/")[2], [headline[3]])] if is_ours else []
        elif is_ours and line.startswith("  "):
            found[-1][1].append(line[2:])
        else:
            is_ours = False
    # pytest puts the line of the source below the text.
    return [(place, "\n".join(text).strip().rpartition("\n")[0]) for place, text in found]


def said(result: pytest.RunResult) -> str:
    """All that a run says of errors."""
    return result.stdout.str().partition("= ERRORS =")[2]


BLOCKED = """\
  by a step of block() of service.py:10
  before it reached service.py:12
Something in it waits or computes without `await`: time.sleep, a synchronous client or driver, \
hashing.
Run that in a thread (asyncio.to_thread), or raise blocked_after, which is 250 ms."""
CARELESS = """
    async def test_task():
        await service.start()

    async def test_coroutine():
        service.job()

    async def test_coroutine_in_a_cycle():
        kept = [service.job()]
        kept.append(kept)

    async def test_transaction():
        transaction = FakeConnection().transaction()
        await transaction.begin()
        await transaction.execute("LOCK TABLE users")

    async def test_loop():
        await asyncio.gather(service.block(0.3), asyncio.sleep(0))

    async def test_calls():
        conn = FakeConnection()
        conn.fetch_val_return = 3
        assert await service.count(conn) == 3

    def test_state():
        os.environ["LEFT_BY_A_TEST"] = "1"
"""
LEFT = """\
the test leaves behind what a later one will see
  os.environ['LEFT_BY_A_TEST'] was set
Put it back: the fixture monkeypatch does (setattr, setitem, setenv, chdir)."""
CHECKS = ("calls", "coroutines", "loop", "state", "tasks", "transactions")


@pytest.fixture(autouse=True)
def _put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an inner test leaves is left in this process."""
    monkeypatch.setenv("LEFT_BY_A_TEST", "")
    monkeypatch.delenv("LEFT_BY_A_TEST")


@pytest.fixture(autouse=True)
def _collect_only_when_asked() -> Iterator[None]:
    """When a coroutine in a cycle is freed must not depend on what else was allocated."""
    gc.disable()
    yield
    gc.enable()


def levels(level: str) -> list[str]:
    return [f"--understudy-check-{check}={level}" for check in CHECKS]


def test_each_is_warned_of_once_at_its_line(suite: Project) -> None:
    result = run(suite, CARELESS, "--understudy-check-loop=warn", passed=7, warnings=7)
    told = dict(warned(result))
    blocked, rest = told.pop("test_it.py:20").split("\n", 1)
    assert blocked.startswith("the event loop was blocked for ")
    assert blocked.endswith(" ms, with others waiting for it")
    assert rest == BLOCKED
    assert told == {
        "test_it.py:5": TASK,
        "test_it.py:15": OPEN,
        "test_it.py:23": UNREAD,
        "test_it.py:28": LEFT,
    }
    assert dict(warned(result, "NeverAwaitedWarning")) == {
        "test_it.py:9": NEVER.format(line=9, test="test_coroutine"),
        "test_it.py:12": NEVER.format(line=12, test="test_coroutine_in_a_cycle"),
    }


@pytest.mark.parametrize("how", [levels("error"), ["-Werror", *levels("warn")]])
def test_each_fails_its_test(suite: Project, how: list[str]) -> None:
    result = run(suite, CARELESS, *how, passed=7, errors=6)
    text = said(result)
    for message in (TASK, OPEN, BLOCKED, LEFT, NEVER.format(line=9, test="test_coroutine")):
        assert text.count(message) == 1
    assert (
        "ERROR: " not in result.stdout.str()
    )  # not all tests passed, and the failed one may check the calls


def test_each_can_be_off(suite: Project) -> None:
    # The coroutine is then Python's to warn of; or, in a run inside a run, the outer run's.
    begin = CARELESS.index("    async def test_coroutine_in_a_cycle")
    end = CARELESS.index("    async def test_transaction")
    result = run(suite, CARELESS[:begin] + CARELESS[end:], *levels("off"), passed=6, warnings=1)
    assert warned(result) == []


@pytest.mark.parametrize("how", ["--understudy-check-calls=error", "-Werror"])
def test_calls_that_no_test_looks_at_fail_the_run(suite: Project, how: str) -> None:
    test = CARELESS[CARELESS.index("    async def test_calls") : CARELESS.index("    def test_st")]
    result = run(suite, test, how, passed=1)
    assert f"ERROR: {UNREAD}" in result.stdout.str()
    assert result.ret == pytest.ExitCode.TESTS_FAILED


FINE = """
    async def test_awaited():
        await asyncio.create_task(service.job(0))

    async def test_told_to_stop():
        task = await service.start()
        await asyncio.sleep(0)
        task.cancel()

    @pytest.fixture
    async def workers():
        workers = []
        yield workers
        for worker in workers:
            worker.cancel()

    async def test_stopped_by_a_fixture(workers):
        workers.append(await service.start())

    @pytest.fixture
    async def worker():
        task = await service.start()
        yield
        task.cancel()

    async def test_background_task_of_a_fixture(worker):
        await asyncio.sleep(0)

    @pytest.mark.asyncio(loop_scope="session")
    async def test_loop_that_lives_on():
        await service.start()

    @pytest.fixture(scope="module")
    def wide():
        os.environ["LEFT_BY_A_TEST"] = "1"
        yield
        del os.environ["LEFT_BY_A_TEST"]

    def test_wider_fixture(monkeypatch, wide):
        monkeypatch.setenv("LEFT_BY_A_TEST", "2")

    def test_loop_of_its_own():
        asyncio.run(service.start())

    def test_loop_of_its_own_in_a_fixture(event_loop):
        event_loop.run_until_complete(service.job(0))

    def test_expected_coroutine():
        with pytest.warns(RuntimeWarning, match="never awaited"):
            service.job()

    @pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
    def test_ignored_coroutine():
        service.job()

    @pytest.fixture
    async def transaction():
        transaction = FakeConnection().transaction()
        yield transaction
        await transaction.rollback()

    async def test_transaction_ended_by_a_fixture(transaction):
        await transaction.begin()

    async def test_transaction_of_the_tests_own(monkeypatch):
        conn = FakeConnection()
        original = conn.transaction
        monkeypatch.setattr(conn, "transaction", lambda: original())
        await conn.transaction().begin()

    async def test_call_for_an_error():
        conn = FakeConnection()
        conn.fetch_val_return = OSError()
        with pytest.raises(OSError):
            await service.count(conn)

    async def test_statement_without_rows():
        await FakeConnection().execute("CREATE TABLE users ()")

    async def test_method_of_the_tests_own():
        conn = FakeConnection()
        async def fetch_val(*given):
            return 3
        conn.fetch_val = fetch_val
        assert await service.count(conn) == 3

    @pytest.fixture(scope="module")
    def shared():
        return FakeConnection()

    async def test_fake_that_lives_on(shared):
        await service.count(shared)

    @pytest.mark.parametrize("look", [
        lambda conn, statement: len(conn.calls) == 1,
        lambda conn, statement: conn.fetch_val_calls[0][0] == statement,
        lambda conn, statement: conn.assert_called(statement) is None,
        lambda conn, statement: conn.transactions == [],
    ])
    async def test_one_looks_and_one_does_not(look):
        conn, another = FakeConnection(), FakeConnection()
        statement = f"SELECT {look.__code__.co_firstlineno}"
        await another.fetch_val(statement)
        await conn.fetch_val(statement, [1])
        assert look(conn, statement)

    async def test_one_expects_and_one_does_not():
        conn = FakeConnection()
        conn.on("SELECT 'expected'").value(1)
        await FakeConnection().fetch_val("SELECT 'expected'")
        await conn.fetch_val("SELECT 'expected'")

    async def test_pool():
        pool = FakePool()
        async with pool.acquire() as conn:
            await conn.fetch_val("SELECT 'pool'")
        assert len(pool.calls) == 1

    async def test_function_that_answers():
        conn = FakeConnection()
        @conn.on("...")
        def answer(call):
            return 3 if call.statement.startswith("SELECT count") else None
        assert await service.count(conn) == 3

    @pytest.mark.parametrize("look", [
        lambda fake: len(fake.calls) == 1,
        lambda fake: fake.assert_called("SELECT ...") is None,
        lambda fake: fake.transactions == [],
    ])
    async def test_looks_at_fake_postgres(fake_postgres, look):
        fake_postgres.on("...").rows({"n": 3})
        conn = await fake_postgres.asyncpg.connect()
        await conn.fetch(f"SELECT {look.__code__.co_firstlineno} AS n")
        assert look(fake_postgres)

    async def test_expects_on_fake_postgres(fake_postgres):
        fake_postgres.on("SELECT 'a' ...").rows({"n": 3})
        conn = await fake_postgres.asyncpg.connect()
        await conn.fetch("SELECT 'a' AS n")

    async def test_errors_of_fake_postgres(fake_postgres):
        fake_postgres.on("...").raises(db_error("40001")).then.drops()
        conn = await fake_postgres.asyncpg.connect()
        with pytest.raises(Exception, match="serialize"):
            await conn.execute("DELETE FROM jobs")
        with pytest.raises(Exception, match="closed"):
            await conn.execute("DELETE FROM jobs")
"""


def test_what_only_looks_careless(suite: Project) -> None:
    run(suite, FINE, "-Werror", passed=28)


def test_anyio(suite: Project) -> None:
    test = """
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    async def test_it():
        import anyio
        async with anyio.create_task_group() as group:
            group.start_soon(service.job, 0)
    """
    run(suite, test, "-Werror", "-o", "asyncio_mode=strict", passed=1)


def test_careless_in_other_ways(suite: Project) -> None:
    test = """
    async def test_rule_for_everything():
        conn = FakeConnection()
        conn.on("...").value(3)
        await conn.fetch_val("SELECT " + "1 + " * 300 + "1")

    async def test_again_and_again():
        for _ in range(3):
            await FakeConnection().transaction().begin()

    async def test_rules_of_fake_postgres_for_everything(fake_postgres):
        fake_postgres.on("...").rows({"n": 3}).times(1)
        fake_postgres.on(re.compile(".*")).rows({"n": 3}).times(1)
        conn = await fake_postgres.asyncpg.connect()
        await conn.fetch("SELECT 1 AS n")
        await conn.fetch("DELETE FROM jobs RETURNING n")
    """
    result = run(suite, test, passed=3, warnings=4)
    found = warned(result)
    on_fake_postgres = [text for place, text in found if place == "test_it.py:14"]
    assert on_fake_postgres == [
        "\n".join(
            [
                f"no test looks at this statement: {statement}",
                f"  asked at: test_it.py:{line} in test_rules_of_fake_postgres_for_everything",
                UNREAD.splitlines()[2],
                f'  fake_postgres.on("{statement}").rows(...)',
                "It was asked in:",
                "  test_it.py::test_rules_of_fake_postgres_for_everything",
            ]
        )
        for statement, line in [
            ("SELECT 1 AS n", 18),
            ("DELETE FROM jobs RETURNING n", 19),
        ]
    ]
    told = dict(found)
    assert told["test_it.py:5"] == "\n".join(
        [
            f"no test looks at this statement: {('SELECT ' + '1 + ' * 300)[:200]} ...",
            "  asked at: test_it.py:8 in test_rule_for_everything",
            UNREAD.splitlines()[2],
            "It was asked in:",
            "  test_it.py::test_rule_for_everything",
        ]
    )
    assert told["test_it.py:10"].endswith("\n(And 2 more of this kind in the same test.)")


def test_no_more_is_listed_than_somebody_reads(suite: Project) -> None:
    test = """
    async def test_it():
        for number in range(12):
            await FakeConnection().fetch_val(f"SELECT {number}")
    """
    more = 'no test looks at 2 more statements: check_calls = "error" lists every one'
    result = run(suite, test, passed=1, warnings=11)
    assert warned(result)[-1] == ("test_it.py:5", more)
    result = run(suite, test, "--understudy-check-calls=error", passed=1)
    assert result.stdout.str().count("ERROR: no test looks at this statement: SELECT ") == 12


def test_a_failed_test_is_not_called_careless(suite: Project) -> None:
    test = """
    async def test_it():
        await service.start()
        os.environ["LEFT_BY_A_TEST"] = "1"
        assert False

    @pytest.fixture
    def broken():
        yield
        raise OSError

    async def test_fixture(broken):
        await service.count(FakeConnection())
        await service.start()
    """
    run(suite, test, failed=1, passed=1, errors=1, warnings=0)


@pytest.mark.parametrize("selection", [["-k", "test_calls"], ["test_it.py::test_calls"]])
def test_a_selection_of_tests_says_nothing_of_all(suite: Project, selection: list[str]) -> None:
    test = CARELESS[CARELESS.index("    async def test_calls") : CARELESS.index("    def test_st")]
    run(suite, test, *selection, passed=1, warnings=0)


def test_workers_are_told_of_once(suite: Project) -> None:
    test = CARELESS[CARELESS.index("    async def test_calls") : CARELESS.index("    def test_st")]
    tests = "".join(dedent(test).replace("test_calls", f"test_{n}") for n in range(7))
    head = "from understudy import *\nimport service\n"
    (suite.path / "test_it.py").write_text(head + tests, encoding="utf-8")
    result = suite.run("-o", "asyncio_mode=auto", "-Wdefault", "-n2")
    result.assert_outcomes(passed=7, warnings=1)
    result.stdout.fnmatch_lines(["  It was asked in:", "    test_it.py::test_0"])
    result.stdout.fnmatch_lines(["    test_it.py::test_4", "    and 2 more"])


def test_the_limit_is_a_number(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, tmp_path / "pyproject.toml", {"blocked_after": "soon"})
    assert str(caught.value) == (
        "--understudy-blocked-after: expected a number of milliseconds, 1 or more,"
        " not 'soon' (of type str)."
    )
