"""Bookings: what is free, and how a room is held, confirmed and cancelled."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import aiomysql
from pymysql.err import IntegrityError, OperationalError

from app.database import transaction

_DEADLOCK, _LOCK_WAIT_TIMEOUT, _TAKEN = 1213, 1205, 1062
_ATTEMPTS = 3


class RoomUnknown(Exception):
    """There is no such room."""


class RoomTaken(Exception):
    """The room is booked for one of the nights."""


class NameTaken(Exception):
    """Another room has this name."""


class Busy(Exception):
    """Others are booking the same room; try again."""


@dataclass(frozen=True)
class Room:
    """A room."""

    id: int
    name: str
    beds: int
    price: Decimal


async def add_room(pool: aiomysql.Pool, name: str, beds: int, price: Decimal) -> int:
    """Add a room and return its id."""
    async with pool.acquire() as connection, connection.cursor() as cursor:
        try:
            await cursor.execute(
                "INSERT INTO rooms (name, beds, price) VALUES (%s, %s, %s)", (name, beds, price)
            )
        except IntegrityError as error:
            if error.args[0] == _TAKEN:
                raise NameTaken(name) from error
            raise
        return int(cursor.lastrowid)


async def free_rooms(pool: aiomysql.Pool, first_night: date, nights: int) -> list[Room]:
    """Return the rooms without a booking in these nights, the cheapest first."""
    async with pool.acquire() as connection, connection.cursor(aiomysql.DictCursor) as cursor:
        await cursor.execute(
            "SELECT r.id, r.name, r.beds, r.price FROM rooms r WHERE NOT EXISTS ("
            "SELECT 1 FROM bookings b WHERE b.room_id = r.id AND b.state <> 'cancelled' "
            "AND b.first_night < %s AND DATE_ADD(b.first_night, INTERVAL b.nights DAY) > %s) "
            "ORDER BY r.price, r.id",
            (first_night + timedelta(days=nights), first_night),
        )
        return [Room(**row) for row in await cursor.fetchall()]


async def book(
    pool: aiomysql.Pool, room_id: int, person: str, first_night: date, nights: int
) -> int:
    """Hold a room and return the booking's id; a deadlock is tried again."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await _book_once(pool, room_id, person, first_night, nights)
        except OperationalError as error:
            if error.args[0] not in (_DEADLOCK, _LOCK_WAIT_TIMEOUT):
                raise
            if attempt == _ATTEMPTS:
                raise Busy from error
    raise AssertionError("the loop returns or raises")


async def _book_once(
    pool: aiomysql.Pool, room_id: int, person: str, first_night: date, nights: int
) -> int:
    async with transaction(pool) as cursor:
        await cursor.execute("SELECT id FROM rooms WHERE id = %s FOR UPDATE", (room_id,))
        if await cursor.fetchone() is None:
            raise RoomUnknown(room_id)
        await cursor.execute(
            "SELECT COUNT(*) AS n FROM bookings WHERE room_id = %s AND state <> 'cancelled' "
            "AND first_night < %s AND DATE_ADD(first_night, INTERVAL nights DAY) > %s",
            (room_id, first_night + timedelta(days=nights), first_night),
        )
        if (await cursor.fetchone())["n"]:
            raise RoomTaken(room_id)
        await cursor.execute(
            "INSERT INTO bookings (room_id, person, first_night, nights) VALUES (%s, %s, %s, %s)",
            (room_id, person, first_night, nights),
        )
        return int(cursor.lastrowid)


async def confirm(pool: aiomysql.Pool, booking_id: int) -> bool:
    """Confirm a booking that is held; return whether there was one."""
    async with pool.acquire() as connection, connection.cursor() as cursor:
        return bool(
            await cursor.execute(
                "UPDATE bookings SET state = 'confirmed' WHERE id = %s AND state = 'held'",
                (booking_id,),
            )
        )


async def bookings_of(pool: aiomysql.Pool, room_id: int) -> list[dict[str, Any]]:
    """Return the bookings of a room, in the order of their nights."""
    async with pool.acquire() as connection, connection.cursor(aiomysql.DictCursor) as cursor:
        await cursor.execute(
            "SELECT id, person, first_night, nights, state FROM bookings WHERE room_id = %s "
            "ORDER BY first_night",
            (room_id,),
        )
        rows: list[dict[str, Any]] = await cursor.fetchall()
        return rows
