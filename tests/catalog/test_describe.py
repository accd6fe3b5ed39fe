"""The Describer's verdicts, lost connections, and timeouts."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest import mock

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.catalog.servers import VERSIONS, server_of
from tests.effort import calls_of
from understudy.catalog.describer import Describer
from understudy.catalog.description import Column, Constraint, Description, ParsedOnly, Refusal
from understudy.catalog.errors import DescribeFailed
from understudy.catalog.fingerprint import fingerprint
from understudy.pg.types import TypeFacts

_SCHEMA = """
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN email AS text NOT NULL CHECK (VALUE LIKE '%@%');
    CREATE TYPE spot AS (x integer, label text);
    CREATE TYPE span AS RANGE (subtype = float8);
    CREATE TABLE users (
        id integer PRIMARY KEY, name text NOT NULL, email email UNIQUE, mood mood,
        CONSTRAINT named CHECK (name <> '')
    );
    CREATE UNIQUE INDEX users_lower ON users (lower(name), id);
    CREATE TABLE pets (owner integer REFERENCES users, name text, EXCLUDE (name WITH =));
    CREATE VIEW owners AS SELECT u.name, p.name AS pet FROM users u LEFT JOIN pets p ON owner = id;
    CREATE SCHEMA other;
    CREATE TABLE other.users (id bigint);
    CREATE ROLE reader LOGIN;
    GRANT SELECT ON users TO reader;
