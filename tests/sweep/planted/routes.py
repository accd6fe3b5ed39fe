"""The tests of either app: each route succeeds."""

import pytest

POSTS = [
    "swallowed",
    "commit-in-finally",
    "retried",
    "not-rolled-back",
    "leaked",
    "early",
    "half-done",
    "ignored-commit",
    "wrong-status",
]


@pytest.mark.parametrize("route", POSTS)
async def test_post(async_client, real_postgres, route):
    assert (await async_client.post(f"/{route}")).status_code == 201


@pytest.mark.parametrize("route", ["for-ever", "hidden-read", "after-the-response"])
async def test_get(async_client, real_postgres, route):
    assert (await async_client.get(f"/{route}")).status_code == 200
