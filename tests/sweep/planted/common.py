"""What the faulty app and its sound twin share: the pool, and the answers to errors."""

import os
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI
from fastapi.responses import JSONResponse

LOST = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
STATUSES = {
    asyncpg.UniqueViolationError: 409,
    asyncpg.ForeignKeyViolationError: 422,
    asyncpg.CheckViolationError: 422,
    asyncpg.SerializationError: 503,
    asyncpg.DeadlockDetectedError: 503,
    asyncpg.QueryCanceledError: 504,
    asyncpg.TooManyConnectionsError: 503,
}


@asynccontextmanager
async def lifespan(app):
    """Open a pool, and one connection beside it."""
    url = os.environ["DATABASE_URL"]
    app.state.shared = await asyncpg.connect(url)
    async with asyncpg.create_pool(url, min_size=0, max_size=2) as app.state.pool:
        yield
    await app.state.shared.close()


def make_app():
    """Return an app without routes."""
    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(asyncpg.PostgresError)
    async def database_error(request, error):
        known = (status for kind, status in STATUSES.items() if isinstance(error, kind))
        status = 503 if isinstance(error, LOST) else next(known, 500)
        return JSONResponse({"error": type(error).__name__}, status)

    async def lost(request, error):
        return JSONResponse({"error": "the database is unavailable"}, 503)

    app.add_exception_handler(OSError, lost)
    app.add_exception_handler(asyncpg.InterfaceError, lost)
    return app
