"""The statements that stand in a project's source, and which of them was sent."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from understudy.project.sql_literals import Inventory, Places, inventory, shape

ONE = "SELECT id FROM users WHERE id = $1"


def read(folder: Path, source: str, name: str = "app/dao.py") -> Inventory:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(source), encoding="utf-8")
    return inventory(folder)


@pytest.mark.parametrize(
    "line",
    [
        f'conn.execute("{ONE}", [1])',
        f'QUERY = "{ONE}"',
        'q("INSERT INTO users (name) VALUES ($1)")',
        'q("UPDATE users SET name = $1")',
        'q("DELETE FROM users")',
        'q("MERGE INTO users USING new ON true WHEN MATCHED THEN DO NOTHING")',
        'q("WITH x AS (SELECT 1) SELECT * FROM x")',
        'q("SELECT now()")',
        'q("SELECT 1")',
        'q("-- all of them\\nSELECT id FROM users")',
        'conn.fetch("select id from users")',
        'text("select id from users where id = :id")',
        'QUERY = """\n    select id\n    from users\n"""',
        'q("SELECT id FROM users "\n  "WHERE id = $1")',
    ],
)
def test_what_is_a_statement(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, line)
    assert len(found.literals) == 1
    assert found.composed == []


@pytest.mark.parametrize(
    "line",
    [
        '"""SELECT is what this module is about, FROM its first line."""',
        'print("SELECT id FROM users")',
        'log.info("DELETE FROM users")',
        'raise ValueError("SELECT id FROM users")',
        'help = "select one from the list"',
        'help = "Select one FROM the list"',
        'help = "Update the SET of names = all"',
        'title = "DELETE"',
        'title = "SELECT your seat"',
        'verb = "UPDATE users"',
        'Query(description="select users from a group")',
        "from alembic import op\nop.execute('INSERT INTO users VALUES (1)')",
    ],
)
def test_what_is_none(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, line)
    assert (found.literals, found.composed) == ([], [])


@pytest.mark.parametrize(
    "line",
    [
        'q(f"SELECT id FROM {table}")',
        'q("SELECT id FROM users WHERE " + condition)',
        'q("SELECT id FROM users WHERE id = %s" % 1)',
        'q("SELECT id FROM {}".format(table))',
        'q("SELECT id FROM users WHERE id IN ({ids})")',
        'q(SQL("SELECT id FROM {}").format(Identifier(table)))',
        'parts = ["INSERT INTO users (name) VALUES ("]',
    ],
)
def test_what_is_put_together_at_run_time_is_only_counted(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, line)
    assert found.literals == []
    assert [str(place) for place in found.composed] == ["app/dao.py:1"]


@pytest.mark.parametrize("name", ["tests/test_dao.py", "conftest.py", "tests/helpers.py"])
def test_tests_have_no_statements_of_the_project(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, f'q("{ONE}")', name).literals == []


def test_the_place_of_a_statement_and_of_its_parts(tmp_path: Path) -> None:
    source = '''
        async def users(conn):
            return await conn.fetch(
                """
                SELECT id, name
                FROM users
                WHERE id = $1
                """
            ), await conn.fetch("SELECT 1"), await conn.fetch(
                "SELECT id FROM users "
                "WHERE id = $1"
            )
    '''
    several, one, joined = read(tmp_path, source).literals
    assert (several.path, several.line, several.last) == (tmp_path / "app" / "dao.py", 5, 7)
    assert several.column == 8
    assert several.text.startswith("SELECT id, name\n")
    assert several.line_of(several.text.index("WHERE")) == 7
    assert (one.line, one.last, one.column) == (9, 9, 24)
    # The lines of a text in several parts are not those of the file.
    assert (joined.line, joined.last, joined.line_of(30)) == (10, 10, 10)


def test_several_statements_in_one_text(tmp_path: Path) -> None:
    source = 'q("""SELECT 1;\nDELETE FROM users;\n""")'
    found = read(tmp_path, source).literals
    assert [(literal.text, literal.line) for literal in found] == [
        ("SELECT 1", 1),
        ("DELETE FROM users", 2),
    ]


def test_files_of_named_queries(tmp_path: Path) -> None:
    source = """
        -- name: get_user^
        -- One of them.
        SELECT id FROM users
        WHERE id = :id;

        -- name: delete_all!
        DELETE FROM users;
    """
    found = read(tmp_path, source, "queries/users.sql").literals
    assert [(literal.text, literal.line, literal.last) for literal in found] == [
        ("SELECT id FROM users\nWHERE id = :id", 4, 5),
        ("DELETE FROM users", 8, 8),
    ]


def test_other_sql_files_are_schemas_and_scripts(tmp_path: Path) -> None:
    assert read(tmp_path, "INSERT INTO users VALUES (1);", "db/seed.sql").literals == []


def test_files_that_cannot_be_read_are_listed(tmp_path: Path) -> None:
    found = read(tmp_path, 'q("SELECT 1 FROM x"')
    assert found.unreadable == [tmp_path / "app" / "dao.py"]


@pytest.mark.parametrize(
    "sent",
    [
        "SELECT id FROM users WHERE id = $1",
        "SELECT id\n  FROM users WHERE id = %s",
        "SELECT id FROM users WHERE id = %(id)s",
        "SELECT id FROM users WHERE id = :id",
        "SELECT id FROM users WHERE id = $1::INTEGER",
        "SELECT id FROM users WHERE id = $1::VARCHAR(20)",
        "SELECT id FROM users WHERE id = 7",
        "SELECT id FROM users WHERE id = '7'::text",
    ],
)
@pytest.mark.parametrize("written", ["$1", ":id", "%s", "%(id)s"])
def test_a_statement_is_found_however_its_parameters_are_written(
    tmp_path: Path, sent: str, written: str
) -> None:
    literals = read(tmp_path, f'q("{ONE.replace("$1", written)}")').literals
    assert Places(literals).find(sent) == literals
    assert Places(literals).find(f"{sent} LIMIT 1") == []


def test_values_tell_statements_apart_that_are_sent_as_written(tmp_path: Path) -> None:
    source = """
        q("SELECT id FROM users WHERE status = 'a'")
        q("SELECT id FROM users WHERE status = 'b'")
    """
    first, second = read(tmp_path, source).literals
    places = Places([first, second])
    assert places.find(second.text) == [second]
    assert places.find("SELECT id FROM users WHERE status = 'c'") == [first, second]


def test_the_line_that_sent_it_tells_equal_statements_apart(tmp_path: Path) -> None:
    source = f"""
        def one(conn):
            conn.execute("{ONE}")

        def two(conn):
            conn.execute(
                "{ONE}"
            )
    """
    first, second = read(tmp_path, source).literals
    places = Places([first, second])
    assert places.find(ONE, first.path, 3) == [first]
    assert places.find(ONE, first.path, 6) == [second]
    assert places.find(ONE) == [first, second]


@pytest.mark.parametrize(
    "sent",
    [
        "DECLARE c CURSOR FOR SELECT id FROM users WHERE id IN (%s)",
        "COPY (SELECT id FROM users WHERE id IN ($1)) TO STDOUT",
        "SELECT id FROM users WHERE id IN ($1::INTEGER, $2::INTEGER)",
        "SELECT id FROM users WHERE id IN (1, 2, 3)",
    ],
)
def test_what_libraries_make_of_a_statement(tmp_path: Path, sent: str) -> None:
    literals = read(tmp_path, 'text("SELECT id FROM users WHERE id IN :ids")').literals
    assert Places(literals).find(sent) == literals


def test_percent_signs_of_psycopg() -> None:
    assert shape("SELECT 1 %% 2 WHERE a LIKE '%%x' AND b = %s") == shape(
        "SELECT 1 % 2 WHERE a LIKE '%x' AND b = $1"
    )
