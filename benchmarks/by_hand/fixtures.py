"""The fixtures of a hand-written conftest.py, appended to the backend's."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from asgi_lifespan import LifespanManager
from faker import Faker
from fastapi.testclient import TestClient
from httpx import ASGITransport, AsyncClient


@pytest.fixture(scope="session")
def app() -> Any:
    from src.config.factory import create_app

    return create_app()


@pytest.fixture(scope="session")
def client(app: Any) -> Iterator[TestClient]:
    with TestClient(app) as opened:
        yield opened


@pytest_asyncio.fixture
async def async_client(app: Any) -> AsyncIterator[AsyncClient]:
    # The lifespan creates the identity client of this backend.
    async with LifespanManager(app) as manager:
        transport = ASGITransport(app=manager.app)
        async with AsyncClient(transport=transport, base_url="http://test") as opened:
            yield opened


@pytest.fixture
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def faker() -> Faker:
    return Faker("pt_BR")
