"""How the objects are made that a call needs, and why some cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.write.imported import found_in


def calls(folder: Path, users: str, **files: str) -> dict[str, str]:
    """Return the call of each function of app.users, or why it is left out."""
    targets, left_out = found_in(folder, {"users": users, **files})
    found = {target.name: target.call for target in targets}
    return found | {one.name: one.reason for one in left_out}


@pytest.mark.parametrize(
    ("constructor", "expected"),
    [
        ("kind: Kind", "await UserService(Kind.PLAIN).find()"),
        ("*parts: int, **options: int", "await UserService().find()"),
        ("size: int = 3, *, name: str", 'await UserService(name="a").find()'),
        ("clock: Clock = CLOCK", "await UserService().find()"),
        ("lock: Lock", "UserService cannot be made: nothing says which Lock lock takes"),
        ("worker", "UserService cannot be made: nothing says what worker takes"),
        (
            "store: Store",
            "UserService cannot be made: Store is abstract, and the project has File, Memory",
        ),
        (
            "cache: Cache",
            "UserService cannot be made: Cache is abstract, and the project has none that is not",
        ),
        ("repository: Repository[int]", "await UserService(Numbers()).find()"),
    ],
)
def test_what_a_constructor_takes(tmp_path: Path, constructor: str, expected: str) -> None:
    users = f"""
        import abc
        import enum
        from asyncio import Lock
        from typing import Generic, TypeVar

        T = TypeVar("T")

        class Kind(enum.Enum):
            PLAIN = 1

        class Clock:
            pass

        CLOCK = Clock()

        class Store(abc.ABC):
            @abc.abstractmethod
            def read(self) -> str: ...

        class File(Store):
            def read(self) -> str: ...

        class Memory(Store):
            def read(self) -> str: ...

        class Cache(abc.ABC):
            @abc.abstractmethod
            def get(self) -> str: ...

        class Repository(abc.ABC, Generic[T]):
            @abc.abstractmethod
            def one(self) -> T: ...

        class Numbers(Repository[int]):
            def one(self) -> int: ...

        class Texts(Repository[str]):
            def one(self) -> str: ...

        class UserService:
            def __init__(self, {constructor}) -> None:
                pass

            async def find(self) -> None: ...
    """

    assert calls(tmp_path, users)["UserService.find"] == expected


def test_two_connections_of_different_kinds_have_different_names(tmp_path: Path) -> None:
    users = """
        import psycopg
        from asyncpg import Connection

        async def copy(source: Connection, target: psycopg.AsyncConnection) -> None: ...
    """

    [target], _ = found_in(tmp_path, {"users": users})

    assert target.call == "await copy(conn, conn2)"
    assert [one.line for one in target.openings] == [
        "conn = await real_postgres.asyncpg.connect()",
        "conn2 = await real_postgres.psycopg.connect()",
    ]


def test_an_object_of_the_module_takes_the_place_of_one_that_cannot_be_made(tmp_path: Path) -> None:
    users = """
        class UserService:
            def __init__(self, worker):
                self.worker = worker

            async def find(self) -> None: ...

        users = UserService(object())
    """

    assert calls(tmp_path, users) == {"UserService.find": "await users.find()"}


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (
            """
            from asyncpg import Connection

            class UserDAO:
                def __init__(self, conn: Connection) -> None: ...

                async def all(self, query: str) -> None: ...

                async def search(self, query: str) -> None: ...

                async def ids_by_text_search(self, query: str) -> None: ...
            """,
            {
                "UserDAO.all": "takes SQL: it is tested by what sends a statement with it",
                "UserDAO.search": "await UserDAO(conn).search(ARGUMENTS)",
                "UserDAO.ids_by_text_search": ("await UserDAO(conn).ids_by_text_search(ARGUMENTS)"),
            },
        ),
        (
            """
            import httpx

            class Mail:
                async def send(self) -> None:
                    await httpx.AsyncClient().post("https://example.com")
            """,
            {"Mail": "talks to another server, which no test may do"},
        ),
        (
            """
            import enum
            from pydantic import BaseModel

            class Kind(enum.Enum):
                PLAIN = 1

                def label(self) -> str: ...

            class User(BaseModel):
                def label(self) -> str: ...
            """,
            {},
        ),
        (
            """
            import abc

            class Base(abc.ABC):
                @abc.abstractmethod
                def own(self) -> int: ...

                def replaced(self) -> int:
                    return 1

            class Only(Base):
                def own(self) -> int:
                    return 2

                def replaced(self) -> int:
                    return 3
            """,
            {"Only.own": "Only().own()", "Only.replaced": "Only().replaced()"},
        ),
        (
            """
            def some():
                if True:
                    yield 1
            """,
            {"some": "list(some())"},
        ),
    ],
)
def test_what_is_tested_of_a_module(tmp_path: Path, users: str, expected: dict[str, str]) -> None:
    """Not what only describes, is completed elsewhere, or reaches more than the database."""
    assert calls(tmp_path, users) == expected


def test_a_protocol_that_no_driver_fulfils_is_no_connection(tmp_path: Path) -> None:
    users = """
        from typing import Protocol

        class Database(Protocol):
            async def execute(self, sql: str) -> None: ...
            async def teleport(self) -> None: ...

        class UserDAO:
            def __init__(self, database: Database) -> None: ...

            async def find(self) -> None: ...
    """

    assert calls(tmp_path, users)["UserDAO.find"].startswith("UserDAO cannot be made: ")


def test_a_decorator_that_adds_the_connection_is_left_out_however_it_does_so(
    tmp_path: Path,
) -> None:
    users = """
        import functools
        import inspect
        from asyncpg import Connection

        def by_key(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                kwargs["conn"] = None
                return await function(*args, **kwargs)
            return wrapper

        def from_elsewhere(function):
            @functools.wraps(function)
            async def wrapper(user_id):
                return await called(function, user_id)
            wrapper.__signature__ = inspect.signature(wrapper, follow_wrapped=False)
            return wrapper

        async def _called(function, user_id):
            return await function(user_id, None)

        @by_key
        async def one(user_id: int, *, conn: Connection) -> None: ...

        @from_elsewhere
        async def two(user_id: int, conn: Connection) -> None: ...
    """

    found = calls(tmp_path, users)

    assert found["one"] == "await one.__wrapped__(conn=conn, ARGUMENTS)"
    assert found["two"] == "await two.__wrapped__(conn=conn, ARGUMENTS)"


def test_filters_are_the_columns_of_the_model_of_a_repository(tmp_path: Path) -> None:
    """A type that Python does not know is none of them."""
    users = """
        from asyncpg import Connection
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
        from sqlalchemy.types import UserDefinedType

        class Point(UserDefinedType):
            pass

        class Base(DeclarativeBase):
            pass

        class User(Base):
            __tablename__ = "users"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str]
            place = mapped_column(Point)

        class UserRepository:
            model = User

            async def find(self, conn: Connection, **filters) -> None:
                await conn.fetch("select")

        async def find(conn: Connection, **filters) -> None: ...
    """

    targets, _ = found_in(tmp_path, {"users": users})

    assert {one.name: [argument.name for argument in one.arguments] for one in targets} == {
        "UserRepository.find": ["id", "name"],
        "find": [],
    }


def test_a_pool_gets_the_address_of_the_database(tmp_path: Path) -> None:
    """What has a default is left out; settings that refuse the address are no way to it."""
    pools = """
        from contextlib import asynccontextmanager
        import asyncpg

        class Settings:
            def __init__(self, database_url: str) -> None:
                raise ValueError(database_url)

        @asynccontextmanager
        async def opened({parameters}):
            async with asyncpg.create_pool({address}) as pool:
                yield pool

        async def fetch(text):
            return text
    """
    users = """
        from app.pools import fetch

        async def names():
            return await fetch("SELECT name FROM users")
    """
    ways = {
        "dsn: str, size: int = 2": ("dsn", ["async with opened(real_postgres.dsn):"]),
        "settings: Settings": ("settings.database_url", []),
    }

    for number, (parameters, (address, expected)) in enumerate(ways.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = pools.replace("{parameters}", parameters).replace("{address}", address)
        [target, *_], _ = found_in(folder, {"pools": text, "users": users})
        assert [one.line for one in target.openings] == expected
