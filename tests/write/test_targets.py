"""Which functions are found, and how each is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.write.imported import found_in
from understudy.init import connections
from understudy.write import rendering
from understudy.write.trials import Trial


def calls_of(tmp_path: Path, driver: str | None = "asyncpg", **files: str) -> list[str]:
    """Return the calls that are found in app.users."""
    targets, left_out = found_in(tmp_path, files, driver=driver)
    assert left_out == []
    return [target.call for target in targets]


def reasons_of(tmp_path: Path, **files: str) -> dict[str, str]:
    """Return why each function of app.users is left out."""
    targets, left_out = found_in(tmp_path, files)
    assert targets == []
    return {one.name: one.reason for one in left_out}


def test_a_session_of_sqlmodel_is_none_of_sqlalchemy(tmp_path: Path) -> None:
    """Its class is derived from SQLAlchemy's, and has a method more."""
    users = """
        from sqlmodel.ext.asyncio.session import AsyncSession

        async def find(session: AsyncSession) -> None: ...
    """

    targets, _ = found_in(tmp_path, {"users": users}, driver="asyncpg")

    assert targets[0].openings[0].imports == (
        "from sqlmodel.ext.asyncio.session import AsyncSession",
    )


def test_how_functions_and_methods_are_called(tmp_path: Path) -> None:
    """Each kind of function; special, private and property methods are left out."""
    users = """
        from collections.abc import AsyncIterator, Iterator
        from asyncpg import Connection

        def slug(name: str) -> str:
            return _lower(name)

        def _lower(name: str) -> str:
            return name.lower()

        class UserDAO:
            def __init__(self, conn: Connection) -> None:
                self.conn = conn

            @property
            def table(self) -> str:
                return "users"

            async def find(self, user_id: int, *, deleted: bool = False) -> None: ...

            def __len__(self) -> int:
                return 1

            @staticmethod
            async def count(conn: Connection) -> int:
                return 1

            @classmethod
            async def all(cls, conn: Connection, limit: int) -> None: ...

            async def stream(self) -> AsyncIterator[int]:
                yield 1

            def names(self) -> Iterator[str]:
                yield "a"

            class Archive:
                @staticmethod
                async def add(user_id: int, conn: Connection) -> None: ...

        class Register:
            async def __call__(self, name: str) -> None: ...
    """
    assert calls_of(tmp_path, users=users) == [
        "slug(ARGUMENTS)",
        "await UserDAO(conn).find(ARGUMENTS)",
        "await UserDAO.count(conn)",
        "await UserDAO.all(conn, ARGUMENTS)",
        "[item async for item in UserDAO(conn).stream()]",
        "list(UserDAO(conn).names())",
        "await UserDAO.Archive.add(conn=conn, ARGUMENTS)",
        "await Register()(ARGUMENTS)",
    ]


def test_what_is_known_of_a_target(tmp_path: Path) -> None:
    """The place of its code, its arguments, the opening and the imports."""
    users = """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from asyncpg import Connection

        class UserDAO:
            async def rename(self, conn: "Connection", user_id: int, name: "str | None" = None):
                return 1
    """
    [target], _ = found_in(tmp_path, {"users": users})
    assert (target.layer, target.name, target.lines, target.is_async) == (
        *("dao", "UserDAO.rename"),
        *((8, 9), True),
    )
    assert target.file == str(tmp_path / "app" / "users.py")
    assert [(one.name, one.hint, one.is_required) for one in target.arguments] == [
        ("user_id", int, True),
        ("name", str | None, False),
    ]
    assert [opening.line for opening in target.openings] == [
        "conn = await real_postgres.asyncpg.connect()"
    ]
    assert target.imports == ("from app.users import UserDAO",)


OPENINGS = {
    "asyncpg.Pool": "async with real_postgres.asyncpg.pool() as pool:",
    "asyncpg.pool.PoolConnectionProxy": "conn = await real_postgres.asyncpg.connect()",
    "psqlpy.Connection": "conn = await real_postgres.psqlpy.connect()",
    "psqlpy.ConnectionPool | None": "pool = real_postgres.psqlpy.pool()",
    "psycopg.AsyncConnection[dict]": "conn = await real_postgres.psycopg.connect()",
    "psycopg.Connection": "conn = real_postgres.psycopg.connect_sync()",
    "psycopg_pool.AsyncConnectionPool": "async with real_postgres.psycopg.pool() as pool:",
    "AsyncSession": "async with AsyncSession(real_postgres.sqlalchemy.engine()) as session:",
    "Annotated[AsyncSession, 1]": (
        "async with AsyncSession(real_postgres.sqlalchemy.engine()) as session:"
    ),
    "sqlalchemy.orm.Session": ("with Session(real_postgres.sqlalchemy.sync_engine()) as session:"),
    "sqlalchemy.Engine": "engine = real_postgres.sqlalchemy.sync_engine()",
    "sqlalchemy.Connection": ("with real_postgres.sqlalchemy.sync_engine().connect() as conn:"),
    "async_sessionmaker[AsyncSession]": (
        "sessions = async_sessionmaker(real_postgres.sqlalchemy.engine())"
    ),
    "databases.Database": "async with Database(real_postgres.dsn) as database:",
}


