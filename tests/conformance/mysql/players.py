"""The drivers, each as something that plays flows: one step after the other, with its outcome."""

from __future__ import annotations

import asyncio
import inspect
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, NamedTuple

from tests.conformance.mysql.flows import Flow, Step

Outcome = tuple[Any, ...]


class Where(NamedTuple):
    """The server, and what only an administrator can do."""

    host: str
    port: int
    user: str
    password: str
    database: str
    kill: Callable[[int], None]


async def _done(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def shown(value: Any) -> Any:
    """Return a value with its class, so that 1 and True differ."""
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    return f"{type(value).__name__}:{value!r}"


def failed(error: BaseException) -> Outcome:
    """Return an exception as an outcome; SQLAlchemy's with the one that it wraps."""
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}"
    original = getattr(error, "orig", None)
    if original is not None:
        return ("error", name, *failed(original)[1:])
    named = ("errno", "sqlstate", "msg")
    more = {name: getattr(error, name) for name in named if name in vars(error)}
    return ("error", name, shown(error.args), more)


def is_drivers_own(outcome: Outcome) -> bool:
    """Return whether an outcome is an error that the driver has raised without a server."""
    if outcome[0] != "error":
        return False
    arguments = next(part for part in outcome if isinstance(part, list))
    return not (arguments and re.fullmatch(r"int:\d{4,5}", str(arguments[0])))


class Player:
    """A driver with the DB-API, async or not.

    Args:
        where: the server.
    """

    name: str
    leaves_out: tuple[str, ...] = ()  # steps that the driver does not have
    multi: ClassVar[dict[str, Any]] = {}  # the options to send several statements at once
    finds_rows = False  # whether UPDATE tells the rows that it has found, not those it has changed
    sends_bulk = True  # whether executemany sends one INSERT for all rows

    def __init__(self, where: Where) -> None:
        self.where = where
        self.connection: Any = None
        self.tells_types = False  # the codes of the types, beside the names of the columns

    async def play(self, flow: Flow) -> list[Outcome]:
        """Return the outcome of each step."""
        found = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            await self.open()
            try:
                for step in flow:
                    found.append(await self._outcome(step))
                    found += [("warned", str(one.message)) for one in caught if _is_servers(one)]
                    caught.clear()
            finally:
                await self.end()
        return found

    async def _outcome(self, step: Step) -> Outcome:
        name, *arguments = step
        try:
            found = await getattr(self, name)(*arguments)
        except Exception as error:  # noqa: BLE001 # it is the outcome
            return failed(error)
        return ("ok", found)

    # Steps ---------------------------------------------------------------------------------------

    async def open(self) -> None:
        self.connection = await self.connect()

    async def connect(self, **options: Any) -> Any:
        raise NotImplementedError

    async def end(self) -> None:
        with suppress(Exception):  # a flow may have closed or killed it
            await _done(self.connection.close())
        await asyncio.sleep(0)  # its transport needs a step of the loop

    async def new_cursor(self, kind: str = "plain") -> Any:
        raise NotImplementedError

    async def execute(self, statement: str, arguments: Any) -> Any:
        cursor = await self.new_cursor()
        try:
            returned = await _done(cursor.execute(statement, arguments))
            return [shown(returned), *await self._result(cursor)]
        finally:
            await _done(cursor.close())

    async def _result(self, cursor: Any) -> list[Any]:
        names: list[Any] = [column[0] for column in cursor.description or ()]
        if self.tells_types:
            names = [(column[0], column[1]) for column in cursor.description or ()]
        rows = shown(await _done(cursor.fetchall())) if names else None
        return [names, rows, cursor.rowcount, cursor.lastrowid or 0]

    async def executemany(self, statement: str, rows: list[Any]) -> Any:
        cursor = await self.new_cursor()
        try:
            returned = await _done(cursor.executemany(statement, rows))
            return [shown(returned), cursor.rowcount, cursor.lastrowid or 0]
        finally:
            await _done(cursor.close())

    async def cursor(
        self, kind: str, statement: str, arguments: Any, fetches: list[Any]
    ) -> list[Any]:
        cursor = await self.new_cursor(kind)
        found = []
        try:
            await _done(cursor.execute(statement, arguments))
            for fetch in fetches:
                name, *more = (fetch,) if isinstance(fetch, str) else fetch
                found.append(shown(await _done(getattr(cursor, name)(*more))))
            return found
        finally:
            await _done(cursor.close())

    async def several(self, statements: str) -> list[Any]:
        await self.end()
        self.connection = await self.connect(**self.multi)
        cursor = await self.new_cursor()
        found: list[Any] = []
        try:
            await _done(cursor.execute(statements))
            found.append(await self._result(cursor))
            while await _done(cursor.nextset()):
                found.append(await self._result(cursor))
        except Exception as error:  # noqa: BLE001 # as above
            found.append(failed(error))
        finally:
            await _done(cursor.close())
        return found

    async def call(self, procedure: str, arguments: tuple[Any, ...]) -> Any:
        cursor = await self.new_cursor()
        try:
            await _done(cursor.callproc(procedure, arguments))
            return await self._result(cursor)
        finally:
            await _done(cursor.close())

    async def begin(self) -> None:
        await _done(self.connection.begin())

    async def commit(self) -> None:
        await _done(self.connection.commit())

    async def rollback(self) -> None:
        await _done(self.connection.rollback())

    async def autocommit(self, value: bool) -> None:
        await _done(self.connection.autocommit(value))

    async def status(self) -> Any:
        return bool(self.is_in_transaction()), bool(self.connection.get_autocommit())

    def is_in_transaction(self) -> bool:
        return bool(self.connection.get_transaction_status())

    async def ping(self) -> None:
        await _done(self.connection.ping())

    async def use(self) -> None:
        await _done(self.connection.select_db(self.where.database))

    async def close(self) -> None:
        await _done(self.connection.close())

    async def reopen(self) -> None:
        await self.open()

    async def killed(self) -> None:
        self.where.kill(self.connection.thread_id())


