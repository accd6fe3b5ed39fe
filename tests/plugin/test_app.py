"""The fixture `app`, and when the fixtures of the app exist at all."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import SETTINGS, Project, section


def test_the_app_is_made_once_per_session(web: Project) -> None:
    web.write(
        tests__test_it="""
            from fastapi import FastAPI
            from src import main

            def test_one(app):
                assert isinstance(app, FastAPI)

            def test_two(app):
                assert main.events == ["made"]
        """
    )
    web.passes(passed=2)


def test_without_an_app_the_names_are_free(project: Project) -> None:
    project.write(
        test_it="""
            def test_app(app): pass
            def test_client(client): pass
            def test_async_client(async_client): pass
        """
    )
    result = project.passes(errors=3)
    for name in ("app", "client", "async_client"):
        assert f"fixture '{name}' not found" in result.stdout.str()


def test_another_plugin_keeps_its_client_where_no_app_is_configured(project: Project) -> None:
    project.write(
        other="""
            import pytest

            @pytest.fixture
            def client():
                return "theirs"
        """,
        test_it="def test_it(client): assert client == 'theirs'",
    )
    project.pytester.syspathinsert()
    project.passes("-p", "other")


def test_a_conftest_goes_before_every_fixture_of_ours(web: Project) -> None:
    web.write(
        conftest="""
            import pytest

            @pytest.fixture(scope="session")
            def app(): return "my app"

            @pytest.fixture
            def client(app): return f"my client of {app}"

            @pytest.fixture
            def async_client(app): return f"my async client of {app}"

            @pytest.fixture
            def event_loop(): return "my loop"

            @pytest.fixture
            def faker(): return "my faker"
        """,
        tests__test_it="""
            def test_it(app, client, async_client, event_loop, faker):
                assert app == "my app"
                assert client == "my client of my app"
                assert async_client == "my async client of my app"
                assert event_loop == "my loop"
                assert faker == "my faker"
        """,
    )
    web.passes()


SEED_CONFTEST = """
    import asyncio
    import pytest
    from faker import Faker
    from httpx import ASGITransport, AsyncClient
    from fastapi.testclient import TestClient

    @pytest.fixture(scope="session")
    def app():
        from src.main import create_app
        return create_app()

    @pytest.fixture(scope="session")
    def client(app):
        with TestClient(app) as c:
            yield c

    @pytest.fixture
    async def async_client(app):
        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as ac:
            yield ac

    @pytest.fixture
    def event_loop():
        loop = asyncio.new_event_loop()
        yield loop
        loop.close()

    @pytest.fixture
    def faker():
        return Faker("pt_BR")
