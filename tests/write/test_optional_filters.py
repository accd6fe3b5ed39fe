"""Each combination of optional filters is a statement of its own, and needs rows of its own.

One filter is the code's own: with it, no proposed row is found.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lint.projects import write as write_files
from tests.write.test_command import PROJECT, run

SCHEMA = """
    CREATE TABLE notes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        title text NOT NULL,
        done boolean NOT NULL DEFAULT false,
        deleted boolean NOT NULL DEFAULT false
    );
    """
APP = """
    import asyncpg


    class NoteDAO:
        def __init__(self, conn: asyncpg.Connection) -> None:
            self.conn = conn

        async def search(
            self,
            title: str | None = None,
            done: bool = False,
            words: list[str] | None = None,
            limit: int = 20,
            offset: int = 0,
        ) -> list[str]:
            values: list[object] = [limit, offset]
            conditions = ["NOT deleted"]
            if title is not None:
                values.append(f"%{title}%")
                conditions.append("title ILIKE $3")
            if done:
                conditions.append("done")
            statement = "SELECT title FROM notes WHERE " + " AND ".join(conditions)
            statement += " ORDER BY title LIMIT $1 OFFSET $2"
            found = [row["title"] for row in await self.conn.fetch(statement, *values)]
            return [title for title in found if set(words or ()) <= set(title.split())]
    """


@pytest.mark.slow
def test_wrong_sql_of_each_combination_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, PROJECT | {"db/001_notes.sql": SCHEMA, "app/notes.py": APP})
    monkeypatch.chdir(tmp_path)

    result = run("app/notes.py", "--format", "json")

    found = json.loads(result.stdout)
    assert found["unnoticed"] == []
    assert found["mutants"]["killed"] > 30
