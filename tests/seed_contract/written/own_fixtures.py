"""Run in a copy of the reference backend with `own_conftest.py`: the project's fixtures win."""

import asyncio

import pytest
from faker import Faker
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import AsyncClient


def test_app_is_the_projects(app: FastAPI, client: TestClient) -> None:
    assert app.title == "ours"
    assert client.get("/openapi.json").json()["info"]["title"] == "ours"


@pytest.mark.asyncio
async def test_async_client_is_the_projects(async_client: AsyncClient) -> None:
    assert async_client.base_url == "http://ours"
    assert (await async_client.get("/openapi.json")).json()["info"]["title"] == "ours"


def test_event_loop_is_the_projects(event_loop: asyncio.AbstractEventLoop) -> None:
    assert event_loop.get_debug()


def test_faker_is_the_projects(faker: Faker) -> None:
    assert faker.locales == ["ja_JP"]
