"""Run in a copy of the reference backend, as its conftest.py: fixtures a project defines itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from faker import Faker
from fastapi.testclient import TestClient
from httpx import ASGITransport, AsyncClient


@pytest.fixture(scope="session")
def app() -> Any:
    from src.config.factory import create_app

    application = create_app()
    application.title = "ours"
    return application


@pytest.fixture(scope="session")
def client(app: Any) -> Iterator[TestClient]:
    with TestClient(app) as opened:
        yield opened


@pytest_asyncio.fixture  # strict mode refuses pytest's own decorator on an async fixture
async def async_client(app: Any) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://ours") as opened:
        yield opened


@pytest.fixture
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    yield loop
    loop.close()


@pytest.fixture
def faker() -> Faker:
    return Faker("ja_JP")
