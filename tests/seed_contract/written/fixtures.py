"""Run in a copy of the reference backend: the fixtures that every project has."""

import asyncio

import pytest
from faker import Faker
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import ASGITransport, AsyncClient

apps: list[FastAPI] = []
names: list[str] = []


@pytest.mark.parametrize("turn", [1, 2])
def test_app_is_made_once_by_the_factory(app: FastAPI, turn: int) -> None:
    from src.config.factory import create_app

    apps.append(app)

    assert app.title == create_app().title
    assert app is apps[0]


def test_client_is_a_test_client_of_that_app(client: TestClient, app: FastAPI) -> None:
    assert isinstance(client, TestClient)
    assert client.app is app
    assert client.get("/openapi.json").status_code == 200


@pytest.mark.asyncio
async def test_async_client_talks_to_the_app_without_a_network(async_client: AsyncClient) -> None:
    assert isinstance(async_client, AsyncClient)
    assert async_client.base_url == "http://test"
    assert (await async_client.get("/openapi.json")).status_code == 200


@pytest.mark.asyncio
async def test_async_client_has_run_the_startup(async_client: AsyncClient, app: FastAPI) -> None:
    assert app.state.user_adapter is not None


@pytest.mark.asyncio
async def test_a_client_on_the_bare_transport_has_not() -> None:
    from src.config.factory import create_app

    app = create_app()
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        assert (await client.get("/openapi.json")).status_code == 200

    assert not hasattr(app.state, "user_adapter")


def test_event_loop_is_an_open_loop_for_a_sync_test(event_loop: asyncio.AbstractEventLoop) -> None:
    async def answer() -> int:
        return 42

    assert not event_loop.is_running()
    assert event_loop.run_until_complete(answer()) == 42


loops: list[asyncio.AbstractEventLoop] = []


@pytest.mark.parametrize("turn", [1, 2])
def test_event_loop_is_fresh_each_time(event_loop: asyncio.AbstractEventLoop, turn: int) -> None:
    loops.append(event_loop)

    assert not event_loop.is_closed()
    assert all(loop.is_closed() for loop in loops[:-1])


def test_faker_speaks_brazilian_portuguese(faker: Faker) -> None:
    assert isinstance(faker, Faker)
    assert faker.locales == ["pt_BR"]
    assert len(faker.ssn()) == len("11122233344")


@pytest.mark.parametrize("turn", [1, 2])
def test_faker_says_the_same_in_every_run(faker: Faker, turn: int) -> None:
    names.append(faker.name())

    again = Faker("pt_BR")
    again.seed_instance(f"tests/test_fixtures.py::test_faker_says_the_same_in_every_run[{turn}]")
    assert names[-1] == again.name()


@pytest.mark.asyncio
async def test_values_carry_type_hints(faker: Faker) -> None:
    from tests.fakes import FakeConnection

    user_id: int = faker.random_int(1, 100)
    conn: FakeConnection = FakeConnection()

    await conn.fetch("SELECT id FROM users WHERE id = $1", [user_id])

    assert conn.fetch_calls == [("SELECT id FROM users WHERE id = $1", [user_id])]
