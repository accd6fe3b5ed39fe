"""The tests of either app: each route succeeds."""

import pytest

POSTS = ["early", "swallowed", "half-done", "left-open", "retried", "wrong-status"]


@pytest.mark.parametrize("route", POSTS)
async def test_post(async_client, real_postgres, route):
    assert (await async_client.post(f"/{route}")).status_code == 201


@pytest.mark.parametrize("route", ["hidden-read", "for-ever"])
async def test_get(async_client, real_postgres, route):
    assert (await async_client.get(f"/{route}")).status_code == 200
