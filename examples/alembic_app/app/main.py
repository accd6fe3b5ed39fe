"""The app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.models import User
from app.settings import Settings


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the engine, and close it at the end."""
    engine = create_async_engine(str(Settings().database_url))
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


class NewUser(BaseModel):
    """What a client sends to create a user."""

    email: str


@app.post("/users", status_code=201)
async def create_user(new: NewUser) -> dict[str, int | str]:
    """Create a user."""
    user = User(email=new.email)
    try:
        async with app.state.sessions.begin() as session:
            session.add(user)
    except IntegrityError:
        raise HTTPException(409, "This address is taken.") from None
    except DBAPIError:
        raise HTTPException(503, "Please try again.") from None
    return {"id": user.id, "email": user.email}
