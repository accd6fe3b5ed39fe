"""A small project, to which each test adds its conftest.py and its tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

PROJECT = {
    "pyproject.toml": """
        [project]
        name = "shop"
        version = "1"
        dependencies = [
            "fastapi",
            "sqlalchemy",
            "asyncpg",
        ]

        [tool.pytest.ini_options]
        asyncio_mode = "auto"
        asyncio_default_fixture_loop_scope = "session"
        asyncio_default_test_loop_scope = "session"
        pythonpath = ["."]
    """,
    "app/__init__.py": "",
    "app/models.py": """
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


        class Base(DeclarativeBase):
            pass


        class User(Base):
            __tablename__ = "users"
            id: Mapped[int] = mapped_column(primary_key=True)
            email: Mapped[str] = mapped_column(unique=True)
    """,
    "app/settings.py": """
        import os

        from sqlalchemy import create_engine


        def engine():
            return create_engine(os.environ["DATABASE_URL"])
    """,
    "app/main.py": """
        from typing import Annotated

        from fastapi import Depends, FastAPI
        from sqlalchemy import select
        from sqlalchemy.orm import Session

        from app.models import User
        from app.settings import engine

        app = FastAPI()


        def get_session():
            with Session(engine()) as session:
                yield session


        @app.post("/users/{email}")
        def add(email: str, session: Annotated[Session, Depends(get_session)]) -> dict[str, int]:
            user = User(email=email)
            session.add(user)
            session.commit()
            return {"id": user.id}


        @app.get("/users")
        def users(session: Annotated[Session, Depends(get_session)]) -> list[str]:
            return list(session.scalars(select(User.email)))
    """,
    "tests/schema.py": """
        from sqlalchemy import create_engine

        from app.models import Base


        def create(dsn: str) -> None:
            engine = create_engine(dsn.replace("postgresql:", "postgresql+psycopg:", 1))
            Base.metadata.create_all(engine)
            engine.dispose()
    """,
}

_SCHEMA = PROJECT["tests/schema.py"]
MYSQL_PROJECT = {
    **PROJECT,
    "pyproject.toml": PROJECT["pyproject.toml"].replace("asyncpg", "aiomysql"),
    "app/models.py": PROJECT["app/models.py"]
    .replace(
        "        from sqlalchemy.orm",
        "        from sqlalchemy import String\n        from sqlalchemy.orm",
    )
    .replace("(unique=True)", "(String(80), unique=True)"),
    "tests/schema.py": _SCHEMA.replace("postgresql", "mysql").replace("psycopg", "pymysql"),
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the files of a project, and return its folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return folder


def write_shape(folder: Path, shape: Path, **files: str) -> Path:
    """Write a project with the conftest.py and the tests of a golden shape, and more files."""
    shown = {
        "tests/conftest.py": (shape / "before.txt").read_text(encoding="utf-8"),
        "tests/test_users.py": (shape / "tests.txt").read_text(encoding="utf-8"),
    }
    project = MYSQL_PROJECT if shape.name.startswith("mysql") else PROJECT
    return write(folder / "shop", {**project, **shown, **files})
