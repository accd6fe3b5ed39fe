"""A CHECK constraint is held against parameters and literals if PostgreSQL refuses them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql

from understudy.catalog import outcome_checks
from understudy.catalog.describer import Describer
from understudy.catalog.description import Description

pytestmark = pytest.mark.slow

_INTEGERS = (0, 1, -1, 5, 10, 11, None)
_NUMBERS = ("0", "0.004", "0.005", "-0.004", "-0.005", "-1.5", "10", "12345.678", None)
_TEXTS = ("", " ", "a", "b'c", "abc", " abc ", "abcd", "é漢字", "x" * 12, None)
_DAYS = ("2019-12-31", "2020-01-01", "2020-01-02", None)
# A column with its check, and its values.
DECIDED: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("integer CHECK (c > 0)", _INTEGERS),
    ("bigint CHECK (c >= -1 AND c <> 5)", _INTEGERS),
    ("smallint CHECK (c BETWEEN 1 AND 10)", _INTEGERS),
    ("integer CHECK (c NOT BETWEEN 1 AND 10 AND NOT (c = 0))", _INTEGERS),
    ("integer CHECK (c IN (1, 5, -1))", _INTEGERS),
    ("integer CHECK (c NOT IN (1, 5) OR c IS NULL)", _INTEGERS),
    ("integer CHECK (c IS NOT NULL)", _INTEGERS),
    ("integer CHECK (0 < c)", _INTEGERS),
    ("numeric CHECK (c > 0)", _NUMBERS),
    ("numeric(7, 2) CHECK (c >= 0)", _NUMBERS),
    ("numeric(7, 2) CHECK (c > 0 AND c <= 9.99)", _NUMBERS),
    ("double precision CHECK (c > 0.5)", (0.5, 0.6, -1e300, 3, None)),
    ("text CHECK (c IN ('a', 'b''c'))", _TEXTS),
    ("varchar(12) CHECK (c IN ('a', 'abc'))", _TEXTS),
    ("text CHECK (length(c) <= 3)", _TEXTS),
    ("varchar CHECK (char_length(c) = 3)", _TEXTS),
    ("text CHECK (c <> '')", _TEXTS),
    ("text CHECK (trim(c) <> '')", _TEXTS),
    ("text CHECK (btrim(c) = 'abc' OR c = ANY (ARRAY['a', '']))", _TEXTS),
    ("text CHECK (c <> ALL (ARRAY['a', 'abc']))", _TEXTS),
    ("text COLLATE \"C\" CHECK (c = 'a')", _TEXTS),
    ("boolean CHECK (c)", (True, False, None)),
    ("boolean CHECK (NOT c OR c IS NULL)", (True, False, None)),
    ("date CHECK (c >= '2020-01-01')", _DAYS),
)
# What depends on more than is known here, or on what a trigger does.
UNDECIDED: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("text CHECK (c ~ '^a')", _TEXTS),
    ("text CHECK (lower(c) = c AND length(c) < 4)", _TEXTS),
    ("text CHECK (c < 'b')", _TEXTS),
    ("character(5) CHECK (c = 'abc')", _TEXTS),
    ("real CHECK (c >= 0)", (1e-50, -1e-50, 1.0, -1.0)),
    ("integer CHECK (abs(c) > 3)", _INTEGERS),
    ("integer CHECK (c % 2 = 1)", _INTEGERS),
    ("integer CHECK (coalesce(c, 0) IS NOT NULL AND coalesce(c, 5) > 0)", _INTEGERS),
    ("text CHECK (concat(c, 'x') IS NOT NULL AND lower(c) = c)", _TEXTS),
    ("integer CHECK (even(c))", _INTEGERS),
    ("integer CHECK (c > 0) NO INHERIT", _INTEGERS),
    ("date CHECK (c < current_date)", _DAYS),
    ("mood CHECK (c <> 'ok')", ("ok", None)),
    ("integer CHECK (c > 0 OR o > 5)", _INTEGERS),
)


@pytest.fixture
def checked(connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection with a schema of its own, and tables that its test makes there."""
    connection.execute("CREATE SCHEMA checked")
    connection.execute("SET search_path TO checked, public")
    connection.execute(
        """
        CREATE FUNCTION even(n int) RETURNS bool LANGUAGE sql AS 'SELECT $1 % 2 = 0';
        CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.c := 1; RETURN NEW; END';
        """
    )
    yield connection
    connection.execute("SET client_min_messages = warning; DROP SCHEMA checked CASCADE")


def _statements(literal: str) -> Iterator[tuple[str, bool]]:
    """Yield statements that store a value, and whether it is their parameter."""
    for value, is_given in ((literal, False), ("$1", True)):
        yield f"INSERT INTO checked.one (c) VALUES ({value})", is_given
        yield f"INSERT INTO checked.one (o, c) VALUES (1, {value}), (2, {value})", is_given
        yield f"INSERT INTO checked.one (c) VALUES ({value}) ON CONFLICT DO NOTHING", is_given
        yield f"UPDATE checked.one SET c = {value} WHERE o = 7", is_given


