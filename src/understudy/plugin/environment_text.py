"""The values of a ..._env table, with the address of a server filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.plugin.settings import PLACES, SQLITE_PLACES

if TYPE_CHECKING:
    from understudy.real_sqlite.database import SqliteDatabase
    from understudy.serving.location import Location
    from understudy.serving.server import Server


def filled_in(text: str, place: Server[Any] | Location) -> str:
    """Return a value of a ..._env table with the parts of an address."""
    from understudy.embedded import environment

    return environment.filled_in(text, {name: str(getattr(place, name)) for name in PLACES})


def sqlite_filled_in(text: str, database: SqliteDatabase) -> str:
    """Return a value of real_sqlite_env with the parts of the database's address."""
    from understudy.embedded import environment

    return environment.filled_in(
        text, {name: str(getattr(database, name)) for name in SQLITE_PLACES}
    )
