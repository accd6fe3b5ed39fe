"""Two things of one name have two names in a written file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.write.imported import found_in
from understudy.write import proposals, rendering
from understudy.write.imported_names import NAMES


def test_the_second_thing_of_a_name_has_that_of_its_module_before_it() -> None:
    assert NAMES.of("app.models", "User").text == "User"
    assert NAMES.of("app.schemas", "User").text == "SchemasUser"
    assert NAMES.of("app.schemas", "User").imports == (
        "from app.schemas import User as SchemasUser",
    )
    assert NAMES.of("app.models", "User").text == "User"
    assert NAMES.of("api.schemas", "User").text == "ApiSchemasUser"
    assert NAMES.of("app.crud", "result").text == "crud_result"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from app.schemas import User\n", "ModelsUser"),
        ("from app.models import User as Model\n", "Model"),
        ("class User:\n    pass\n", "ModelsUser"),
        ("import app.models as User\n", "ModelsUser"),
        ("User = 1\n", "ModelsUser"),
        ("", "User"),
    ],
)
def test_a_file_has_names_already(text: str, name: str) -> None:
    NAMES.read(text)

    assert NAMES.of("app.models", "User").text == name


def test_a_trial_that_needs_both(tmp_path: Path) -> None:
    status = """
        from enum import Enum

        class Status(Enum):
            OPEN = 1
    """
    users = """
        import asyncpg
        from app import old, new

        async def find_user(conn: asyncpg.Connection, one: old.Status, two: new.Status):
            return await conn.fetch("SELECT 1")
    """
    files = {"old": status, "new": status, "users": users}
    ((target,), _) = found_in(tmp_path, files)
    (trial, *_) = proposals.trials(target, None, [], frozenset)

    assert rendering.call(trial) == "await find_user(conn, Status.OPEN, NewStatus.OPEN)"
    assert {
        "from app.old import Status",
        "from app.new import Status as NewStatus",
    } <= rendering.imports(trial)
