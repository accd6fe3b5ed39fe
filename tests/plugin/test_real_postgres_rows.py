"""`real_postgres.insert`, in whole runs: few, since each of them starts a server."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Project

CONFIGURED = "[tool.understudy]\nschema = ['db/*.sql']\nlocale = '{}'"
SCHEMA = """
    CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE);
    CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users);
"""


@pytest.fixture
def database(project: Project) -> Project:
    """A project with a schema."""
    project.configure(CONFIGURED.format("pt_BR"))
    project.write_text(project.path / "db" / "1.sql", SCHEMA)
    return project


def test_rows_are_there_for_every_connection_of_the_test_and_for_no_other(
    database: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.plugin.rows.LOCK_TIMEOUT", "10ms")
    database.write(
        test_it="""
            import asyncpg
            import psycopg
            import pytest
            from understudy.rows import ChangesUnknown, Row, RowRefused

            @pytest.mark.asyncio
            async def test_async(real_postgres):
                ana = real_postgres.insert("users", name="Ana")
                order = real_postgres.insert("orders")
                connection = await asyncpg.connect(real_postgres.dsn)
                found = await connection.fetch("SELECT * FROM users")
                await connection.close()
                assert isinstance(ana, Row)
                assert [dict(row) for row in found] == [ana]
                assert order.user_id == ana.id == 1

            def test_sync(real_postgres):
                assert real_postgres.insert("orders").user_id == 1

            @pytest.mark.understudy(isolation="clone")
            def test_a_lock_that_the_test_holds_is_not_waited_for_in_vain(real_postgres):
                with psycopg.connect(real_postgres.dsn) as connection:
                    connection.execute("INSERT INTO users VALUES (1, 'Ana', 'a@example.com')")
                    with pytest.raises(RowRefused, match="end its transaction"):
                        real_postgres.insert("users", email="a@example.com")

            @pytest.mark.understudy(isolation="clone")
            def test_what_changed_is_what_is_committed(real_postgres):
                ana = real_postgres.insert("users", name="Ana")
                with psycopg.connect(real_postgres.dsn) as connection:
                    with real_postgres.changes() as changes:
                        connection.execute("UPDATE users SET name = 'Bia'")
                        connection.commit()
                    assert changes.updated == {"users": [{"id": ana.id, "name": "Bia"}]}
                    with pytest.raises(ChangesUnknown) as raised:
                        with real_postgres.changes():
                            connection.execute("DELETE  FROM users")
                    assert str(raised.value) == (
                        "On a clone, changes() sees committed rows only, and a transaction that "
                        "has written is open. Its latest statement is\\n"
                        "  DELETE FROM users\\n"
                        "Commit it or roll it back before the block begins, and in the block."
                    )
                    with pytest.raises(ChangesUnknown, match="lock timeout"):
                        connection.rollback()
                        with real_postgres.changes():
                            connection.execute("LOCK TABLE users")
        """
    )
    database.passes(passed=4)


def test_a_rule_is_for_the_code_under_test_and_for_no_inserted_row(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg
            import pytest
            from understudy import db_error

            def test_fails(real_postgres):
                real_postgres.on("COMMIT").raises(db_error("40001"))

                real_postgres.insert("users", name="Ana")

                connection = real_postgres.psycopg.connect_sync()
                connection.execute("UPDATE users SET name = ''")
                with pytest.raises(psycopg.errors.SerializationFailure):
                    connection.commit()
        """
    )
    database.passes()


def test_the_log_has_the_calls_of_the_code_under_test_and_of_no_inserted_row(
    database: Project,
) -> None:
    database.write(
        test_it="""
            import pytest

            @pytest.mark.understudy(max_statements=1)
            def test_logs(real_postgres):
                real_postgres.insert("users", name="Ana")

                with real_postgres.psycopg.connect_sync() as connection:
                    connection.execute("SELECT name FROM users")

                assert [call.statement for call in real_postgres.calls] == [
                    "SELECT name FROM users"
                ]
                assert len(real_postgres.transactions) == 1
        """
    )
    database.passes()


def test_a_test_sees_the_same_values_in_every_run_and_another_sees_others(
    database: Project,
) -> None:
    database.write(
        test_it="""
            from pathlib import Path

            def seen(real_postgres, name):
                email = real_postgres.insert("users").email
                with Path("seen").open("a") as file:
                    file.write(f"{name} {email}\\n")

            def test_one(real_postgres): seen(real_postgres, "one")
            def test_two(real_postgres): seen(real_postgres, "two")
        """
    )
    result = database.run("--understudy-trace=run.ndjson", subprocess=True)
    database.passes("test_it.py::test_two", "test_it.py::test_one", passed=2)

    result.assert_outcomes(passed=2)
    assert "calls on real_postgres" not in result.stdout.str()
    records = map(json.loads, (database.path / "run.ndjson").read_text().splitlines())
    events = [event for record in records for event in record.get("events", ())]
    inserted = [event for event in events if event["type"] == "statement"]
    # Without a transaction, whose end the record would lack.
    assert ["transaction" in event for event in inserted] == [False, False]

    lines = (database.path / "seen").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["one", "two", "two", "one"]
    assert len(set(lines)) == 2
    assert len({line.split()[1] for line in lines}) == 2


def test_mistakes_are_shown_at_the_line_of_the_test(database: Project) -> None:
    database.configure(CONFIGURED.format("xx_XX"))
    database.write(
        test_it="""
            import sys

            def test_locale(real_postgres):
                real_postgres.insert("users")

            def test_without_faker(real_postgres, monkeypatch):
                monkeypatch.setitem(sys.modules, "faker.config", None)
                real_postgres.insert("user")
        """
    )
    result = database.run()

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*locale*'xx_XX'*",
            '>       real_postgres.insert("user")',
            "E       understudy.rows.errors.UnknownName: There is no table 'user'. "
            "Did you mean 'users'?",
        ]
    )
    assert "rows.py" not in result.stdout.str()
