"""The rows that are proposed for statements: PostgreSQL takes them, and they tell mutants apart."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.write.kept import row, target
from understudy.embedded import EmbeddedServer
from understudy.embedded.driver import connect
from understudy.mutate import operators
from understudy.rows.rows import Rows, SchemaCache
from understudy.rows.schema_reader import read_schema
from understudy.script.boundary import FAKES, Event
from understudy.script.calls import Call
from understudy.write import comparisons
from understudy.write.rendering import row_line
from understudy.write.row_sets import RowSet, row_sets
from understudy.write.telling_rows import with_telling_rows
from understudy.write.trials import Row, Trial

SCHEMA = """
    CREATE TABLE users (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        email text NOT NULL UNIQUE CHECK (email = lower(email)),
        status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'blocked', 'gone')),
        deleted_at timestamp
    );
    CREATE TABLE teams (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        parent_id bigint REFERENCES teams CHECK (parent_id <> id)
    );
    CREATE TABLE members (
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        team_id bigint NOT NULL REFERENCES teams,
        PRIMARY KEY (user_id, team_id)
    );
    CREATE TABLE addresses (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        street text, house text, floor text, city text, region text, country text, zip text,
        note text
    );
    CREATE TABLE orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        amount numeric NOT NULL,
        code text NOT NULL,
        is_paid boolean NOT NULL,
        due date NOT NULL,
        closed_on date,
        sent_at timestamptz,
        tags text[] NOT NULL,
        opens_at time NOT NULL,
        lasts interval NOT NULL,
        token uuid NOT NULL
    );
    CREATE TABLE jobs (
        id bigint PRIMARY KEY,
        title text NOT NULL,
        team_id bigint REFERENCES teams
    );
    CREATE TABLE authors (
        id bigint PRIMARY KEY, team_id bigint NOT NULL REFERENCES teams, pen text NOT NULL UNIQUE
    );
    CREATE TABLE posts (
        id bigint PRIMARY KEY,
        author_id bigint NOT NULL REFERENCES authors
    );
    CREATE TABLE visits (
        id bigint PRIMARY KEY,
        adults int NOT NULL, children int NOT NULL,
        came timestamp NOT NULL, went timestamp NOT NULL,
        opens int NOT NULL, closes int NOT NULL CHECK (closes > opens)
    );
"""


_schema = functools.cache(read_schema)  # of a connection: the tests leave it as it is


@pytest.fixture(scope="module")
def database() -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with users, teams and members."""
    with EmbeddedServer() as server:
        server.admin.create("rows")
        with connect(server.dsn("rows")) as connection:
            connection.execute(SCHEMA.encode())
        with psycopg.connect(server.dsn("rows"), autocommit=True) as connection:
            yield connection


def _event(statement: str, parameters: Sequence[Any]) -> Event:
    return FAKES.begin("statement", Call("execute", statement, list(parameters)), None)


def _sets(
    database: psycopg.Connection[Any], statement: str, parameters: Sequence[Any]
) -> list[RowSet]:
    schema = _schema(database)
    reading = comparisons.read([_event(statement, parameters)], schema)
    return list(row_sets(reading, schema))


@pytest.mark.parametrize(("is_full", "given"), [(False, 0), (True, 8)])
def test_a_long_row_has_all_columns_only_if_it_is_to_be_full(
    database: psycopg.Connection[Any], is_full: bool, given: int
) -> None:
    """Code may refuse the NULLs of a row that is short enough to read."""
    schema = _schema(database)
    reading = comparisons.read([_event("SELECT * FROM addresses WHERE id = $1", [101])], schema)

    found = list(row_sets(reading, schema, is_full=is_full))

    (row,) = next(rows.rows for rows in found if rows.scenario == "with_one_row")
    assert len(row[1].keys() - {"id"}) == given


