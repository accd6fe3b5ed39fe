"""What a statement reads and writes."""

from __future__ import annotations

import pytest

from understudy.catalog.description import Description, ParsedOnly, Refusal, Verdict
from understudy.run_report.records import Statement
from understudy.run_report.statements import described, written_tables


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("INSERT INTO users (id) SELECT id FROM old", {"users"}),
        ("INSERT INTO users VALUES (1) ON CONFLICT DO UPDATE SET id = 1", {"users"}),
        ('UPDATE ONLY app."Users" SET id = 1 FROM old', {"users"}),
        ("DELETE FROM users USING old", {"users"}),
        ("MERGE INTO users USING old ON true WHEN MATCHED THEN UPDATE SET id = 1", {"users"}),
        ("WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone", {"a", "b"}),
        ("SELECT id FROM users FOR NO KEY UPDATE", set()),
        ("SELECT id FROM users FOR UPDATE", set()),
    ],
)
def test_written_tables(statement: str, tables: set[str]) -> None:
    assert written_tables(statement) == tables


@pytest.mark.parametrize(
    ("sql", "tables", "reads", "writes"),
    [
        ("INSERT INTO users SELECT * FROM old", ("old", "users"), ["old"], ["users"]),
        ("DELETE FROM app.users", ("app.users",), ["app.users"], ["app.users"]),
        ("SELECT * FROM users", ("users",), ["users"], []),
    ],
)
def test_tables(sql: str, tables: tuple[str, ...], reads: list[str], writes: list[str]) -> None:
    verdict = Description(sql.partition(" ")[0], (), (), tables, ())

    found = described(Statement(1, sql, "unchecked"), verdict)

    assert (found.verdict, found.reads, found.writes) == ("checked", reads, writes)


@pytest.mark.parametrize(
    ("before", "verdict", "after"),
    [
        ("unchecked", None, "unchecked"),
        ("unchecked", ParsedOnly("CREATE TABLE"), "parsed"),
        ("checked", ParsedOnly("CREATE TABLE"), "checked"),
        ("unchecked", Refusal("42703", "no such column"), "refused"),
        # A real server has executed it: in its session, there was more.
        ("checked", Refusal("42P01", "no such table"), "checked"),
    ],
)
def test_verdicts(before: str, verdict: Verdict | None, after: str) -> None:
    statement = Statement(1, "SELECT 1", before)  # type: ignore[arg-type] # parametrised

    assert described(statement, verdict).verdict == after