def _is_servers(warning: warnings.WarningMessage) -> bool:
    return not issubclass(warning.category, ResourceWarning | DeprecationWarning)


_MULTI_STATEMENTS = 1 << 16
_KINDS = {
    "plain": "Cursor",
    "dict": "DictCursor",
    "streamed": "SSCursor",
    "streamed dict": "SSDictCursor",
}


class Aiomysql(Player):
    name = "aiomysql"

    async def connect(self, **options: Any) -> Any:
        import aiomysql  # type: ignore[import-untyped] # it has no types

        host, port, user, password, database, _ = self.where
        return await aiomysql.connect(
            host=host, port=port, user=user, password=password, db=database, charset="utf8mb4",
            **options,
        )  # fmt: skip

    async def new_cursor(self, kind: str = "plain") -> Any:
        import aiomysql

        return await self.connection.cursor(getattr(aiomysql, _KINDS[kind]))


class Asyncmy(Player):
    name = "asyncmy"
    options: ClassVar[dict[str, Any]] = {}

    async def connect(self, **options: Any) -> Any:
        import asyncmy

        host, port, user, password, database, _ = self.where
        return await asyncmy.connect(
            host=host, port=port, user=user, password=password, database=database,
            charset="utf8mb4", **self.options, **options,
        )  # fmt: skip

    async def new_cursor(self, kind: str = "plain") -> Any:
        from asyncmy import cursors

        return self.connection.cursor(getattr(cursors, _KINDS[kind]))


class AsyncmyPrepared(Asyncmy):
    """asyncmy with its cache of prepared statements."""

    name = "asyncmy prepared"
    options: ClassVar[dict[str, Any]] = {"stmt_cache_size": 10}


