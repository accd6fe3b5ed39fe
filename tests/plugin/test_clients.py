"""The fixtures `client` and `async_client`: their lifespan, and whose event loop they live in."""

from __future__ import annotations

import pytest
import pytest_asyncio.plugin

from tests.plugin.conftest import Project, section

LOOP_BOUND = """
    import asyncio
    from contextlib import asynccontextmanager
    from contextvars import ContextVar
    from fastapi import FastAPI, Request

    who = ContextVar("who", default="nobody")

    @asynccontextmanager
    async def lifespan(app):
        task = asyncio.current_task()
        queue = asyncio.Queue()

        async def double():
            while True:
                number, answer = await queue.get()
                answer.set_result(number * 2)

        async with asyncio.TaskGroup() as group:
            worker = group.create_task(double())
            yield {"queue": queue, "lock": asyncio.Lock(), "loop": asyncio.get_running_loop()}
            worker.cancel()
        assert asyncio.current_task() is task

    def create_app():
        app = FastAPI(lifespan=lifespan)

        @app.get("/double/{number}")
        async def double(request: Request, number: int):
            assert asyncio.get_running_loop() is request.state.loop
            assert not hasattr(request.state, "mine")
            request.state.mine = number
            answer = asyncio.get_running_loop().create_future()
            async with request.state.lock:
                await request.state.queue.put((number, answer))
                return await asyncio.wait_for(answer, 5)

        return app
"""
ASYNC_TESTS = """
    import asyncio
    import pytest

    pytestmark = [{marks}]

    async def ask(client):
        answers = await asyncio.gather(*[client.get(f"/double/{{n}}") for n in range(4)])
        return [answer.json() for answer in answers]

    async def test_function(async_client):
        assert str(async_client.base_url) == "http://test"
        assert await ask(async_client) == [0, 2, 4, 6]

    class TestClass:
        async def test_method(self, async_client):
            assert await ask(async_client) == [0, 2, 4, 6]

        async def test_again(self, async_client):
            assert await ask(async_client) == [0, 2, 4, 6]
"""


@pytest.fixture
def bound(web: Project) -> Project:
    """An app whose startup makes things that only its own event loop can use."""
    return web.write(src__main=LOOP_BOUND)


@pytest.mark.parametrize(
    ("mode", "marks"),
    [
        ("strict", "pytest.mark.asyncio"),
        ("auto", ""),
        ("auto", "pytest.mark.asyncio"),
        ("strict", "pytest.mark.asyncio(loop_scope='class')"),
        ("strict", "pytest.mark.asyncio(loop_scope='module')"),
        ("strict", "pytest.mark.asyncio(loop_scope='package')"),
        ("auto", "pytest.mark.asyncio(loop_scope='session')"),
    ],
)
def test_the_async_client_under_pytest_asyncio(bound: Project, mode: str, marks: str) -> None:
    bound.write(tests__test_it=ASYNC_TESTS.format(marks=marks))
    bound.passes(f"--asyncio-mode={mode}", passed=3)


@pytest.mark.parametrize("fixtures", ["function", "session"])
def test_the_async_client_where_the_ini_file_sets_the_loop_of_tests(
    bound: Project, fixtures: str
) -> None:
    bound.write(tests__test_it=ASYNC_TESTS.format(marks=""))
    loops = [
        "-o",
        "asyncio_default_test_loop_scope=session",
        "-o",
        f"asyncio_default_fixture_loop_scope={fixtures}",
    ]
    bound.passes("--asyncio-mode=auto", *loops, passed=3)


@pytest.mark.parametrize("asyncio", [True, False])
def test_the_async_client_under_anyio(bound: Project, asyncio: bool) -> None:
    marks = "pytest.mark.anyio, pytest.mark.parametrize('anyio_backend', ['asyncio'])"
    bound.write(tests__test_it=ASYNC_TESTS.format(marks=marks))
    bound.passes(passed=3, asyncio=asyncio)