def test_each_row_is_there_that_one_column_is_compared_with(
    database: psycopg.Connection[Any],
) -> None:
    """Two users by their names: their ids differ, although a join names the id as well."""
    statement = """
        SELECT team_id FROM members WHERE user_id = (SELECT id FROM users WHERE name = $1)
        AND team_id IN (SELECT id FROM teams) AND EXISTS (SELECT id FROM users WHERE name = $2)
    """

    one = next(
        rows
        for rows in _sets(database, statement, ["Ana", "Bia"])
        if rows.scenario == "with_one_row"
    )

    users = [values for table, values in _shown(one) if table == "users"]
    assert {user["name"] for user in users} == {"Ana", "Bia"}
    assert len({user["id"] for user in users}) == len(users)


def _shown(rows: RowSet) -> list[tuple[str, dict[str, Any]]]:
    return [(table.name, values) for table, values in rows.rows]


def _done(
    database: psycopg.Connection[Any], statement: str, parameters: Sequence[Any]
) -> tuple[object, ...]:
    """Return what a statement returns or raises, and which users it leaves."""
    named = re.sub(r"\$(\d+)", r"%(p\1)s", statement.replace("%", "%%"))
    given = {f"p{number}": value for number, value in enumerate(parameters, 1)}
    try:
        with database.transaction(force_rollback=True):
            cursor = database.execute(named.encode(), given)
            rows = cursor.fetchall() if cursor.description else cursor.statusmessage
            left = database.execute("SELECT * FROM users ORDER BY id").fetchall()
            return rows, left
    except psycopg.Error as error:
        return (error.sqlstate,)


def _inserted(database: psycopg.Connection[Any], rows: RowSet) -> None:
    inserter = Rows(lambda: database, "seed", cache=SchemaCache(_schema(database)))
    for table, values in rows.rows:
        inserter.insert(table.name, **values)


def _alive(
    database: psycopg.Connection[Any], statement: str, parameters: Sequence[Any]
) -> list[str]:
    """Return the mutants that no row set tells from the statement."""
    mutants = operators.mutants(statement, None)
    for rows in _sets(database, statement, parameters):
        with database.transaction(force_rollback=True):
            _inserted(database, rows)
            done = _done(database, statement, parameters)
            mutants = [m for m in mutants if _done(database, m.sql, parameters) == done]
    return [mutant.sentence for mutant in mutants]


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("SELECT name FROM users WHERE id = $1 AND status <> 'gone'", [101]),
        ("SELECT status FROM users WHERE id = $1 LIMIT 1", [101]),
        ("SELECT name FROM users WHERE email = lower($1)", ["ANA@EXAMPLE.COM"]),
        (
            "SELECT id FROM users WHERE deleted_at IS NULL AND status = $1 ORDER BY name, id",
            ["open"],
        ),
        ("SELECT id FROM users WHERE id = ANY($1) ORDER BY id", [[101, 102]]),
        ("SELECT id FROM users WHERE name ILIKE $1", ["%ana%"]),
        ("DELETE FROM users WHERE id = $1 RETURNING id", [101]),
        ("DELETE FROM members WHERE user_id = $1 AND team_id = $2 RETURNING user_id", [101, 201]),
        ("UPDATE users SET name = $2 WHERE id = $1 RETURNING name", [101, "Ana"]),
        ("SELECT count(DISTINCT team_id) FROM members", []),
        # The first row has no team, and those after it have.
        ("SELECT id FROM jobs WHERE title = $1 AND team_id = $2 ORDER BY id", ["a", 101]),
        (
            "SELECT u.name FROM users u JOIN members m ON m.user_id = u.id "
            "WHERE m.team_id = $1 ORDER BY u.name",
            [101],
        ),
    ],
)
def test_rows_tell_every_mutant_apart(
    database: psycopg.Connection[Any], statement: str, parameters: Sequence[Any]
) -> None:
    """Each condition, order and stored value of the statement shows in what it does."""
    alive = _alive(database, statement, parameters)

    # The key and NOT NULL make these do the same for any rows.
    equivalent = ("SELECT DISTINCT", "also if that is NULL", "LEFT JOIN", "LIMIT")
    assert [one for one in alive if not any(words in one for words in equivalent)] == []