"""


@pytest.mark.parametrize("configured", [True, False])
def test_a_suite_that_defines_them_all_by_hand_goes_on_working(
    web: Project, configured: bool
) -> None:
    if not configured:
        web.configure("")
    web.write(
        conftest=SEED_CONFTEST,
        tests__test_it="""
            import pytest
            from src import main

            @pytest.mark.asyncio
            async def test_async(async_client, faker):
                assert faker.locales == ["pt_BR"]
                assert (await async_client.get("/openapi.json")).status_code == 200
                assert main.events == ["made"]  # ASGITransport alone runs no lifespan

            def test_sync(client, event_loop):
                assert client.get("/colour").json()["colour"] == "blue"
                assert event_loop.run_until_complete(_two()) == 2

            async def _two():
                return 2
        """,
    )
    web.passes("--asyncio-mode=auto", passed=2)


def test_our_clients_use_an_app_from_a_conftest(web: Project) -> None:
    web.write(
        conftest="""
            import pytest
            from src import main

            @pytest.fixture(scope="session")
            def app():
                app = main.create_app()
                app.dependency_overrides[main.current_user] = lambda: "ana"
                return app
        """,
        tests__test_it="""
            import pytest

            def test_sync(client):
                assert client.get("/colour").json()["user"] == "ana"

            @pytest.mark.asyncio
            async def test_async(async_client):
                assert (await async_client.get("/colour")).json()["user"] == "ana"
        """,
    )
    web.passes(passed=2)


def test_overrides_are_put_back_after_each_test(web: Project) -> None:
    web.write(
        tests__test_it="""
            from src import main

            def test_one(app, client):
                app.dependency_overrides[main.current_user] = lambda: "ana"
                assert client.get("/colour").json()["user"] == "ana"

            def test_two(app, client):
                assert client.get("/colour").json()["user"] == "nobody"
                app.dependency_overrides = {main.current_user: lambda: "eva"}
                assert False

            def test_three(client):
                assert client.get("/colour").json()["user"] == "nobody"
        """
    )
    web.passes(passed=2, failed=1)


def test_overrides_of_a_wider_fixture_last_as_long_as_it(web: Project) -> None:
    web.write(
        tests__test_a="""
            import pytest
            from src import main

            @pytest.fixture(scope="module", autouse=True)
            def ana(app):
                app.dependency_overrides[main.current_user] = lambda: "ana"
                yield
                app.dependency_overrides.clear()

            def test_one(client, app):
                assert client.get("/colour").json()["user"] == "ana"
                app.dependency_overrides[main.current_user] = lambda: "eva"

            def test_two(client):
                assert client.get("/colour").json()["user"] == "ana"
        """,
        tests__test_b="""
            def test_three(client):
                assert client.get("/colour").json()["user"] == "nobody"
        """,
    )
    web.passes(passed=3)


def test_overrides_of_an_app_that_a_test_asks_for_late_are_put_back(web: Project) -> None:
    web.write(
        tests__test_it="""
            from src import main

            def test_one(request):
                assert main.events == []
                app = request.getfixturevalue("app")
                app.dependency_overrides[main.current_user] = lambda: "ana"

            def test_two(app):
                assert app.dependency_overrides == {}
        """
    )
    web.passes(passed=2)


def test_a_test_that_does_not_ask_for_the_app_does_not_make_it(web: Project) -> None:
    web.write(tests__test_it="def test_it(): from src import main; assert main.events == []")
    web.passes()


def test_a_failure_to_make_the_app_is_one_message_for_each_test(web: Project) -> None:
    web.write(
        src__main="""
            calls = []

            def create_app():
                calls.append(1)
                raise RuntimeError("no DATABASE_URL")
        """,
        tests__test_it="""
            from src import main

            def test_one(app): pass
            def test_two(app): pass
            def test_three(): assert main.calls == [1]
        """,
    )
    result = web.run()
    result.assert_outcomes(errors=2, passed=1)
    expected = (
        "The app 'src.main:create_app' cannot be made:"
        " the factory create_app() at src/main.py:4 raised\n"
        "  RuntimeError: no DATABASE_URL\n"
        "  at src/main.py:6"
    )
    assert section(result, "test_one") == expected
    assert section(result, "test_two") == expected


def test_fastapi_not_installed(web: Project) -> None:
    web.configure(SETTINGS).write(
        src__main="async def create_app(scope, receive, send): pass",
        conftest="""
            import sys

            for name in [name for name in sys.modules if name.startswith("starlette")]:
                sys.modules[name] = None
        """,
        tests__test_it="def test_it(client): pass",
    )
    assert web.message("test_it") == (
        '`client` needs starlette, which is not installed.\npip install "understudy[fastapi]"'
    )


def test_httpx_not_installed_for_the_sync_client(web: Project) -> None:
    web.write(
        src__main="async def create_app(scope, receive, send): pass",
        conftest="""
            import sys

            sys.modules["httpx"] = sys.modules["httpx2"] = None
            sys.modules.pop("starlette.testclient", None)
        """,
        tests__test_it="def test_it(client): pass",
    )
    assert web.message("test_it") == (
        '`client` needs httpx, which is not installed.\npip install "understudy[asgi]"'
    )


@pytest.mark.parametrize(
    ("module", "package"), [("httpx", "httpx"), ("asgi_lifespan", "asgi-lifespan")]
)
def test_not_installed_for_the_async_client(web: Project, module: str, package: str) -> None:
    web.write(
        src__main="async def create_app(scope, receive, send): pass",
        conftest=f"import sys; sys.modules[{module!r}] = None",
        tests__test_it="""
            import pytest

            @pytest.mark.asyncio
            async def test_it(async_client): pass
        """,
    )
    assert web.message("test_it") == (
        f'`async_client` needs {package}, which is not installed.\npip install "understudy[asgi]"'
    )
