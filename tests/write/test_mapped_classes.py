"""ORM classes that others name in strings are imported, so that SQLAlchemy finds them."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.write.imported import imports_from, written_modules
from understudy.write.construction import Unbuildable
from understudy.write.mapped_classes import import_missing

_BASE = """
    from sqlalchemy.orm import DeclarativeBase

    class Base(DeclarativeBase):
        pass
"""
_USERS = """
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import Mapped, mapped_column, relationship
    from app.base import Base

    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
        tasks: Mapped[list["Task"]] = relationship(back_populates="owner")
"""
_TASKS = """
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import Mapped, mapped_column, relationship
    from app.base import Base

    class Task(Base):
        __tablename__ = "tasks"
        id: Mapped[int] = mapped_column(primary_key=True)
        owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
        owner = relationship("User", back_populates="tasks")
"""
_TEAMS = """
    from sqlalchemy.orm import Mapped, mapped_column
    from app.base import Base

    class Team(Base):
        __tablename__ = "teams"
        id: Mapped[int] = mapped_column(primary_key=True)
"""


def test_the_modules_are_imported_that_relationships_and_foreign_keys_name(tmp_path: Path) -> None:
    """Others are not: they would be imports without a reason in the written file."""
    files = {"base": _BASE, "users": _USERS, "tasks": _TASKS, "teams": _TEAMS}
    modules = written_modules(tmp_path, files | {"other": _TEAMS.replace("eam", "hing")})

    with imports_from(tmp_path):
        users = importlib.import_module("app.users")
        assert import_missing(modules) == ["app.tasks", "app.teams"]
        users.Base.registry.configure()
        assert import_missing(modules) == []


def test_a_module_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    tasks = _TASKS + "    1 / 0\n"
    files = {"base": _BASE, "users": _USERS, "tasks": tasks, "teams": _TEAMS}
    modules = written_modules(tmp_path, files)

    with imports_from(tmp_path):
        importlib.import_module("app.users")
        with pytest.raises(Unbuildable, match=r"app\.tasks cannot be imported: division by zero"):
            import_missing(modules)


def test_a_table_of_sqlmodel_is_called_like_its_class(tmp_path: Path) -> None:
    """A class of a test is not looked at, nor one without a base."""
    heroes = """
        import sqlalchemy
        from sqlmodel import Field, SQLModel

        class Plain:
            pass

        class Hero(SQLModel, table=True):
            id: int | None = Field(default=None, primary_key=True)
            team_id: int | None = Field(default=None, foreign_key="squad.id")
    """
    squads = """
        from sqlmodel import Field, SQLModel

        class Squad(SQLModel, table=True):
            id: int | None = Field(default=None, primary_key=True)
    """
    modules = written_modules(tmp_path, {"heroes": heroes, "squads": squads})

    with imports_from(tmp_path):
        importlib.import_module("app.heroes")
        assert import_missing(modules) == ["app.squads"]