@pytest.mark.parametrize("annotation", OPENINGS)
def test_what_a_connection_is_opened_with(tmp_path: Path, annotation: str) -> None:
    """The type says it, in a union, annotated or generic."""
    users = f"""
        from typing import Annotated
        import asyncpg, databases, psqlpy, psycopg, psycopg_pool, sqlalchemy, sqlalchemy.orm
        from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

        async def find(given: {annotation}) -> None: ...
    """
    [target], _ = found_in(tmp_path, {"users": users})
    assert [opening.line for opening in target.openings] == [OPENINGS[annotation]]


def test_a_decorator_that_passes_the_connection_in_is_left_out(tmp_path: Path) -> None:
    """Others stay: what they do is a part of what callers see."""
    users = """
        import functools
        import inspect
        from asyncpg import Connection

        def shown(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                return await function(None, *args, **kwargs)
            parameters = list(inspect.signature(function).parameters.values())
            wrapper.__signature__ = inspect.Signature(parameters[1:])
            return wrapper

        def hidden(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                return await function(*args, conn=None, **kwargs)
            return wrapper

        def retried(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                return await function(*args, **kwargs)
            return wrapper

        class UserDAO:
            @staticmethod
            @shown
            @retried
            async def one(conn: Connection, user_id: int) -> None: ...

            @classmethod
            @hidden
            async def two(cls, user_id: int, *, conn: Connection) -> None: ...

            @retried
            async def three(self, conn: Connection, user_id: int) -> None: ...

            @retried
            @shown
            async def four(self, conn: Connection, user_id: int) -> None: ...
    """
    targets, _ = found_in(tmp_path, {"users": users})
    assert [target.call for target in targets if target.name.startswith("UserDAO")] == [
        "await UserDAO.one.__wrapped__(conn, ARGUMENTS)",
        "await UserDAO.two.__wrapped__(UserDAO, conn=conn, ARGUMENTS)",
        "await UserDAO().three(conn, ARGUMENTS)",
        "await UserDAO.four.__wrapped__.__wrapped__(UserDAO(), conn, ARGUMENTS)",
    ]


def test_a_method_of_a_generic_base_is_tested_on_each_class(tmp_path: Path) -> None:
    """The types of the subclass stand for the type variables."""
    base = """
        from typing import Generic, TypeVar
        from sqlalchemy.ext.asyncio import AsyncSession

        Model = TypeVar("Model")
        Data = TypeVar("Data")

        class BaseRepository(Generic[Model, Data]):
            def __init__(self, model: type[Model], session: AsyncSession) -> None:
                self.model = model

            async def create(self, data: Data, others: list[Data]) -> Model: ...
    """
    users = """
        from dataclasses import dataclass
        from app.base import BaseRepository

        @dataclass
        class User:
            name: str

        class UserRepository(BaseRepository[User, dict]):
            pass
    """
    [target], _ = found_in(tmp_path, {"base": base, "users": users})
    assert target.name == "UserRepository.create"
    assert target.call == "await UserRepository(User, session).create(ARGUMENTS)"
    assert [argument.hint for argument in target.arguments] == [dict, list[dict]]  # type: ignore[type-arg] # as written


