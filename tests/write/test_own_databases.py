"""A class of the project that opens a database by its address is opened and closed by the test."""

from __future__ import annotations

from pathlib import Path

from tests.write.imported import found_in
from tests.write.kept import target
from understudy.init.connections import Opening
from understudy.write.rendering import body
from understudy.write.trials import Trial

USERS = """
    class Database:
        def __init__(self, db_url: str, db_password: str, size: int = 5) -> None:
            self.url = db_url

        async def connect(self) -> None: ...

        async def disconnect(self) -> None: ...


    class Cache:
        def __init__(self, url: str, shards: int) -> None: ...

        def close(self) -> None: ...


    async def find(db: Database) -> None: ...


    async def count(cache: Cache) -> None: ...
"""


def test_it_is_opened_by_its_methods_unless_something_else_is_needed(tmp_path: Path) -> None:
    targets, _ = found_in(tmp_path, {"users": USERS})

    openings = {one.name: one.openings for one in targets}
    line = (
        "db = Database(db_url=real_postgres.dsn, db_password=real_postgres.password)\n"
        "await db.connect()\n"
        "try:"
    )
    imports = ("from app.users import Database",)
    assert openings["find"] == (Opening("db", line, imports, "await db.disconnect()"),)
    assert openings["count"] == ()


def test_what_a_try_opens_is_closed_after_the_call() -> None:
    outer = Opening("db", "db = Database(url)\ntry:", (), "db.close()")
    inner = Opening("pool", "async with db.pool() as pool:")
    trial = Trial(target(openings=(outer, inner)))

    assert body(trial, ["result = await find(pool)"]) == [
        "db = Database(url)",
        "try:",
        "    async with db.pool() as pool:",
        "        result = await find(pool)",
        "finally:",
        "    db.close()",
    ]
