"""The values of a ..._env table, with the address of a server filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.plugin.settings import PLACES

if TYPE_CHECKING:
    from understudy.fake_postgres.location import Location
    from understudy.fake_postgres.server import Server


def filled_in(text: str, place: Server | Location) -> str:
    """Return a value of a ..._env table with the parts of an address."""
    from understudy.embedded import environment

    return environment.filled_in(text, {name: str(getattr(place, name)) for name in PLACES})