def _judged(
    connection: psycopg.Connection, describer: Describer, values: tuple[Any, ...]
) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """Return what is said to violate a constraint, and what violates one."""
    said, seen = [], []
    tried = [
        (statement, value, is_given)
        for value in values
        for statement, is_given in _statements(sql.Literal(value).as_string(connection))
    ]
    verdicts = describer.describe([statement for statement, *_ in tried])
    for (statement, value, is_given), verdict in zip(tried, verdicts, strict=True):
        assert isinstance(verdict, Description), verdict
        found = outcome_checks.certain_failure(verdict, [_decoded(verdict, value)], 1)
        is_said = found is not None and found[0].sqlstate == "23514"
        error = _violation_by(connection, statement, [value] if is_given else [])
        said += [(statement, value)] * is_said
        seen += [(statement, value)] * (error is not None)
        # For a partitioned table, PostgreSQL names the partition.
        if is_said and error is not None and error.diag.table_name == "one":
            assert found is not None
            assert found[0].message == error.diag.message_primary
    return said, seen


def _decoded(verdict: Description, value: Any) -> Any:
    """Return a value as a driver's parameter of its type is decoded."""
    kind = verdict.parameters[0] if verdict.parameters else ""
    if kind == "date" and value is not None:
        return datetime.date.fromisoformat(value)
    return Decimal(value) if kind == "numeric" and value is not None else value


def _violation_by(
    connection: psycopg.Connection, statement: str, given: list[Any]
) -> psycopg.Error | None:
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute("BEGIN")
        try:
            cursor.execute(statement.encode(), given)
        except psycopg.errors.CheckViolation as error:
            return error
        except psycopg.DataError:  # another failure comes first
            pass
        finally:
            cursor.execute("ROLLBACK")
    return None


def _make(connection: psycopg.Connection, column: str) -> None:
    """Make a table with a row, which its check is not asked about."""
    kind, _, check = column.partition(" CHECK ")
    connection.execute(f"CREATE TABLE one (o int, c {kind})".encode())
    connection.execute("INSERT INTO one VALUES (7, NULL)")
    connection.execute(f"ALTER TABLE one ADD CHECK {check} NOT VALID".encode())


@pytest.mark.parametrize(("column", "values"), DECIDED)
def test_a_check_on_a_column_is_decided(
    checked: psycopg.Connection, describer: Describer, column: str, values: tuple[Any, ...]
) -> None:
    _make(checked, column)
    said, seen = _judged(checked, describer, values)
    assert said == seen
    assert said, "something is decided"


@pytest.mark.parametrize(("column", "values"), UNDECIDED)
def test_what_is_not_certain_is_not_held_against_a_test(
    checked: psycopg.Connection, describer: Describer, column: str, values: tuple[Any, ...]
) -> None:
    _make(checked, column)
    said, seen = _judged(checked, describer, values)
    assert [one for one in said if one not in seen] == []


def test_a_check_on_several_columns(checked: psycopg.Connection, describer: Describer) -> None:
    checked.execute("CREATE TABLE one (o int, c int, CHECK (o < c AND (o > 0 OR c > 9)))")
    said, seen = _judged(checked, describer, _INTEGERS)
    # The row of an UPDATE is not known, and o is not given by every INSERT.
    decided = [one for one in seen if "(o, c)" in one[0]]
    assert said == decided != []


@pytest.mark.parametrize(
    ("trigger", "decided"),
    [
        ("AFTER INSERT OR UPDATE ON one FOR EACH ROW", {"INSERT", "UPDATE"}),
        ("BEFORE INSERT OR UPDATE ON one FOR EACH STATEMENT", {"INSERT", "UPDATE"}),
        ("BEFORE DELETE ON one FOR EACH ROW", {"INSERT", "UPDATE"}),
        ("BEFORE UPDATE ON one FOR EACH ROW", {"INSERT"}),
        ("BEFORE INSERT ON one FOR EACH ROW", {"UPDATE"}),
        ("BEFORE INSERT OR UPDATE ON one FOR EACH ROW", set()),
    ],
)
def test_a_trigger_makes_uncertain_what_it_may_change(
    checked: psycopg.Connection, describer: Describer, trigger: str, decided: set[str]
) -> None:
    _make(checked, "integer CHECK (c > 0)")
    checked.execute(f"CREATE TRIGGER other {trigger} EXECUTE FUNCTION other()".encode())
    said, seen = _judged(checked, describer, _INTEGERS)
    assert {statement.split()[0] for statement, _ in said} == decided
    assert [one for one in said if one not in seen] == []


def test_the_partitions_of_a_table(checked: psycopg.Connection, describer: Describer) -> None:
    """A row gets into its partition, whose triggers and checks count."""
    checked.execute("CREATE TABLE one (o int, c int CHECK (c > 0)) PARTITION BY LIST (o)")
    checked.execute("CREATE TABLE part PARTITION OF one DEFAULT")
    checked.execute("ALTER TABLE part ADD CHECK (c < 10)")
    checked.execute("INSERT INTO one VALUES (7, 1)")
    said, seen = _judged(checked, describer, _INTEGERS)
    assert [one for one in said if one not in seen] == []
    assert {value for _, value in said} == {0, -1}
    checked.execute(
        "CREATE TRIGGER other BEFORE INSERT ON part FOR EACH ROW EXECUTE FUNCTION other()"
    )
    assert _judged(checked, describer, _INTEGERS)[0] == []