@pytest.mark.parametrize(
    ("condition", "parameters"),
    [
        ("amount > $1", [Decimal(10)]),
        ("amount <= $1", [Decimal(10)]),
        ("amount - $1 >= 0", [Decimal(10)]),
        ("orders.id + $1::int <= $2", [5, 120]),
        ("amount BETWEEN 10 AND 12.5", []),
        ("amount > -3 AND (code >= $1)", ["m"]),
        ("code < $1", ["m"]),
        ("code = upper($1)", ["gift"]),
        ("code LIKE 'gi%'", []),
        ("code NOT LIKE 'gi%'", []),
        ("code LIKE '%' || $1 || '%' ESCAPE '/'", ["gift"]),
        ("code <> ALL($1)", [["gift", "loan"]]),
        ("NOT (code IN ('gift', 'loan'))", []),
        ("is_paid", []),
        ("NOT is_paid", []),
        ("is_paid IS NOT NULL AND is_paid = $1", [True]),
        ("closed_on IS NOT NULL", []),
        ("due > current_date", []),
        ("due <= $1", [date(2026, 5, 1)]),
        ("sent_at < now()", []),
        ("sent_at >= $1", [datetime.now(UTC)]),
        ("tags @> $1", [["gift"]]),
        ("$1 = ANY(tags)", ["gift"]),
        ("id = '105'", []),
        ("opens_at > $1", [time(9)]),
        ("lasts < $1", [timedelta(hours=30)]),
        ("token > $1", [UUID(int=101)]),
        ("EXTRACT(year FROM due) = $1::int AND EXTRACT(month FROM orders.due) = $2", [2024, 2]),
        ("date_part('hour', sent_at) = $1", [7]),
    ],
)
def test_one_row_meets_a_condition_and_another_misses_it(
    database: psycopg.Connection[Any], condition: str, parameters: Sequence[Any]
) -> None:
    """PostgreSQL finds the rows of the one kind, and not those of the other."""
    statement = f"SELECT id FROM orders WHERE {condition}"
    found: dict[str, tuple[int, int]] = {}
    for rows in _sets(database, statement, parameters):
        with database.transaction(force_rollback=True):
            _inserted(database, rows)
            read, _ = _done(database, statement, parameters)
            assert isinstance(read, list)
            found[rows.scenario] = (len(read), len(rows.rows))

    assert found.pop("with_one_row") == (1, 1)
    assert any(0 < read < inserted for read, inserted in found.values())


def test_rows_are_readable(database: psycopg.Connection[Any]) -> None:
    """A row beside the one that matches misses the condition; then a row refers to it."""
    sets = _sets(database, "DELETE FROM users WHERE id = $1 RETURNING id", [101])

    assert [(rows.scenario, _shown(rows)) for rows in sets] == [
        ("among_others", [("users", {"id": 102}), ("users", {"id": 101})]),
        ("with_one_row", [("users", {"id": 101})]),
        ("with_members", [("users", {"id": 101}), ("members", {"user_id": 101})]),
    ]


def test_near_misses_stand_alone_where_there_are_several(
    database: psycopg.Connection[Any],
) -> None:
    """Code that counts rows does something else without a match, whichever condition is missed."""
    statement = "SELECT count(*) FROM users WHERE status = 'open' AND deleted_at IS NULL"
    sets = _sets(database, statement, [])

    (near,) = (_shown(rows) for rows in sets if rows.scenario == "without_matching_users")
    assert [(row["status"] == "open", row["deleted_at"] is None) for _, row in near] == [
        (False, True),
        (True, False),
    ]


