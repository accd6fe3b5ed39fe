"""Values that only the project's models list are those of a text column."""

from __future__ import annotations

from enum import Enum
from types import ModuleType
from typing import Any, Literal

import psycopg
import pytest
from pydantic import BaseModel

from understudy.embedded import EmbeddedServer
from understudy.embedded.driver import connect
from understudy.rows.schema_reader import read_schema
from understudy.write import column_values
from understudy.write.listed_values import with_listed_values

SCHEMA = """
    CREATE TABLE tasks (
        id int PRIMARY KEY,
        title text NOT NULL,
        status text NOT NULL,
        kind varchar(10),
        level int,
        mood text CHECK (mood IN ('good', 'bad'))
    );
    CREATE TABLE orders (id int PRIMARY KEY, status text);
"""


class Status(Enum):
    """The states of a task."""

    OPEN = "open"
    DONE = "done"


class Level(Enum):
    """No text."""

    LOW = 1


class Task(BaseModel):
    """A row of tasks."""

    id: int
    title: str
    status: Status | None
    kind: Literal["bug", "idea"]
    level: Level
    mood: Literal["happy"]


class Filter(BaseModel):
    """Not a row: most of its fields are no columns."""

    status: Literal["all"]
    id: int
    page: int
    size: int
    order: str


@pytest.fixture
def choices() -> Any:
    """What each column lists, by table."""
    module = ModuleType(__name__)
    vars(module).update(Status=Status, Filter=Filter, Task=Task)
    with EmbeddedServer() as server:
        server.admin.create("listed")
        with connect(server.dsn("listed")) as connection:
            connection.execute(SCHEMA.encode())
        with psycopg.connect(server.dsn("listed")) as connection:
            schema = with_listed_values(read_schema(connection), iter([module]))
    return {
        table.name: {
            column.name: list(found)
            for column in table.columns
            if (found := column_values.choices(schema, table, column))
        }
        for table in schema.tables.values()
    }


def test_a_model_lists_the_values_of_its_table(choices: Any) -> None:
    """A CHECK counts more, and a class is of a table only if most of its fields are columns."""
    assert choices == {
        "tasks": {
            "status": ["open", "done"],
            "kind": ["bug", "idea"],
            "mood": ["good", "bad"],
        },
        "orders": {},
    }
