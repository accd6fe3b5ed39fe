"""The values of a ..._env table, with the address of a server filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.plugin.settings import PLACES

if TYPE_CHECKING:
    from understudy.fake_postgres.location import Location
    from understudy.fake_postgres.server import Server


class _Url(str):
    """A URL, into which a format writes a driver: {dsn:asyncpg} is postgresql+asyncpg://..."""

    def __format__(self, driver: str) -> str:
        return self.replace("postgresql:", f"postgresql+{driver}:", 1) if driver else str(self)


def filled_in(text: str, place: Server | Location) -> str:
    """Return a value of a ..._env table with the parts of an address."""
    parts = {name: getattr(place, name) for name in PLACES}
    parts |= {name: _Url(parts[name]) for name in ("dsn", "socket_dsn")}
    return text.format(**parts)
