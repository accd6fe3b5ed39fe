"""The routes of the app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Annotated

import aiomysql
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

from app import bookings
from app.bookings import Room
from app.database import open_pool
from app.settings import Settings


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await open_pool(Settings())
    yield
    app.state.pool.close()
    await app.state.pool.wait_closed()


def _pool(request: Request) -> aiomysql.Pool:
    return request.app.state.pool


Pool = Annotated[aiomysql.Pool, Depends(_pool)]


class NewRoom(BaseModel):
    """A room to be added."""

    name: str = Field(min_length=1, max_length=40)
    beds: int = Field(ge=1, le=20)
    price: Decimal = Field(gt=0, max_digits=8, decimal_places=2)


class NewBooking(BaseModel):
    """A booking to be made."""

    person: str = Field(min_length=1, max_length=80)
    first_night: date
    nights: int = Field(ge=1, le=60)


class Created(BaseModel):
    """What was made."""

    id: int


def create_app() -> FastAPI:
    """Return the app."""
    app = FastAPI(title="Hotel", lifespan=_lifespan)

    @app.post("/rooms", status_code=201)
    async def add_room(room: NewRoom, pool: Pool) -> Created:
        try:
            return Created(id=await bookings.add_room(pool, room.name, room.beds, room.price))
        except bookings.NameTaken as error:
            raise HTTPException(409, "another room has this name") from error

    @app.get("/rooms/free")
    async def free(first_night: date, nights: int, pool: Pool) -> list[Room]:
        return await bookings.free_rooms(pool, first_night, nights)

    @app.post("/rooms/{room_id}/bookings", status_code=201)
    async def book(room_id: int, new: NewBooking, pool: Pool) -> Created:
        try:
            made = await bookings.book(pool, room_id, new.person, new.first_night, new.nights)
        except bookings.RoomUnknown as error:
            raise HTTPException(404, "no such room") from error
        except bookings.RoomTaken as error:
            raise HTTPException(409, "the room is booked for these nights") from error
        except bookings.Busy as error:
            raise HTTPException(503, "others book this room now; try again") from error
        return Created(id=made)

    @app.post("/bookings/{booking_id}/confirm", status_code=204)
    async def confirm(booking_id: int, pool: Pool) -> None:
        if not await bookings.confirm(pool, booking_id):
            raise HTTPException(404, "no such booking is held")

    return app
