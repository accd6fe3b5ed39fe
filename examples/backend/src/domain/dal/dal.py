"""The pool, the connection of the current task, and the decorator that passes it."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, Protocol, TypeVar, cast

from psqlpy import ConnectionPool
from psqlpy.exceptions import BaseTransactionError

from src.config.settings import Settings
from src.domain.dal.connection import Connection, JoinedTransaction
from src.domain.dal.dao.exception import failing_as

P = ParamSpec("P")
R = TypeVar("R")


class DAOMethod(Protocol[P, R]):
    """A DAO method without its connection parameter; ``__wrapped__`` is the original."""

    __wrapped__: Callable[..., Awaitable[R]]

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Acquire a connection, run the method on it and release the connection."""
        ...


class DAL:
    """Gives connections to DAO methods.

    The application's lifespan opens the pool, and the pool opens connections on demand, so an
    application starts without a database. A task holds at most one connection: a DAO method that
    calls another one shares its connection, so nested calls cannot exhaust the pool.
    """

    _pool: ClassVar[ConnectionPool | None] = None
    _pool_timeout: ClassVar[float | None] = None
    _current: ClassVar[ContextVar[Connection | None]] = ContextVar("connection", default=None)

    @classmethod
    @asynccontextmanager
    async def pool(cls, settings: Settings) -> AsyncIterator[None]:
        """Open the pool for the duration of the block. The innermost of nested blocks is used."""
        outer = cls._pool, cls._pool_timeout
        pool = ConnectionPool(
            dsn=settings.database_url,
            max_db_pool_size=settings.pool_size,
            options=f"-c statement_timeout={settings.statement_timeout_ms}",
        )
        cls._pool, cls._pool_timeout = pool, settings.pool_timeout
        try:
            yield
        finally:
            cls._pool, cls._pool_timeout = outer
            pool.close()

    @classmethod
    async def __get_connection(cls) -> Any:
        if cls._pool is None:
            raise RuntimeError("DAL.pool() is not open")
        # psqlpy waits for a free connection without a limit.
        async with asyncio.timeout(cls._pool_timeout):
            return await cls._pool.connection()

    @classmethod
    @asynccontextmanager
    async def connection(cls) -> AsyncIterator[Connection]:
        """Yield this task's connection, or one from the pool for the duration of the block.

        Raises:
            DAOException: 503 if no database or no connection is available.
        """
        if (held := cls._current.get()) is not None:
            yield held
            return
        async with failing_as("Erro ao conectar ao banco de dados"):
            acquired = await cls.__get_connection()
        async with acquired as conn:
            with cls._holding(conn):
                yield conn

    @classmethod
    @contextmanager
    def _holding(cls, conn: Connection) -> Iterator[None]:
        token = cls._current.set(conn)
        try:
            yield
        finally:
            cls._current.reset(token)

    @classmethod
    @asynccontextmanager
    async def transaction(cls) -> AsyncIterator[None]:
        """Run all DAO methods of the block in one transaction.

        Raises:
            DAOException: the transaction cannot be begun, committed or rolled back. Exceptions of
                the block pass through.
        """
        async with (
            cls.connection() as conn,
            failing_as("Erro ao concluir transação", BaseTransactionError),
            conn.transaction() as transaction,
        ):
            with cls._holding(JoinedTransaction(transaction)):
                yield

    @classmethod
    def connected(
        cls, method: Callable[Concatenate[Connection, P], Awaitable[R]]
    ) -> DAOMethod[P, R]:
        """Decorate a DAO method so that callers omit its first parameter, the connection."""

        @wraps(method)
        async def with_connection(*args: P.args, **kwargs: P.kwargs) -> R:
            async with cls.connection() as conn:
                return await method(conn, *args, **kwargs)

        # The signature that callers see, without the connection.
        shown = inspect.signature(method)
        with_connection.__signature__ = shown.replace(  # type: ignore[attr-defined]  # functions accept it without declaring it
            parameters=list(shown.parameters.values())[1:]
        )
        return cast(DAOMethod[P, R], with_connection)