def test_the_async_client_under_trio(web: Project) -> None:
    pytest.importorskip("trio", reason="trio is not a dependency; anyio runs it if installed")
    web.write(
        tests__test_it="""
            import pytest, sniffio

            @pytest.mark.anyio
            @pytest.mark.parametrize("anyio_backend", ["trio"])
            async def test_it(async_client, app):
                assert sniffio.current_async_library() == "trio"
                answer = await async_client.get("/colour")
                assert answer.json() == {"colour": "blue", "user": "nobody", "up": True}
        """
    )
    web.passes()


def test_a_suite_may_use_both_plugins(bound: Project) -> None:
    bound.write(
        tests__test_asyncio=ASYNC_TESTS.format(marks="pytest.mark.asyncio"),
        tests__test_anyio=ASYNC_TESTS.format(
            marks="pytest.mark.anyio, pytest.mark.parametrize('anyio_backend', ['asyncio'])"
        ),
    )
    bound.passes("--asyncio-mode=strict", passed=6)


def test_an_async_fixture_may_use_the_async_client(bound: Project) -> None:
    bound.write(
        tests__test_it="""
            import pytest

            @pytest.fixture
            async def four(async_client):
                return (await async_client.get("/double/2")).json()

            async def test_async(four):
                assert four == 4

            def test_sync(four):
                assert four == 4
        """
    )
    bound.passes("--asyncio-mode=auto", passed=2)


@pytest.mark.skipif(
    not hasattr(pytest_asyncio.plugin, "_MATCH_FIXTURE_SCOPE"),
    reason="this pytest-asyncio has no setting for it",
)
def test_a_sync_test_where_fixtures_follow_their_own_scope(bound: Project) -> None:
    bound.write(
        tests__test_it="""
            import pytest

            @pytest.fixture
            async def four(async_client):
                return (await async_client.get("/double/2")).json()

            def test_sync(four):
                assert four == 4
        """
    )
    bound.passes("--asyncio-mode=auto", "-o", "asyncio_default_fixture_loop_scope=fixture-scope")


def test_the_lifespan_runs_around_each_test_with_an_async_client(web: Project) -> None:
    web.write(
        tests__test_it="""
            import pytest
            from src import main

            @pytest.mark.asyncio
            async def test_one(async_client, app):
                assert main.events == ["made", "up"]
                answer = await async_client.get("/colour")
                assert answer.json() == {"colour": "blue", "user": "nobody", "up": True}

            @pytest.mark.asyncio
            async def test_two(async_client):
                assert main.events == ["made", "up", "down", "up"]

            def test_three():
                assert main.events == ["made", "up", "down", "up", "down"]
        """
    )
    web.passes(passed=3)


def test_the_lifespan_of_the_client_runs_once(web: Project) -> None:
    web.write(
        conftest="""
            from src import main

            def pytest_unconfigure():
                print("events:", main.events)
        """,
        tests__test_it="""
            from src import main

            def test_one(client):
                assert client.get("/colour").json() == {
                    "colour": "blue", "user": "nobody", "up": True
                }

            def test_two(client, app):
                assert main.events == ["made", "up"]
                assert client.app_state == {"colour": "blue"}
        """,
    )
    result = web.passes("-s", passed=2)
    assert "events: ['made', 'up', 'down']" in result.stdout.str()


def test_an_app_is_started_once_at_a_time(web: Project) -> None:
    web.write(
        tests__test_it="""
            import pytest
            from src import main

            def test_one(client):
                assert client.get("/colour").json()["up"]
                assert main.events == ["made", "up"]

            @pytest.mark.asyncio
            async def test_two(async_client):
                assert (await async_client.get("/colour")).json()["up"]
                assert main.events == ["made", "up", "down", "up"]

            def test_three():
                assert main.events == ["made", "up", "down", "up", "down"]

            def test_four(client):
                assert main.events == ["made", "up", "down", "up", "down", "up"]
                assert client.get("/colour").json()["up"]

            @pytest.mark.asyncio
            async def test_five(client, async_client):
                assert main.events[-3:] == ["up", "down", "up"]
                assert (await async_client.get("/colour")).json()["up"]
        """
    )
    web.passes(passed=5)