def test_texts_that_patterns_match_differ_in_a_row(database: psycopg.Connection[Any]) -> None:
    """Else nothing would tell one column from the other."""
    statement = "SELECT id FROM users WHERE email ILIKE $1 OR name ILIKE $1"
    (one,) = (
        _shown(rows)
        for rows in _sets(database, statement, ["%ana%"])
        if rows.scenario == "with_one_row"
    )

    ((_, row),) = one
    assert (row["email"], row["name"]) == ("ana", "a ANA b")


def test_a_key_and_what_refers_to_another_row_differ(database: psycopg.Connection[Any]) -> None:
    """Else nothing would tell one from the other in the condition."""
    sets = _sets(database, "SELECT title, team_id FROM jobs WHERE id = $1", [101])

    (found,) = (dict(_shown(rows)) for rows in sets if rows.scenario == "with_one_row")
    assert (found["jobs"]["id"], found["jobs"]["team_id"]) == (101, 121)
    assert found["teams"]["id"] == 121


def test_each_row_that_is_referred_to_is_there(database: psycopg.Connection[Any]) -> None:
    """Also if a statement reads what refers to it: another call has looked for the author."""
    schema = _schema(database)
    events = [
        _event("SELECT id, team_id FROM authors WHERE pen = $1", ["ana"]),
        _event("SELECT id, author_id FROM posts WHERE id = $1", [101]),
    ]

    for found in row_sets(comparisons.read(events, schema), schema):
        rows = _shown(found)
        for child, name, parent in (
            ("posts", "author_id", "authors"),
            ("authors", "team_id", "teams"),
        ):
            keys = {row["id"] for table, row in rows if table == parent}
            wanted = {row[name] for table, row in rows if table == child and name in row}
            assert wanted <= keys, found.scenario


def test_a_column_that_is_never_null_has_a_value(database: psycopg.Connection[Any]) -> None:
    """An ORM spells a comparison with None as IS NULL, also for a column that cannot be NULL."""
    sets = _sets(database, "SELECT id FROM users WHERE email IS NULL AND deleted_at IS NULL", [])

    (one,) = (_shown(rows) for rows in sets if rows.scenario == "with_one_row")
    assert [row["deleted_at"] for _, row in one] == [None]
    assert not [row for _, row in one if row.get("email", "") is None]


def test_rows_do_not_have_the_constant_that_is_set(database: psycopg.Connection[Any]) -> None:
    """Else the change would not show."""
    statement = "UPDATE users SET status = 'gone' WHERE id = $1"
    shown = [row for one in _sets(database, statement, [101]) for row in _shown(one)]
    users = [row for table, row in shown if table == "users"]

    assert {101, 102} <= {row["id"] for row in users}
    assert {row.get("status") for row in users} == {"open", "blocked"}


def test_insert_gets_its_parents_and_a_taken_key(database: psycopg.Connection[Any]) -> None:
    """The rows exist that the stored values refer to; then the key is taken, too."""
    statement = "INSERT INTO members (user_id, team_id) VALUES ($1, $2)"
    parents = [("teams", {"id": 201}), ("users", {"id": 101})]

    sets = _sets(database, statement, [101, 201])

    assert [(rows.scenario, _shown(rows)) for rows in sets] == [
        ("with_what_it_refers_to", parents),
        (
            "with_a_taken_user_id_and_team_id",
            [*parents, ("members", {"user_id": 101, "team_id": 201})],
        ),
    ]


def test_tree_has_rows_above_and_below(database: psycopg.Connection[Any]) -> None:
    """A statement that follows a table's reference to itself finds more than one level."""
    statement = (
        "WITH RECURSIVE below AS (SELECT id, parent_id FROM teams WHERE id = $1 UNION ALL "
        "SELECT t.id, t.parent_id FROM teams t JOIN below ON t.parent_id = below.id) "
        "SELECT id FROM below"
    )

    (tree,) = [r for r in _sets(database, statement, [101]) if r.scenario == "in_a_tree"]

    assert [values.get("parent_id") for _, values in tree.rows] == [None, 191, 101, 192]


