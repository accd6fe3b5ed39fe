"""Small projects of different layouts, as a mapping of their files."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

# A layered backend: a factory, layers in folders, SQL migrations, psqlpy, a decorator of its own.
SEED = {
    "pyproject.toml": """
        # The users' backend.
        [project]
        name = "users"
        version = "1"
        requires-python = ">=3.11"
        dependencies = [
          "fastapi>=0.115",
          "psqlpy>=0.11",  # the driver
        ]
        optional-dependencies.test = ["pytest"]
    """,
    "Dockerfile": """
        FROM python:3.12
        CMD ["uvicorn", "src.config.factory:create_app", "--factory"]
    """,
    "db/migrations/001_users.sql": """
        CREATE TABLE users (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL
        );
    """,
    "db/migrations/002_note.sql": "ALTER TABLE users ADD note text;\n",
    "src/__init__.py": "",
    "src/config/__init__.py": "",
    "src/config/factory.py": """
        from contextlib import asynccontextmanager

        from fastapi import FastAPI

        from src.api.path import users


        @asynccontextmanager
        async def lifespan(app):
            raise RuntimeError("there is no database here")
            yield


        def create_app(title: str = "Users") -> FastAPI:
            app = FastAPI(title=title, lifespan=lifespan)
            app.include_router(users.router)
            return app
    """,
    "src/main.py": """
        from src.config.factory import create_app

        app = create_app()
    """,
    "src/api/__init__.py": "",
    "src/api/path/__init__.py": "",
    "src/api/path/users.py": """
        from fastapi import APIRouter

        from src.domain.dto.user import UserDTO
        from src.domain.service.user import UserService

        router = APIRouter(prefix="/users")


        @router.get("")
        async def get_users():
            return await UserService().get_all()


        @router.get("/{user_id}")
        async def get_user(user_id: int, verbose: bool = False) -> UserDTO.Read:
            return await UserService().get(user_id)
    """,
    "src/domain/__init__.py": "",
    "src/domain/dal.py": """
        import functools
        from typing import Any

        from psqlpy import ConnectionPool


        class DAL:
            @staticmethod
            def connected(function: Any) -> Any:
                @functools.wraps(function)
                async def wrapper(*args: Any) -> Any:
                    async with ConnectionPool().acquire() as conn:
                        return await function(conn, *args)

                return wrapper
    """,
    "src/domain/dao/__init__.py": "",
    "src/domain/dao/user.py": '''
        from src.domain.dal import DAL
        from src.domain.dto.user import UserDTO


        class UserDAO:
            @staticmethod
            @DAL.connected
            async def fetch_by_name(conn, name: str) -> list[UserDTO.Read]:
                rows = await conn.fetch(
                    """
                    SELECT id, name, note FROM users
                    WHERE name = $1 ORDER BY id
                    """,
                    [name],
                )
                return [UserDTO.Read(**row) for row in rows.result()]

            @staticmethod
            @DAL.connected
            async def fetch_by_id(conn, user_id: int) -> UserDTO.Read:
                row = await conn.fetch_row("SELECT id, name FROM users WHERE id = $1", [user_id])
                return UserDTO.Read(**row.result())
    ''',
    "src/domain/dto/__init__.py": "",
    "src/domain/dto/user.py": """
        from pydantic import BaseModel, Field


        class UserDTO:
            class Create(BaseModel):
                name: str = Field(min_length=2)
                note: str | None = None

            class Read(BaseModel):
                id: int
                name: str
    """,
    "src/domain/service/__init__.py": "",
    "src/domain/service/user.py": """
        from src.domain.dao.user import UserDAO
        from src.domain.dto.user import UserDTO


        class UserService:
            def __init__(self, user_dao: UserDAO | type[UserDAO] = UserDAO) -> None:
                self.user_dao = user_dao

            async def get_all(self) -> list[UserDTO.Read]:
                users = await self.user_dao.fetch_by_name("Ana")
                return [user for user in users if user.id]

            async def get(self, user_id: int) -> UserDTO.Read:
                return await self.user_dao.fetch_by_id(user_id)
    """,
}

# Everything in one file, requirements.txt, no pyproject.toml; the app is an object.
FLAT = {
    "requirements.txt": "fastapi==0.115\nasyncpg  # the driver\nuvicorn\n",
    "schema.sql": "-- all\nCREATE TABLE notes (id bigint PRIMARY KEY, title text NOT NULL);\n",
    ".env": "DATABASE_URL=postgresql://me:secret@localhost:5432/notes\n",
    "main.py": """
        import asyncpg
        from fastapi import FastAPI
        from pydantic import BaseModel

        app = FastAPI()


        class Note(BaseModel):
            title: str
            stars: int = 0


        class NoSuchNote(Exception):
            pass


        class NoteRepository:
            def __init__(self, pool: asyncpg.Pool) -> None:
                self.pool = pool

            async def get(self, note_id: int) -> Note:
                row = await self.pool.fetchrow("SELECT title FROM notes WHERE id = $1", note_id)
                if row is None:
                    raise NoSuchNote(note_id)
                return Note(**row)


        @app.get("/ping")
        async def ping():
            \"\"\"Whether anybody is there.\"\"\"
            return {"ping": "pong", "with": ["it's", 1, None]}


        @app.post("/notes")
        async def create(note: Note):
            conn = await asyncpg.connect()
            await conn.execute("INSERT INTO notes (title) VALUES ($1)", note.title)
    """,
}

# In a folder of a monorepo: Alembic with an async env.py, poetry, SQLAlchemy, functions for a DAO,
# and tests that are there already, pytest configured in pytest.ini.
BACKEND = {
    "README.md": "Start it: `uvicorn app.main:app --reload`, in backend/.\n",
    ".git/HEAD": "ref: refs/heads/main\n",
    ".github/workflows/tests.yml": "name: frontend\non: push\n",
    "backend/pyproject.toml": """
        [tool.poetry]
        name = "shop"

        [tool.poetry.dependencies]
        python = "^3.12"
        fastapi = "^0.115"
        asyncpg = "^0.30"
        sqlalchemy = { version = "^2", extras = ["asyncio"] }
    """,
    "backend/pytest.ini": "[pytest]\naddopts = --strict-markers --cov-fail-under=100\n",
    "backend/alembic.ini": "[alembic]\nscript_location = %(here)s/migrations\n",
    "backend/migrations/env.py": """
        import asyncio

        from alembic import context
        from app.db import Base
        from sqlalchemy.ext.asyncio import create_async_engine


        def run(connection):
            context.configure(connection=connection, target_metadata=Base.metadata)
            with context.begin_transaction():
                context.run_migrations()


        async def main():
            engine = create_async_engine("postgresql+asyncpg://me:secret@localhost/shop")
            async with engine.connect() as connection:
                await connection.run_sync(run)
                await connection.commit()


        asyncio.run(main())
    """,
    "backend/migrations/versions/1_items.py": """
        import sqlalchemy as sa
        from alembic import op

        revision = "1"
        down_revision = None


        def upgrade():
            op.create_table("items", sa.Column("id", sa.Integer, primary_key=True))
    """,
    "backend/app/__init__.py": "",
    "backend/app/db.py": """
        from sqlalchemy.ext.asyncio import create_async_engine
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


        class Base(DeclarativeBase):
            pass


        class Item(Base):
            __tablename__ = "items"
            id: Mapped[int] = mapped_column(primary_key=True)


        engine = create_async_engine("postgresql+asyncpg://me:secret@localhost/shop")
    """,
    "backend/app/crud.py": """
        from app.db import Item


        async def get_item(session, item_id: int):
            return await session.get(Item, item_id)
    """,
    "backend/app/api/__init__.py": """
        from fastapi import APIRouter

        from .items import router

        api = APIRouter()
        api.include_router(router, prefix="/items")
    """,
    "backend/app/api/items.py": """
        from fastapi import APIRouter
        from pydantic import BaseModel, EmailStr

        router = APIRouter()


        class ItemIn(BaseModel):
            price: float


        @router.put("/{item_id}", status_code=202)
        async def put_item(item_id: int, item: ItemIn):
            return None
    """,
    "backend/app/main.py": """
        import fastapi

        from app.api import api

        app = fastapi.FastAPI()


        @app.on_event("startup")
        async def startup():
            raise RuntimeError("there is no database here")


        app.include_router(api, prefix="/v1")
    """,
    "backend/tests/conftest.py": "# ours\n",
}

# A package below src/, tables of SQLModel without migrations, setup.cfg, an app inside another,
# and a factory that needs something.
SRC = {
    "setup.cfg": """
        [metadata]
        name = shop

        [tool:pytest]
        # kept as it is
        testpaths = tests
    """,
    "requirements-dev.txt": "fastapi\npsycopg[binary]\nsqlmodel\n",
    "src/shop/__init__.py": "",
    "src/shop/tables.py": """
        from sqlalchemy import Integer, MetaData
        from sqlalchemy.orm import declarative_base, mapped_column

        Base = declarative_base()


        class Order(Base):
            __tablename__ = "orders"
            id = mapped_column(Integer, primary_key=True)
    """,
    "src/shop/repositories/__init__.py": "",
    "src/shop/repositories/order_repository.py": """
        import psycopg


        class OrderRepository:
            def __init__(self, conn: psycopg.AsyncConnection) -> None:
                self.conn = conn

            async def find(self, order_id: int):
                return await self.conn.execute("SELECT id FROM orders WHERE id = %s", [order_id])
    """,
    "src/shop/services/__init__.py": "",
    "src/shop/services/order_service.py": """
        from shop.repositories.order_repository import OrderRepository


        class OrderService:
            def __init__(self, *, orders: "OrderRepository") -> None:
                self._orders = orders

            async def find(self, order_id: int, *, limit: int = 1):
                return await self._orders.find(order_id=order_id)
    """,
    "src/shop/web.py": """
        from fastapi import FastAPI
        from shop.services.order_service import OrderService


        class Shop(FastAPI):
            pass


        def make(service: OrderService) -> Shop:
            app = Shop()

            @app.get("/orders/{order_id}")
            async def find(order_id: int):
                return await service.find(order_id)

            return app


        admin = FastAPI()
        application = make(OrderService(orders=None))
        application.mount("/admin", admin)
    """,
}

# The form that most FastAPI projects have: pydantic's settings, SQLAlchemy on asyncpg.
SETTINGS = {
    "pyproject.toml": """
        [project]
        name = "heroes"
        version = "1"
        dependencies = ["fastapi", "sqlalchemy[asyncio]", "asyncpg", "pydantic-settings"]
    """,
    "db/schema.sql": "CREATE TABLE heroes (id serial PRIMARY KEY, name text NOT NULL);\n",
    "app/__init__.py": "",
    "app/settings.py": """
        from pydantic import PostgresDsn
        from pydantic_settings import BaseSettings, SettingsConfigDict


        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_prefix="HEROES_")
            database_url: PostgresDsn = "postgresql+asyncpg://app:app@localhost/heroes"
    """,
    "app/main.py": """
        from contextlib import asynccontextmanager

        from fastapi import FastAPI, HTTPException
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine

        from app.settings import Settings


        @asynccontextmanager
        async def lifespan(app):
            app.state.engine = create_async_engine(str(Settings().database_url))
            yield
            await app.state.engine.dispose()


        app = FastAPI(lifespan=lifespan)


        @app.get("/heroes/{number}")
        async def read_hero(number: int) -> str:
            async with app.state.engine.connect() as connection:
                sql = text("SELECT name FROM heroes WHERE id = :number")
                name = (await connection.execute(sql, {"number": number})).scalar()
            if name is None:
                raise HTTPException(404)
            return name
    """,
}

LAYOUTS = {"seed": SEED, "flat": FLAT, "backend": BACKEND, "src": SRC, "settings": SETTINGS}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write dedented files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return folder


def contents(folder: Path) -> dict[str, str]:
    """Return every file below a folder, except caches of Python and pytest."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and ".pytest_cache" not in path.parts
    }