def test_an_item_that_is_no_function_is_left_alone_while_the_client_runs(web: Project) -> None:
    web.write(
        tests__test_it='''
            def test_one(client):
                """
                >>> 1 + 1
                2
                """

            class TestUnit(__import__("unittest").TestCase):
                def test_two(self): pass
        '''
    )
    web.passes("--doctest-modules", "tests", passed=3)


def test_a_higher_fixture_that_uses_the_client_wakes_it(web: Project) -> None:
    web.write(
        tests__test_it="""
            import pytest
            from src import main

            @pytest.fixture(scope="module")
            def session(client):
                return client

            def test_one(session):
                assert session.get("/colour").json()["up"]

            @pytest.mark.asyncio
            async def test_two(async_client): pass

            def test_three(session):
                assert session.get("/colour").json()["up"]
        """
    )
    web.passes(passed=3)


BROKEN_STARTUP = """
    from contextlib import asynccontextmanager
    from fastapi import FastAPI

    @asynccontextmanager
    async def lifespan(app):
        raise ConnectionError("no database at db:5432")
        yield

    def create_app():
        return FastAPI(lifespan=lifespan)
"""
DID_NOT_START = """\
The app did not start: its lifespan raised
  ConnectionError: no database at db:5432
  at src/main.py:7"""


def test_a_startup_that_raises_is_one_message(web: Project) -> None:
    web.write(
        src__main=BROKEN_STARTUP,
        tests__test_it="""
            import pytest

            def test_sync(client): pass

            @pytest.mark.asyncio
            async def test_asyncio(async_client): pass

            @pytest.mark.anyio
            @pytest.mark.parametrize("anyio_backend", ["asyncio"])
            async def test_anyio(async_client): pass
        """,
    )
    result = web.run()
    result.assert_outcomes(errors=3)
    assert section(result, "test_sync") == DID_NOT_START
    assert section(result, "test_asyncio") == DID_NOT_START
    assert section(result, "test_anyio[asyncio]") == DID_NOT_START


def test_the_exception_of_a_startup_stays_in_reach(web: Project) -> None:
    web.write(
        src__main=BROKEN_STARTUP,
        conftest="""
            import pytest

            @pytest.hookimpl(wrapper=True)
            def pytest_fixture_setup(fixturedef):
                try:
                    return (yield)
                except BaseException as error:
                    if fixturedef.argname == "client":
                        print("reason:", repr(error.__context__.__cause__))
                    raise
        """,
        tests__test_it="def test_sync(client): pass",
    )
    result = web.run("-s")
    assert "reason: ConnectionError('no database at db:5432')" in result.stdout.str()


def test_a_shutdown_that_raises_is_one_message(web: Project) -> None:
    web.write(
        src__main="""
            from contextlib import asynccontextmanager
            from fastapi import FastAPI

            @asynccontextmanager
            async def lifespan(app):
                yield
                raise OSError("pool is closed")

            def create_app():
                return FastAPI(lifespan=lifespan)
        """,
        tests__test_a="""
            import pytest

            @pytest.mark.asyncio
            async def test_async(async_client): pass
        """,
        tests__test_b="""
            def test_sync(client): pass
        """,
    )
    result = web.run()
    result.assert_outcomes(passed=2, errors=2)
    expected = (
        "The app did not shut down: its lifespan raised\n"
        "  OSError: pool is closed\n"
        "  at src/main.py:8"
    )
    assert section(result, "test_async", "teardown") == expected
    assert section(result, "test_sync", "teardown") == expected


