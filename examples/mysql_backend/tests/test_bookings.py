"""Bookings, with a MySQL whose answers each test scripts."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import aiomysql
import pytest
from app import bookings
from app.database import open_pool
from app.settings import Settings

from understudy import FakeMysql, db_error

NIGHT = date(2026, 12, 24)
LOCK = "SELECT id FROM rooms WHERE id = %s FOR UPDATE"
TAKEN = "SELECT COUNT(*) AS n FROM bookings WHERE room_id = %s ..."
HOLD = "INSERT INTO bookings (room_id, person, first_night, nights) VALUES (%s, %s, %s, %s)"


@pytest.fixture
async def pool(fake_mysql: FakeMysql) -> AsyncIterator[aiomysql.Pool]:
    """Open the app's pool."""
    pool = await open_pool(Settings())
    yield pool
    pool.close()
    await pool.wait_closed()


async def test_a_free_room_is_held(fake_mysql: FakeMysql, pool: aiomysql.Pool) -> None:
    fake_mysql.on(LOCK, 7).row(id=7)
    fake_mysql.on(TAKEN).row(n=0)
    fake_mysql.on(HOLD, 7, "Ana", NIGHT, 2).affected(1, last_insert_id=31)

    assert await bookings.book(pool, 7, "Ana", NIGHT, 2) == 31
    [transaction] = fake_mysql.transactions
    assert transaction.state == "committed"


async def test_a_taken_room_is_refused(fake_mysql: FakeMysql, pool: aiomysql.Pool) -> None:
    fake_mysql.on(LOCK, 7).row(id=7)
    fake_mysql.on(TAKEN).row(n=1)

    with pytest.raises(bookings.RoomTaken):
        await bookings.book(pool, 7, "Ana", NIGHT, 2)
    assert fake_mysql.transactions[0].state == "rolled back"


async def test_a_deadlock_is_tried_again(fake_mysql: FakeMysql, pool: aiomysql.Pool) -> None:
    fake_mysql.on(LOCK, 7).row(id=7)
    fake_mysql.on(TAKEN).row(n=0)
    fake_mysql.on(HOLD).raises(db_error(1213)).affected(1, last_insert_id=31)

    assert await bookings.book(pool, 7, "Ana", NIGHT, 2) == 31
    assert [it.state for it in fake_mysql.transactions] == ["rolled back", "committed"]


async def test_deadlocks_without_end_are_reported(
    fake_mysql: FakeMysql, pool: aiomysql.Pool
) -> None:
    fake_mysql.on(LOCK, 7).raises(db_error(1205)).times(3)

    with pytest.raises(bookings.Busy):
        await bookings.book(pool, 7, "Ana", NIGHT, 2)


async def test_a_name_is_taken(fake_mysql: FakeMysql, pool: aiomysql.Pool) -> None:
    taken = db_error(1062, key="rooms.rooms_name", value="Sea view")
    fake_mysql.on("INSERT INTO rooms ...", "Sea view", 2, Decimal("80.00")).raises(taken)

    with pytest.raises(bookings.NameTaken):
        await bookings.add_room(pool, "Sea view", 2, Decimal("80.00"))


async def test_a_lost_connection_is_not_hidden(fake_mysql: FakeMysql, pool: aiomysql.Pool) -> None:
    fake_mysql.on(LOCK, 7).drops()

    with pytest.raises(aiomysql.OperationalError) as caught:
        await bookings.book(pool, 7, "Ana", NIGHT, 2)
    assert caught.value.args[0] == 2013