class Pymysql(Player):
    name = "pymysql"
    multi: ClassVar[dict[str, Any]] = {"client_flag": _MULTI_STATEMENTS}

    async def connect(self, **options: Any) -> Any:
        import pymysql

        host, port, user, password, database, _ = self.where
        return pymysql.connect(
            host=host, port=port, user=user, password=password, database=database,
            charset="utf8mb4", ssl_disabled=True, **options,
        )  # fmt: skip

    async def new_cursor(self, kind: str = "plain") -> Any:
        from pymysql import cursors

        return self.connection.cursor(getattr(cursors, _KINDS[kind]))

    def is_in_transaction(self) -> bool:
        return bool(self.connection.server_status & 1)


class Connector(Player):
    """The async connection of mysql.connector."""

    name = "mysql.connector"
    prepared = False

    async def connect(self, **options: Any) -> Any:
        from mysql.connector import aio

        host, port, user, password, database, _ = self.where
        return await aio.connect(
            host=host, port=port, user=user, password=password, database=database,
            ssl_disabled=True, charset="utf8mb4", collation="utf8mb4_general_ci",
        )  # fmt: skip

    async def new_cursor(self, kind: str = "plain") -> Any:
        if kind.startswith("streamed"):
            return await self.connection.cursor(dictionary=kind.endswith("dict"))
        options = {"prepared": True} if self.prepared else {"buffered": True}
        return await self.connection.cursor(dictionary=kind == "dict", **options)

    async def begin(self) -> None:
        await self.connection.start_transaction()

    async def autocommit(self, value: bool) -> None:
        await self.connection.set_autocommit(value)

    async def status(self) -> Any:
        return bool(self.connection.in_transaction), await self.connection.get_autocommit()

    async def use(self) -> None:
        await self.connection.cmd_init_db(self.where.database)

    async def killed(self) -> None:
        self.where.kill(self.connection.connection_id)


class ConnectorPrepared(Connector):
    """mysql.connector with prepared statements."""

    name = "mysql.connector prepared"
    prepared = True
    sends_bulk = False


class Sqlalchemy(Player):
    """SQLAlchemy over an async driver."""

    driver: str
    finds_rows = True
    leaves_out = ("cursor", "several", "call", "status", "autocommit", "ping", "use", "close")

    async def open(self) -> None:
        from sqlalchemy import URL
        from sqlalchemy.ext.asyncio import create_async_engine

        host, port, user, password, database, _ = self.where
        url = URL.create(f"mysql+{self.driver}", user, password, host, port, database)
        self.engine = create_async_engine(url)
        self.connection = await self.engine.connect()

    async def end(self) -> None:
        try:
            await self.connection.close()
        finally:
            await self.engine.dispose()

    async def execute(self, statement: str, arguments: Any) -> Any:
        if isinstance(arguments, list):
            arguments = tuple(arguments)
        result = await self.connection.exec_driver_sql(statement, arguments)
        if not result.returns_rows:
            return [result.rowcount, result.lastrowid or 0]
        return [list(result.keys()), shown([tuple(row) for row in result.fetchall()])]

    async def executemany(self, statement: str, rows: list[Any]) -> Any:
        result = await self.connection.exec_driver_sql(statement, rows)
        return [result.rowcount]

    async def begin(self) -> None:
        if self.connection.in_transaction():
            await self.connection.commit()
        await self.connection.begin()

    async def killed(self) -> None:
        raw = await self.connection.get_raw_connection()
        self.where.kill(raw.driver_connection.thread_id())


class SqlalchemyAiomysql(Sqlalchemy):
    name = "sqlalchemy aiomysql"
    driver = "aiomysql"


class SqlalchemyAsyncmy(Sqlalchemy):
    name = "sqlalchemy asyncmy"
    driver = "asyncmy"


PLAYERS: tuple[type[Player], ...] = (
    *(Aiomysql, Asyncmy, AsyncmyPrepared, Pymysql, Connector, ConnectorPrepared),
    *(SqlalchemyAiomysql, SqlalchemyAsyncmy),
)