def test_a_client_that_cannot_be_stopped_or_started_again_is_one_message(web: Project) -> None:
    web.write(
        src__main="""
            from contextlib import asynccontextmanager
            from fastapi import FastAPI

            starts = []

            @asynccontextmanager
            async def lifespan(app):
                starts.append(1)
                if len(starts) > 1:
                    raise OSError("started before")
                yield
                raise OSError("pool is closed")

            def create_app():
                return FastAPI(lifespan=lifespan)
        """,
        tests__test_it="""
            import pytest

            def test_one(client): pass

            @pytest.mark.asyncio
            async def test_two(async_client): pass

            def test_three(client): pass
        """,
    )
    result = web.run()
    result.assert_outcomes(passed=1, errors=2)
    assert section(result, "test_two") == (
        "The app did not shut down: its lifespan raised\n"
        "  OSError: pool is closed\n"
        "  at src/main.py:13"
    )
    assert section(result, "test_three") == (
        "The app did not start: its lifespan raised\n  OSError: started before\n  at src/main.py:11"
    )


UNMARKED = "async def test_it(async_client): pass"


def test_an_async_test_that_no_plugin_runs(web: Project) -> None:
    web.write(tests__test_it=UNMARKED)
    sentence = "`async_client` lives in a test's event loop, and no plugin runs test_it in one.\n"
    assert web.message("test_it") == (
        sentence + 'Mark the test: @pytest.mark.asyncio, or asyncio_mode = "auto" in the pytest'
        " configuration; or @pytest.mark.anyio."
    )
    assert web.message("test_it", asyncio=False) == sentence + "Mark the test: @pytest.mark.anyio."


def test_no_plugin_that_runs_async_tests(web: Project) -> None:
    web.write(tests__test_it=UNMARKED)
    assert web.message("test_it", "-p", "no:anyio", asyncio=False) == (
        "`async_client` lives in a test's event loop, and no plugin that runs async tests is"
        " loaded.\npip install pytest-asyncio"
    )


def test_a_test_that_both_plugins_claim(web: Project) -> None:
    web.write(tests__test_it="import pytest\npytestmark = pytest.mark.anyio\n" + UNMARKED)
    assert web.message("test_it[asyncio]", "--asyncio-mode=auto") == (
        "`async_client` lives in a test's event loop, and two plugins claim test_it[asyncio]:"
        " pytest-asyncio runs the test, anyio its async fixtures, each in a loop of its own.\n"
        "Remove the anyio marker (and the `anyio_backend` fixture), or the asyncio marker;"
        ' with asyncio_mode = "auto" every async test has that one.'
    )


def test_a_wider_loop_with_a_pytest_asyncio_below_one(
    web: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It had an `event_loop` fixture of its own, which its tests and fixtures ran in.
    monkeypatch.setattr(pytest_asyncio.plugin, "event_loop", object(), raising=False)
    monkeypatch.setattr(pytest_asyncio, "__version__", "0.23.8")
    web.write(
        tests__test_it="""
            import pytest

            @pytest.mark.asyncio(loop_scope="session")
            async def test_async(async_client): pass

            def test_loop(event_loop): pass
        """
    )
    result = web.run()
    assert section(result, "test_async") == (
        "`async_client` in a loop of scope 'session' needs pytest-asyncio 1.0 or newer; 0.23.8 is"
        " installed."
    )
    assert "fixture 'event_loop' not found" in section(result, "test_loop")


def test_what_the_handler_raises_reaches_the_test(web: Project) -> None:
    web.write(
        src__main="""
            from fastapi import FastAPI

            app = create_app = FastAPI()

            @app.get("/boom")
            async def boom():
                raise KeyError("boom")
        """,
        tests__test_it="""
            import pytest

            @pytest.mark.asyncio
            async def test_async(async_client):
                with pytest.raises(KeyError, match="boom"):
                    await async_client.get("/boom")

            def test_sync(client):
                with pytest.raises(KeyError, match="boom"):
                    client.get("/boom")
        """,
    )
    web.passes("-W", "error", passed=2)
