"""How the app creates users, and what it does when it cannot."""

from understudy import db_error


async def test_a_taken_address_is_a_conflict(async_client, real_postgres):
    real_postgres.insert("users", email="ana@example.com")

    response = await async_client.post("/users", json={"email": "ana@example.com"})

    assert response.status_code == 409


async def test_a_deadlock_asks_to_try_again(async_client, fake_postgres):
    fake_postgres.on("INSERT INTO users ...").raises(db_error("40P01"))

    response = await async_client.post("/users", json={"email": "ana@example.com"})

    assert response.status_code == 503