def test_a_service_gets_its_daos(tmp_path: Path) -> None:
    """On one connection; an interface is the class that implements it, a client is a dummy."""
    daos = """
        import abc
        import httpx
        from asyncpg import Connection

        class UserDAO:
            def __init__(self, conn: Connection) -> None: ...
            async def find(self) -> None: ...

        class Orders(abc.ABC):
            @abc.abstractmethod
            async def find(self) -> None: ...

        class OrderDAO(Orders):
            def __init__(self, *, conn: Connection) -> None: ...
            async def find(self) -> None: ...

        class Mail:
            async def send(self) -> None:
                httpx.post("https://example.com")
    """
    users = """
        from app.daos import Mail, Orders, UserDAO

        class UserService:
            def __init__(self, users: UserDAO, orders: Orders, mail: Mail, limit: int = 3):
                pass

            async def register(self, name: str) -> None: ...
    """
    [target], _ = found_in(tmp_path, {"daos": daos, "users": users})
    assert target.layer == "service"
    assert target.call == (
        "await UserService(UserDAO(conn), OrderDAO(conn=conn), mail).register(ARGUMENTS)"
    )
    assert [opening.line for opening in target.openings] == [
        "conn = await real_postgres.asyncpg.connect()",
        "mail = dummy(Mail)",
    ]


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("session.add(1)", ("await session.commit()",)),
        ("session.add(1)\n    await session.commit()", ()),
        ("await session.get(int, 1)", ()),
    ],
)
def test_code_that_leaves_the_commit_to_its_caller(
    tmp_path: Path, body: str, after: tuple[str, ...]
) -> None:
    """The test commits after the call; the session has the options of the project's own."""
    users = (
        "from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker\n"
        "sessions = async_sessionmaker(None, expire_on_commit=False)\n"
        f"async def create(session: AsyncSession):\n    {body}\n"
    )
    [target], _ = found_in(tmp_path, {"users": users})
    assert target.after == after
    assert [one.line for one in target.openings] == [
        "async with AsyncSession(real_postgres.sqlalchemy.engine(), expire_on_commit=False) "
        "as session:"
    ]


@pytest.mark.parametrize(
    ("library", "dsn"),
    [
        ("asyncpg", "real_postgres.dsn"),
        (
            "sqlalchemy",
            'real_postgres.dsn.replace("postgresql", "postgresql+asyncpg", 1)',
        ),
    ],
)
def test_a_class_gets_the_address_of_the_database(tmp_path: Path, library: str, dsn: str) -> None:
    users = f"""
        import {library}

        class UserDAO:
            def __init__(self, database_url: str) -> None: ...
            async def count(self) -> int: ...
    """

    assert calls_of(tmp_path, users=users) == [f"await UserDAO({dsn}).count()"]


def test_a_context_manager_is_entered(tmp_path: Path) -> None:
    users = """
        import contextlib
        from collections.abc import AsyncIterator, Iterator

        @contextlib.contextmanager
        def locked(name: str) -> Iterator[None]:
            yield

        @contextlib.asynccontextmanager
        async def session() -> AsyncIterator[str]:
            yield "open"
    """

    targets, _ = found_in(tmp_path, {"users": users})

    lines = [rendering.act(Trial(target), "result") for target in targets]
    assert lines == [
        ["with locked() as result:", "    pass"],
        ["async with session() as result:", "    pass"],
    ]
    assert [rendering.is_async(target) for target in targets] == [False, True]


def test_what_is_left_out_and_why(tmp_path: Path) -> None:
    """Code that would leave the machine, delete files or never end; and what has no code."""
    users = """
        import os
        import subprocess
        from typing import Protocol

        import httpx
        from pydantic import BaseModel

        async def notify(name: str) -> None:
            await _send(name)

        async def _send(name: str) -> None:
            async with httpx.AsyncClient() as client:
                await client.post("https://example.com", json=name)

        def clear(path: str) -> None:
            os.remove(path)

        def dump() -> None:
            subprocess.run(["pg_dump"])

        async def listen() -> None:
            while True:
                await notify_all()

        async def session():
            async with httpx.Limits() as opened:
                yield opened

        def save(row: BaseModel) -> None: ...

        class Users(Protocol):
            async def find(self) -> None: ...

        class Report:
            def __init__(self, anything) -> None: ...
            def make(self) -> None: ...
    """
    assert reasons_of(tmp_path, users=users) == {
        "notify": "calls the network: httpx.AsyncClient in line 13 of app/users.py",
        "clear": "deletes files: os.remove in line 17 of app/users.py",
        "dump": "starts a process: subprocess.run in line 20 of app/users.py",
        "listen": "never returns: the loop in line 23 has no end",
        "session": "lends what it yields: it is tested by what depends on it",
        "save": "takes any BaseModel as row: nothing says which",
        "Users": "is abstract, and no class derives from it",
        "Report.make": "Report cannot be made: nothing says what anything takes",
    }


