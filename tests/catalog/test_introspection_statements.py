"""Introspection queries: which statements they are, how they run, and how answers are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import asyncpg.introspection
import psycopg
import pytest

from tests.catalog.describers import FACTS, Scripted, nobody, schema
from understudy.catalog import store
from understudy.catalog.cached_answers import AnswerRows
from understudy.catalog.compare import compare
from understudy.catalog.describer import Describer
from understudy.catalog.description import Column, Description, Refusal
from understudy.catalog.errors import CatalogFileError, CatalogLocked, DescribeFailed
from understudy.catalog.introspection_statements import is_introspection
from understudy.catalog.run_catalog import Catalog, save
from understudy.embedded import EmbeddedServer
from understudy.pg.oids import stable_oids

_SCHEMA = """
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE users (id integer PRIMARY KEY, mood mood);
    CREATE SEQUENCE numbers;
"""
OURS = stable_oids(["mood", "mood[]", "users", "users[]"])
PSQLPY = """
    SELECT t.typname, t.typtype, t.typelem, r.rngsubtype, t.typbasetype, n.nspname, t.typrelid
    FROM pg_catalog.pg_type t
    LEFT OUTER JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
    INNER JOIN pg_catalog.pg_namespace n ON t.typnamespace = n.oid
    WHERE t.oid = $1
