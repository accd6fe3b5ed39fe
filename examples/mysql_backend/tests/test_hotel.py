"""The app on a real MariaDB or MySQL."""

from datetime import date

import pytest
from httpx import AsyncClient

from understudy import RealMysql, db_error

BOOKING = {"person": "Ana", "first_night": "2026-12-24", "nights": 2}


async def test_a_room_is_added_booked_and_confirmed(
    async_client: AsyncClient, real_mysql: RealMysql
) -> None:
    room = {"name": "Sea view", "beds": 2, "price": "80.00"}
    added = await async_client.post("/rooms", json=room)
    assert added.status_code == 201

    booked = await async_client.post(f"/rooms/{added.json()['id']}/bookings", json=BOOKING)
    assert booked.status_code == 201

    url = f"/bookings/{booked.json()['id']}/confirm"
    assert (await async_client.post(url)).status_code == 204
    assert (await async_client.post(url)).status_code == 404  # it is not held any more


@pytest.mark.parametrize(
    ("first_night", "nights", "status"),
    [
        (date(2026, 12, 22), 2, 201),  # leaves on the day of the arrival
        (date(2026, 12, 23), 2, 409),
        (date(2026, 12, 25), 1, 409),
        (date(2026, 12, 26), 1, 201),
    ],
)
async def test_a_room_is_booked_once_for_a_night(
    async_client: AsyncClient,
    real_mysql: RealMysql,
    first_night: date,
    nights: int,
    status: int,
) -> None:
    room = real_mysql.insert("rooms")
    real_mysql.insert("bookings", room_id=room.id, first_night=date(2026, 12, 24), nights=2)

    booking = {"person": "Bob", "first_night": str(first_night), "nights": nights}
    answer = await async_client.post(f"/rooms/{room.id}/bookings", json=booking)

    assert answer.status_code == status


async def test_a_cancelled_booking_leaves_the_room_free(
    async_client: AsyncClient, real_mysql: RealMysql
) -> None:
    room = real_mysql.insert("rooms", name="Sea view", beds=2, price="80.00")
    real_mysql.insert(
        "bookings",
        room_id=room.id,
        first_night=date(2026, 12, 24),
        nights=2,
        state="cancelled",
    )

    answer = await async_client.get(
        "/rooms/free", params={"first_night": "2026-12-24", "nights": 2}
    )

    assert answer.json() == [{"id": room.id, "name": "Sea view", "beds": 2, "price": "80.00"}]


async def test_a_name_is_given_once(async_client: AsyncClient, real_mysql: RealMysql) -> None:
    real_mysql.insert("rooms", name="Sea view")

    room = {"name": "Sea view", "beds": 2, "price": "80.00"}
    answer = await async_client.post("/rooms", json=room)

    assert answer.status_code == 409


async def test_no_room(async_client: AsyncClient, real_mysql: RealMysql) -> None:
    answer = await async_client.post("/rooms/1/bookings", json=BOOKING)

    assert answer.status_code == 404


async def test_a_deadlock_is_hidden_from_the_guest(
    async_client: AsyncClient, real_mysql: RealMysql
) -> None:
    room = real_mysql.insert("rooms")
    real_mysql.on("INSERT INTO bookings ...").raises(db_error(1213)).real()

    answer = await async_client.post(f"/rooms/{room.id}/bookings", json=BOOKING)

    assert answer.status_code == 201