def test_a_base_class_is_tested_on_a_class_that_completes_it(tmp_path: Path) -> None:
    """The columns of its model stand for `**filters`; those that a row needs are required."""
    users = """
        from sqlalchemy import ForeignKey, select
        from sqlalchemy.ext.asyncio import AsyncSession
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class User(Base):
            __tablename__ = "users"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str]
            note: Mapped[str | None]

        class BaseDAO:
            model = None

            @classmethod
            async def find(cls, session: AsyncSession, **filters):
                return await session.scalars(select(cls.model).filter_by(**filters))

            @classmethod
            async def add(cls, session: AsyncSession, **data):
                session.add(cls.model(**data))

        class UserDAO(BaseDAO):
            model = User
    """
    targets, left_out = found_in(tmp_path, {"users": users})
    assert left_out == []
    assert [(target.name, target.call) for target in targets] == [
        ("BaseDAO.find", "await UserDAO.find(session, ARGUMENTS)"),
        ("BaseDAO.add", "await UserDAO.add(session, ARGUMENTS)"),
        ("UserDAO.find", "await UserDAO.find(session, ARGUMENTS)"),
        ("UserDAO.add", "await UserDAO.add(session, ARGUMENTS)"),
    ]
    assert [
        [(argument.name, argument.is_required) for argument in target.arguments]
        for target in targets[:2]
    ] == [
        [("id", False), ("name", False), ("note", False)],
        [("id", False), ("name", True), ("note", False)],
    ]


def test_a_pool_that_the_project_opens_itself(tmp_path: Path) -> None:
    """It is entered around the call of what uses it, with settings of this database."""
    pools = """
        from contextlib import asynccontextmanager
        from dataclasses import dataclass
        import asyncpg

        @dataclass
        class Settings:
            database_url: str
            size: int = 2

        class Database:
            @classmethod
            @asynccontextmanager
            async def opened(cls, settings: Settings):
                cls.pool = await asyncpg.create_pool(settings.database_url)
                yield

            @classmethod
            async def fetch(cls, text):
                return await cls.pool.fetch(text)
    """
    users = """
        from app.pools import Database

        async def names():
            return await Database.fetch("SELECT name FROM users")

        async def nothing():
            return None
    """
    targets, _ = found_in(tmp_path, {"pools": pools, "users": users})
    assert [[opening.line for opening in target.openings] for target in targets] == [
        ["async with Database.opened(Settings(database_url=real_postgres.dsn)):"],
        [],
    ]


def test_code_that_may_return_before_it_leaves_the_machine_is_tried(tmp_path: Path) -> None:
    """The guard of the process refuses the request; what comes before is tested."""
    users = """
        import httpx

        async def notify(name: str) -> str:
            if not name:
                raise ValueError("no name")
            await httpx.AsyncClient().post("https://example.com")
    """
    assert calls_of(tmp_path, users=users) == ["await notify(ARGUMENTS)"]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("asyncpg.Connection", None),
        ("psycopg.AsyncConnection", "await conn.commit()"),
        ("psycopg.Connection", "conn.commit()"),
        ("sqlalchemy.ext.asyncio.AsyncConnection", "await conn.commit()"),
        ("sqlalchemy.Connection", "conn.commit()"),
        ("sqlmodel.Session", "session.commit()"),
        ("sqlalchemy.ext.asyncio.async_sessionmaker", None),
    ],
)
def test_the_line_that_commits(kind: str, line: str | None) -> None:
    """What commits by itself, or in its own block, needs none."""
    opened = connections.opening(kind, "real_postgres", "asyncpg")
    assert opened is not None
    assert connections.commit(opened) == line


def test_an_argument_that_is_made_of_a_connection(tmp_path: Path) -> None:
    """Such as a unit of work."""
    users = """
        from asyncpg import Pool

        class Context:
            def __init__(self, pool: Pool) -> None: ...

        async def find(context: Context, user_id: int) -> None: ...
    """
    assert calls_of(tmp_path, users=users) == ["await find(Context(pool), ARGUMENTS)"]


def test_a_class_with_a_table_name_that_is_made_of_a_connection_is_a_dao(tmp_path: Path) -> None:
    """Its own SQL says that it is a DAO; the name of its table says nothing about a model."""
    files = {
        "driver": """
            from abc import ABC, abstractmethod
            import psycopg

            class Connection(ABC):
                @abstractmethod
                async def run(self, sql: str) -> None: ...

            class PsycopgConnection(Connection):
                def __init__(self, connection: psycopg.AsyncConnection) -> None:
                    self.connection = connection

                async def run(self, sql: str) -> None:
                    await self.connection.execute(sql)
        """,
        "users": """
            from app.driver import Connection

            class UsersTable:
                __tablename__ = "users"

                def __init__(self, connection: Connection) -> None:
                    self.connection = connection

                async def clear(self) -> None:
                    await self.connection.run("DELETE FROM users WHERE banned")

            class Named:
                __tablename__ = "named"

                def shown(self) -> str:
                    return self.__tablename__
        """,
    }

    targets, left_out = found_in(tmp_path, files, driver="psycopg")

    assert [(one.layer, one.call) for one in targets] == [
        ("dao", "await UsersTable(PsycopgConnection(conn)).clear()")
    ]
    assert left_out == []