"""


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: f"postgres{version}")
def dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    with server_of(request.param) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(_SCHEMA)
        yield server.dsn()


@pytest.fixture
def describer(dsn: str) -> Iterator[Describer]:
    with closing(Describer(dsn)) as describer:
        yield describer


def _describe(describer: Describer, statement: str) -> Description:
    (verdict,) = describer.describe([statement])
    assert isinstance(verdict, Description), verdict
    return verdict


def test_a_description_says_everything(describer: Describer) -> None:
    assert describer.describe(
        ["SELECT u.id, u.email, p.name AS pet, $1::mood[] FROM users u LEFT JOIN pets p ON true"]
    ) == [
        Description(
            command="SELECT",
            parameters=("mood[]",),
            columns=(
                Column("id", "integer", "users.id", "not null"),
                Column("email", "text", "users.email", "unknown"),
                Column("pet", "text", "pets.name", "nullable"),
                Column("mood", "mood[]", None, "nullable"),
            ),
            tables=("pets", "users"),
            touches=("pets.name", "users.email", "users.id"),
        )
    ]


def test_a_change_touches_what_it_reads_and_writes(describer: Describer) -> None:
    found = _describe(
        describer,
        "INSERT INTO users (id, name) SELECT id, $1 FROM other.users WHERE id > $2 RETURNING id",
    )

    assert found.command == "INSERT"
    assert found.parameters == ("text", "bigint")
    assert found.tables == ("other.users", "users")
    assert found.touches == ("other.users.id", "users.id", "users.name")


def test_a_view_is_touched_with_the_tables_below_it(describer: Describer) -> None:
    found = _describe(describer, "SELECT * FROM owners")

    assert found.tables == ("owners", "pets", "users")
    assert found.touches == ("owners.name", "owners.pet")
    assert [column.nullability for column in found.columns] == ["not null", "nullable"]
    assert [column.origin for column in found.columns] == ["owners.name", "owners.pet"]


@pytest.mark.parametrize(
    ("statement", "command"),
    [
        ("SELECT 1", "SELECT"),
        ("VALUES (1)", "VALUES"),
        ("TABLE users", "SELECT"),
        ("SELECT * FROM (VALUES (1)) AS v", "SELECT"),
        ("WITH x AS (SELECT 1) DELETE FROM users", "DELETE"),
        ("UPDATE users SET name = $1", "UPDATE"),
        ("MERGE INTO users USING pets ON id = owner WHEN MATCHED THEN DELETE", "MERGE"),
        ("(SELECT 1);", "SELECT"),
    ],
)
def test_the_command_is_told(describer: Describer, statement: str, command: str) -> None:
    assert _describe(describer, statement).command == command
    with mock.patch("understudy.catalog.describer.READABLE", frozenset()):
        assert _describe(describer, statement).command == command


@pytest.mark.parametrize(
    ("statement", "command"),
    [
        ("", ""),
        (" ; ", ""),
        ("-- nothing\n/* at /* all */ */", ""),
        ("create or replace temp view x as select 1", "CREATE VIEW"),
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON users (id)", "CREATE INDEX"),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1", "CREATE MATERIALIZED VIEW"),
        ("REFRESH MATERIALIZED VIEW nope", "REFRESH MATERIALIZED VIEW"),
        ("/* c */ ALTER TABLE nope ADD x integer", "ALTER TABLE"),
        ("COPY nope FROM STDIN", "COPY"),
        ("LISTEN x", "LISTEN"),
        ("BEGIN", "BEGIN"),
        ("SET x.y = 1", "SET"),
        ("TRUNCATE nope", "TRUNCATE"),
        ("CALL nope()", "CALL"),
        ("DO $$ BEGIN END $$", "DO"),
    ],
)
def test_a_utility_statement_is_only_parsed(
    describer: Describer, statement: str, command: str
) -> None:
    (verdict,) = describer.describe([statement])

    if command == "CALL":
        # PostgreSQL analyses this one at once.
        assert isinstance(verdict, Refusal)
        assert verdict.sqlstate == "42883"
    else:
        assert verdict == ParsedOnly(command)


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        (
            "SELECT nmae FROM users",
            Refusal(
                "42703",
                'column "nmae" does not exist',
                hint='Perhaps you meant to reference the column "users.name".',
                position=8,
            ),
        ),
        ("SELECT 'é', x", Refusal("42703", 'column "x" does not exist', position=13)),
        (
            "SELECT 1; SELECT 2",
            Refusal("42601", "cannot insert multiple commands into a prepared statement"),
        ),
        (
            "SELECT $1 IS NULL",
            Refusal("42P18", "could not determine data type of parameter $1"),
        ),
        ("SELECT 1 \0", Refusal("22021", 'invalid byte sequence for encoding "UTF8": 0x00')),
        (
            "SELECT '\ud800'",
            Refusal("22021", 'invalid byte sequence for encoding "UTF8": 0xed 0xa0 0x80'),
        ),
        (
            "SELECT '\udcff'",
            Refusal("22021", 'invalid byte sequence for encoding "UTF8": 0xed 0xb3 0xbf'),
        ),
        ("EXPLAIN SELECT x", Refusal("42703", 'column "x" does not exist', position=16)),
    ],
)
def test_a_refusal_is_in_postgresql_s_own_words(
    describer: Describer, statement: str, refusal: Refusal
) -> None:
    assert describer.describe([statement]) == [refusal]
    # The next statement is not affected.
    assert describer.describe(["SELECT 1", statement, "SELECT 2"])[1] == refusal


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec=None), max_size=30), max_size=5))
def test_any_text_gets_a_verdict(describer: Describer, statements: list[str]) -> None:
    verdicts = describer.describe(statements)

    assert len(verdicts) == len(statements)
    for statement, verdict in zip(statements, verdicts, strict=True):
        assert isinstance(verdict, (Refusal, ParsedOnly, Description))
        assert not isinstance(verdict, Description) or "\0" not in statement


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("SELECT '" + "x" * (1 << 20) + "' FROM users", "SELECT"),
        ("SELECT id FROM users WHERE id IN (" + "1," * (1 << 19) + "2)", "SELECT"),
        ("SELECT id FROM users WHERE id IN (" + "1," * 20000 + "2)", "SELECT"),
        ("SELECT " + "1+" * 2000 + "1", "SELECT"),
        ("VALUES " + "(1)," * 3000 + "(NULL)", "VALUES"),
        ("SELECT " + "(" * 100000, "42601"),
        ("SELECT " + "NOT " * 7000 + "true", "SELECT"),
        ("SELECT " + "1," * 5000 + "1", "54011"),
        ("x" * (1 << 20), "42601"),
    ],
    ids=[
        "literal",
        "list",
        "shorter list",
        "sum",
        "rows",
        "brackets",
        "negations",
        "columns",
        "word",
    ],
)
def test_a_huge_statement_gets_a_verdict_in_time(
    describer: Describer, statement: str, verdict: str
) -> None:
    (found,), calls = calls_of(lambda: describer.describe([statement]))

    assert calls < 200_000  # a moment; PostgreSQL's part is limited by statement_timeout
    assert verdict in (getattr(found, "command", ""), getattr(found, "sqlstate", ""))
    assert describer.describe(["SELECT id FROM users"]) == [
        Description(
            "SELECT",
            (),
            (Column("id", "integer", "users.id", "not null"),),
            ("users",),
            ("users.id",),
        )
    ]


def test_without_a_readable_tree_nothing_is_certain(describer: Describer) -> None:
    with mock.patch("understudy.catalog.describer.READABLE", frozenset({99})):
        found = _describe(describer, "SELECT id FROM users")

    assert found.columns == (Column("id", "integer", "users.id", "unknown"),)
    assert found.tables == ("users",)


def test_nothing_is_executed(describer: Describer, dsn: str) -> None:
    describer.describe(["INSERT INTO users VALUES (1, 'a', 'a@b')", "DROP TABLE pets", "COMMIT"])

    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM users, pets").fetchone() == (0,)


def test_the_server_keeps_no_statement(describer: Describer) -> None:
    describer.describe([f"SELECT {number}" for number in range(1000)])
    connection = describer._connection

    (count,) = connection.raw.execute(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT _'"
    ).fetchone() or (None,)

    assert count == 0


def test_the_dsn_decides_the_search_path_and_the_role(dsn: str) -> None:
    with closing(Describer(f"{dsn}?options=-csearch_path%3Dother")) as describer:
        assert _describe(describer, "SELECT id FROM users").columns[0].origin == "other.users.id"
        assert _describe(describer, "SELECT $1::public.mood").parameters == ("public.mood",)
    with closing(Describer(f"{dsn}?options=-crole%3Dreader")) as describer:
        # Rights are looked at as a statement runs.
        found = _describe(describer, "SELECT u.id, p.name FROM users u LEFT JOIN pets p ON true")
        assert [column.nullability for column in found.columns] == ["not null", "nullable"]


def test_a_schema_that_changes_is_seen(describer: Describer, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE changing (a integer NOT NULL)")
        before = _describe(describer, "SELECT * FROM changing")
        connection.execute("ALTER TABLE changing ALTER a DROP NOT NULL")
        connection.execute("ALTER TABLE changing RENAME a TO b")
        after = _describe(describer, "SELECT * FROM changing")
        connection.execute("DROP TABLE changing")
        (gone,) = describer.describe(["SELECT * FROM changing"])

    assert before.columns == (Column("a", "integer", "changing.a", "not null"),)
    assert after.columns == (Column("b", "integer", "changing.b", "nullable"),)
    assert isinstance(gone, Refusal)


def test_a_lock_is_no_verdict(dsn: str) -> None:
    with (
        closing(Describer(dsn, lock_timeout=0.1)) as describer,
        psycopg.connect(dsn) as other,
    ):
        other.execute("LOCK TABLE pets")
        with pytest.raises(DescribeFailed) as failure:
            describer.describe(["SELECT 1", "SELECT name FROM pets"])
        other.rollback()
        again = describer.describe(["SELECT name FROM pets"])

    assert str(failure.value) == (
        "PostgreSQL waited 0.1 s for a lock as it was asked about this statement:\n"
        "  SELECT name FROM pets\n"
        "canceling statement due to lock timeout (SQLSTATE 55P03)\n"
        "This says nothing about the statement, so nothing was learned of it.\n"
        "Another connection changes the schema and has not committed: let it end, and ask again."
    )
    assert isinstance(again[0], Description)


def test_a_timeout_is_no_verdict(dsn: str) -> None:
    with (
        closing(Describer(dsn, statement_timeout=0.1)) as describer,
        psycopg.connect(dsn) as other,
    ):
        other.execute("LOCK TABLE pets")
        with pytest.raises(DescribeFailed) as failure:
            describer.describe(["SELECT name FROM pets"])

    assert str(failure.value) == (
        "PostgreSQL could not look at this statement:\n"
        "  SELECT name FROM pets\n"
        "canceling statement due to statement timeout (SQLSTATE 57014)\n"
        "This says nothing about the statement, so nothing was learned of it.\n"
        "Ask again once the server has recovered."
    )


def test_a_lost_connection_is_opened_again(describer: Describer, dsn: str) -> None:
    describer.describe(["SELECT 1"])
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (_backend(describer),))
        time.sleep(0.1)
        verdicts = describer.describe(["SELECT id FROM users", "SELECT nope"])

    assert isinstance(verdicts[0], Description)
    assert isinstance(verdicts[1], Refusal)


def test_a_connection_lost_at_work_is_opened_once(describer: Describer, dsn: str) -> None:
    with psycopg.connect(dsn) as holder:
        holder.execute("LOCK TABLE pets")
        with _killing(dsn, times=2), pytest.raises(DescribeFailed) as failure:
            describer.describe(["SELECT 1", "SELECT name FROM pets"])
        with _killing(dsn, times=1) as killer:
            threading.Timer(0.6, holder.rollback).start()
            verdicts = describer.describe(["SELECT 1", "SELECT name FROM pets"])
            killer.join()

    assert str(failure.value).splitlines()[:3] == [
        "PostgreSQL was lost twice as it was asked about this statement:",
        "  SELECT name FROM pets",
        "terminating connection due to administrator command",
    ]
    assert all(isinstance(verdict, Description) for verdict in verdicts)


def test_a_silent_server_is_not_waited_for(dsn: str) -> None:
    with closing(Describer(dsn, silence=0.3)) as describer:
        describer.describe(["SELECT 1"])
        process = _backend(describer)
        os.kill(process, signal.SIGSTOP)
        try:
            # The new connection is another process, which answers.
            (verdict,) = describer.describe(["SELECT nope"])
        finally:
            os.kill(process, signal.SIGCONT)

    assert isinstance(verdict, Refusal)


def test_an_interrupted_question_leaves_nothing_behind(describer: Describer) -> None:
    with (
        mock.patch("understudy.catalog.pg_describe.refusal_of", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        describer.describe(["SELECT 1", "SELECT nope", "SELECT 2"])

    found = _describe(describer, "SELECT 'another' AS one")
    assert [column.name for column in found.columns] == ["one"]


def test_no_server_is_no_verdict(tmp_path: Path) -> None:
    with (
        closing(Describer(f"postgresql://x@/y?host={tmp_path}&port=1")) as describer,
        pytest.raises(DescribeFailed) as failure,
    ):
        describer.describe(["SELECT 1"])

    assert str(failure.value).startswith(
        "PostgreSQL could not be asked about a statement: no connection: connection is bad: "
    )


def test_the_facts_of_a_schema(describer: Describer, dsn: str) -> None:
    facts = describer.schema_facts()

    assert facts.types["mood"] == TypeFacts("enum", labels=("sad", "happy"))
    assert facts.types["mood[]"] == TypeFacts("array", base="mood")
    assert facts.types["email"] == TypeFacts("domain", base="text", not_null=True)
    assert facts.types["spot"] == TypeFacts(
        "composite", fields=(("x", "integer"), ("label", "text"))
    )
    assert facts.types["span"] == TypeFacts("range", base="double precision")
    assert facts.types["span_multirange"] == TypeFacts("multirange", base="span")
    assert facts.types["other.users"] == TypeFacts("composite", fields=(("id", "bigint"),))
    named = {constraint.name: constraint for constraint in facts.constraints}
    assert named["users_pkey"] == Constraint("users_pkey", "users", "primary key", ("id",))
    assert named["users_email_key"].kind == "unique"
    assert named["users_lower"] == Constraint("users_lower", "users", "unique", ("id",))
    assert named["named"] == Constraint("named", "users", "check", ("name",))
    assert named["pets_owner_fkey"] == Constraint(
        "pets_owner_fkey", "pets", "foreign key", ("owner",), "users"
    )
    assert named["pets_name_excl"].kind == "exclusion"
    assert named["email_check"] == Constraint("email_check", "email", "check", ())
    filled = {c.columns: c.name for c in facts.constraints if c.kind == "not null"}
    assert filled.keys() >= {("id",), ("name",)}
    # Before 18 such a constraint has no name, and errors name none.
    assert filled["name",] == ("users_name_not_null" if describer.major >= 18 else "")
    with closing(Describer(dsn)) as other:
        assert other.schema_facts() == facts


def test_a_fingerprint_covers_the_sources_of_a_schema() -> None:
    print_ = fingerprint([b"a", b"b"], ["sql files"], 18)

    assert print_ == fingerprint([b"a", b"b"], ["sql files"], 18)
    others = [
        fingerprint([b"b", b"a"], ["sql files"], 18),
        fingerprint([b"ab"], ["sql files"], 18),
        fingerprint([b"a", b"b", b""], ["sql files"], 18),
        fingerprint([b"a", b"b"], ["alembic upgrade head"], 18),
        fingerprint([b"a", b"b"], ["sql files"], 17),
    ]
    assert len({print_, *others}) == 6


def _backend(describer: Describer) -> int:
    return describer._connection.raw.info.backend_pid


@contextmanager
def _killing(dsn: str, *, times: int) -> Iterator[threading.Thread]:
    """End the connection that waits for a lock, so many times."""

    def kill() -> None:
        with psycopg.connect(dsn, autocommit=True) as other:
            deadline = time.monotonic() + 10
            killed = 0
            while killed < times and time.monotonic() < deadline:
                killed += other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE wait_event_type = 'Lock'"
                ).rowcount
                time.sleep(0.15)

    thread = threading.Thread(target=kill)
    thread.start()
    yield thread
    thread.join()


def test_the_tree_is_read_wherever_its_lines_break(describer: Describer, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION own(integer) RETURNS integer LANGUAGE plpgsql "
            "AS 'BEGIN RETURN 1; END'"
        )
    calls = [f"SELECT {'1, ' * pad}own(1) AS {'x' * pad}y" for pad in range(40)]
    limits = [f"SELECT {'1, ' * pad}2 AS {'x' * pad}y FROM users LIMIT 7" for pad in range(40)]

    for verdict in describer.describe(calls):
        assert isinstance(verdict, Description)
        assert verdict.runs_code
    for verdict in describer.describe(limits):
        assert isinstance(verdict, Description)
        assert verdict.rows.most == 7