def test_a_table_that_is_joined_with_itself_is_a_tree(database: psycopg.Connection[Any]) -> None:
    statement = (
        "SELECT below.id FROM teams below JOIN teams above ON below.parent_id = above.id "
        "WHERE above.name = $1"
    )

    scenarios = [rows.scenario for rows in _sets(database, statement, ["Ana"])]

    assert "in_a_tree" in scenarios


def test_a_statement_that_cannot_be_read_needs_no_rows(database: psycopg.Connection[Any]) -> None:
    assert _sets(database, "SELECT 1; SELECT 2", []) == []


def test_of_too_many_rows_those_that_match_stay(database: psycopg.Connection[Any]) -> None:
    names = ["street", "house", "floor", "city", "region", "country", "zip", "note"]
    conditions = " AND ".join(f"{name} = ${at}" for at, name in enumerate(names, 1))
    statement = f"SELECT came FROM addresses, visits WHERE {conditions} AND adults > $9"

    given = {name: f"{name} a" for name in names}

    found = _sets(database, statement, [*given.values(), 5])

    rows = next(_shown(rows) for rows in found if rows.scenario == "among_others")
    assert len(rows) == 14
    assert len([row for _, row in rows if given.items() <= row.items()]) == 3
    assert len([row for _, row in rows if row.get("adults", 0) > 5]) == 3


def test_columns_of_one_type_have_different_values(database: psycopg.Connection[Any]) -> None:
    """Otherwise no row would tell one from the other."""
    found = _sets(database, "SELECT * FROM visits WHERE id = $1", [101])

    for rows in found:
        for _, visit in _shown(rows):
            assert visit["adults"] != visit["children"]
            assert visit["came"] != visit["went"]


def _told(
    database: psycopg.Connection[Any], statement: str, rows: Sequence[Row], lines: Sequence[str]
) -> list[str]:
    """Return the lines of a trial that gets telling rows."""
    schema = _schema(database)
    reading = comparisons.read([_event(statement, ["open"])], schema)
    trial = with_telling_rows(Trial(target(), tuple(rows)), "\n".join(lines), reading, schema)
    return [row_line(row) for row in trial.rows]


def test_a_telling_row_has_what_the_statement_shows_of_it(
    database: psycopg.Connection[Any],
) -> None:
    """What is generated differs from test to test; the values are not those of another row."""
    statement = "SELECT name, email FROM users WHERE status = $1"
    own = row("users", name="Davi")

    lines = _told(database, statement, [own], ['real_postgres.insert("users", status="gone")'])

    assert lines[1:] == [
        'real_postgres.insert("users", name="Eva", email="davi@example.com", status="gone")'
    ]


def test_a_telling_row_has_no_more_than_that(database: psycopg.Connection[Any]) -> None:
    statement = "SELECT id FROM users WHERE status = $1"

    line = 'real_postgres.insert("users", status="gone")'

    assert _told(database, statement, [], [line]) == [line]


def test_values_that_a_check_compares_are_left_to_insert(
    database: psycopg.Connection[Any],
) -> None:
    line = 'real_postgres.insert("visits", id=7, opens=90)'

    (told,) = _told(database, "SELECT id, opens, closes FROM visits WHERE id = $1", [], [line])

    assert told == line


def test_a_row_that_is_there_is_not_inserted_again(database: psycopg.Connection[Any]) -> None:
    parent = 'real_postgres.insert("teams", id=101, name="Davi")'
    child = 'real_postgres.insert("teams", id=102, name="x", parent_id=101)'

    lines = _told(
        database,
        "SELECT id, name FROM teams WHERE name = $1",
        [row("teams", id=101, name="Davi")],
        ['real_postgres.insert("teams", id=101)', child],
    )

    assert lines == [parent, child]