"""


@pytest.mark.parametrize(
    "statement",
    [
        PSQLPY,
        asyncpg.introspection.INTRO_LOOKUP_TYPES,
        "SELECT relname FROM pg_class",
        "select 1 from pg_catalog.pg_class c, pg_namespace n where c.relnamespace = n.oid",
        'SELECT * FROM "pg_class" WHERE relname IS DISTINCT FROM $1',
        "SELECT EXTRACT(epoch FROM '1 day'::interval) FROM pg_type",
        "WITH x AS (SELECT oid FROM pg_type) SELECT * FROM x",
        "WITH x (oid) AS NOT MATERIALIZED (SELECT oid FROM pg_type) SELECT * FROM x",
        "SELECT * FROM (SELECT oid FROM pg_type) AS x JOIN LATERAL unnest(ARRAY[1]) AS y ON true",
        "SELECT * FROM (pg_class c JOIN pg_attribute a ON a.attrelid = c.oid)",
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
        "SELECT count(*) FROM ONLY pg_class",
        "SELECT current_setting('x', true) FROM pg_am",
    ],
)
def test_queries_of_the_system_catalogs_are_a_drivers_own(statement: str) -> None:
    assert is_introspection(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "SELECT 1",
        "SELECT name FROM users",
        "SELECT 1 FROM pg_class, users",
        "SELECT 1 FROM pg_class c JOIN users u ON true",
        "SELECT (SELECT name FROM users LIMIT 1) FROM pg_class",
        "SELECT 1 FROM pg_class WHERE oid IN (SELECT id FROM users)",
        "SELECT * FROM (pg_class c JOIN users u ON true)",
        "WITH x AS (SELECT 1 FROM users) SELECT * FROM x, pg_class",
        "WITH x AS (DELETE FROM pg_class RETURNING 1) SELECT * FROM x, pg_class",
        "SELECT * FROM other.pg_class",
        "SELECT * FROM pg_stat_activity",
        "SELECT * FROM pg_catalog.pg_locks",
        "SELECT * FROM pg_roles",
        "SELECT pg_terminate_backend(1) FROM pg_class",
        "SELECT set_config('x', 'y', false) FROM pg_class",
        "SELECT nextval('numbers') FROM pg_class",
        "SELECT * INTO other FROM pg_class",
        "SELECT 1 FROM pg_class FOR UPDATE",
        "DELETE FROM pg_class",
        "SELECT 1 FROM pg_class; SELECT 2 FROM pg_class",
        "SELECT * FROM unnest(ARRAY[1])",
        "SELECT 'from pg_class'",
        "SELECT 1 FROM",
    ],
)
def test_everything_else_is_the_users(statement: str) -> None:
    assert not is_introspection(statement)


# Asking ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with EmbeddedServer() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(_SCHEMA)
        yield server.dsn()


@pytest.fixture
def catalog(dsn: str) -> Iterator[Catalog]:
    catalog = Catalog(None, schema(), lambda: Describer(dsn))
    with closing(catalog):
        yield catalog


def test_numbers_are_ours_in_parameters_and_in_answers(catalog: Catalog) -> None:
    answer = catalog.answer(PSQLPY, (), [str(OURS["mood[]"])])

    assert answer == AnswerRows((("_mood", "b", str(OURS["mood"]), None, "0", "public", "0"),))


def test_numbers_in_arrays_are_ours_and_those_of_postgresql_are_left_alone(
    catalog: Catalog,
) -> None:
    query = "SELECT array_agg(oid ORDER BY typname), 16384 AS n FROM pg_type WHERE oid = ANY ($1)"

    answer = catalog.answer(query, (), [f"{{23,{OURS['mood']}}}"])

    assert answer == AnswerRows(((f"{{23,{OURS['mood']}}}", "16384"),))


def test_a_table_has_a_number_of_its_own_and_can_be_asked_about_by_it(catalog: Catalog) -> None:
    found = catalog.answer("SELECT oid FROM pg_class WHERE relname = $1", (), ["users"])
    assert isinstance(found, AnswerRows)
    ((number,),) = found.rows

    assert number not in map(str, OURS.values())
    assert catalog.answer(
        "SELECT relname FROM pg_class WHERE oid = $1", (), [number]
    ) == AnswerRows((("users",),))


def test_a_refused_answer_is_kept_as_a_refusal(catalog: Catalog) -> None:
    answer = catalog.answer("SELECT $1::regclass FROM pg_am LIMIT 1", (), ["nothing"])

    assert answer == Refusal("42P01", 'relation "nothing" does not exist')


def test_nothing_can_be_written(catalog: Catalog) -> None:
    # No driver asks so; it would have to be taken for a question first.
    answer = catalog.answer("SELECT nextval('numbers') FROM pg_am LIMIT 1", (), [])

    assert answer == Refusal("25006", "cannot execute nextval() in a read-only transaction")


def test_a_server_that_is_lost_is_said_to_be(dsn: str) -> None:
    with closing(Describer(dsn)) as describer:
        query = "SELECT pg_terminate_backend(pg_backend_pid()) FROM pg_am LIMIT 1"
        (description,) = describer.describe([query])
        assert isinstance(description, Description)

        with pytest.raises(DescribeFailed, match="no connection: executing query failed"):
            describer.answer(query, description, [])

        assert describer.answer("SELECT 1 AS n FROM pg_am LIMIT 1", description, []) == AnswerRows(
            (("1",),)
        )


def test_a_server_that_cannot_work_just_now_has_given_no_answer(dsn: str) -> None:
    with closing(Describer(dsn, statement_timeout=1.0)) as describer:
        query = "SELECT pg_sleep(30) FROM pg_am"
        (description,) = describer.describe([query])
        assert isinstance(description, Description)

        with pytest.raises(DescribeFailed, match="statement timeout"):
            describer.answer(query, description, [])


# Keeping -----------------------------------------------------------------------------------------

TYPES = "SELECT typname FROM pg_type WHERE oid = $1"
DESCRIBED = Description("SELECT", ("oid",), (Column("typname", "name", None, "not null"),), (), ())
ANSWER = AnswerRows((("mood",), (None,)))
REFUSED = Refusal("42P01", "there is none")


def _server() -> Scripted:
    server = Scripted({TYPES: DESCRIBED})
    server.answers = {
        store.key(TYPES, (), ("7",)): ANSWER,
        store.key(TYPES, (), (None,)): REFUSED,
    }
    return server


def _learned(path: Path) -> None:
    catalog = Catalog(path, schema(), _server)
    assert catalog.answer(TYPES, (), ["7"]) == ANSWER
    assert catalog.answer(TYPES, (), [None]) == REFUSED
    news = catalog.delta()
    assert news is not None
    assert news.learned == (TYPES,)
    save(path, [news])


def test_an_answer_is_asked_for_once_and_read_from_the_file_ever_after(tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    _learned(path)

    assert path.read_text().splitlines()[-2:] == [
        f'{{"answered": "{TYPES}", "given": ["7"], "rows": [["mood"], [null]]}}',
        f'{{"answered": "{TYPES}", "given": [null], "refused": {{"sqlstate": "42P01", '
        '"message": "there is none"}}',
    ]
    again = Catalog(path, schema(), nobody, locked=True)
    assert again.answer(TYPES, (), ["7"]) == ANSWER
    assert again.answer(TYPES, (), [None]) == REFUSED
    assert again.delta() is None


def test_two_runs_that_each_learn_an_answer_keep_both(tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    news = []
    for given in ("7", None):
        catalog = Catalog(path, schema(), _server)
        catalog.answer(TYPES, (), [given])
        learned = catalog.delta()
        assert learned is not None
        news.append(learned)

    save(path, news)

    contents = store.read(path)
    assert contents is not None
    assert len(contents.answers) == 2


def test_an_answer_that_is_not_known_is_not_learned_by_a_locked_catalog(tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    _learned(path)

    with pytest.raises(CatalogLocked, match="does not hold this statement"):
        Catalog(path, schema(), nobody, locked=True).answer(TYPES, (), ["8"])


def test_answers_are_renewed_for_another_schema(tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    _learned(path)
    server = _server()
    server.answers[store.key(TYPES, (), ("7",))] = AnswerRows(())

    catalog = Catalog(path, schema("another"), lambda: server)

    assert catalog.answer(TYPES, (), ["7"]) == AnswerRows(())
    assert server.asked == [
        (TYPES,),
        (store.key(TYPES, (), ("7",)),),
        (store.key(TYPES, (), (None,)),),
    ]


def test_an_answer_to_a_query_that_is_refused_now_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    _learned(path)
    server = Scripted({TYPES: Refusal("42703", "no such column")})

    catalog = Catalog(path, schema("another"), lambda: server)

    assert isinstance(catalog.verdict(TYPES), Refusal)
    news = catalog.delta()
    assert news is not None
    assert '"answered"' not in news.text


def test_a_line_that_lacks_its_rows_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "catalog"
    _learned(path)
    line = next(line for line in path.read_text().splitlines() if '"rows"' in line)
    without = {key: value for key, value in json.loads(line).items() if key != "rows"}
    path.write_text(path.read_text().replace(line, json.dumps(without)))

    with pytest.raises(CatalogFileError) as raised:
        Catalog(path, schema(), nobody).answer(TYPES, (), ["7"])

    assert str(raised.value) == (
        f"the catalog's line of this statement is broken: it has no 'rows'\n  {TYPES}\n"
        "Remove the line, and the next run asks PostgreSQL again."
    )


def test_answers_are_compared_like_statements() -> None:
    known, fresh = (store.Contents("x", 18, FACTS) for _ in range(2))
    known.add_answer(TYPES, ANSWER, (), ["7"])
    known.add_answer(TYPES, ANSWER, ("oid",), ["7"])
    known.add_answer(TYPES, ANSWER, (), ["8"])
    known.add_answer(TYPES, ANSWER, (), ["9"])
    fresh.add_answer(TYPES, ANSWER, (), ["7"])
    fresh.add_answer(TYPES, ANSWER, ("oid",), ["7"])
    fresh.add_answer(TYPES, REFUSED, (), ["8"])
    fresh.add_answer(TYPES, ANSWER, (), [None])

    comparison = compare(known, fresh)

    assert comparison.same == (
        f'{TYPES}\n-- declared: oid\n-- given: ["7"]',
        f'{TYPES}\n-- given: ["7"]',
    )
    assert comparison.changed == (
        (
            f'{TYPES}\n-- given: ["8"]',
            ('answered [["mood"], [null]] -> refused (42P01 there is none)',),
        ),
    )
    assert comparison.missing == (f"{TYPES}\n-- given: [null]",)
    assert comparison.unused == (f'{TYPES}\n-- given: ["9"]',)
    assert compare(None, fresh).missing[0] == f'{TYPES}\n-- declared: oid\n-- given: ["7"]'
