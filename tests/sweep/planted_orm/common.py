"""What the faulty app on SQLAlchemy and its sound twin share."""

import os
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# What asyncpg raises while it connects, which SQLAlchemy leaves as it is.
UNAVAILABLE = (OSError, asyncpg.PostgresError)
STATUSES = {
    "23505": 409,
    "23503": 422,
    "23514": 422,
    "40001": 503,
    "40P01": 503,
    "53300": 503,
    "57014": 504,
}


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    amount: Mapped[int]


class Audit(Base):
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[str]


@asynccontextmanager
async def lifespan(app):
    """Make an engine."""
    engine = create_async_engine(os.environ["DATABASE_URL"])
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    yield
    await engine.dispose()


def is_lost(error):
    """Return whether the connection was lost."""
    sqlstate = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or sqlstate is None or sqlstate.startswith("08")


def make_app():
    """Return an app without routes."""
    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(DBAPIError)
    async def database_error(request, error):
        status = 503 if is_lost(error) else STATUSES.get(error.orig.sqlstate, 500)
        return JSONResponse({"error": type(error.orig).__name__}, status)

    async def unavailable(request, error):
        return JSONResponse({"error": "the database is unavailable"}, 503)

    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, unavailable)
    return app
