"""What is printed about mutants: the text and the JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from understudy.mutate import elements, report
from understudy.mutate.locations import Locator
from understudy.mutate.mutants import Mutant
from understudy.mutate.results import Collector, Results
from understudy.mutate.statements import Sender, Spot, Statement
from understudy.pg.sql import one_line
from understudy.project.sql_literals import Places, inventory

DELETE = "DELETE FROM users WHERE id = $1 RETURNING id"
SELECT = "SELECT id, name\n    FROM users\n    ORDER BY id"
SOURCE = """async def delete(conn, user_id):
    return await conn.fetch("DELETE FROM users WHERE id = $1 RETURNING id", user_id)


async def fetch_all(conn):
    return await conn.fetch('''SELECT id, name
    FROM users
    ORDER BY id''')
"""


def mutant(statement: str, before: str, after: str, operator: str, sentence: str) -> list[Any]:
    """Return a mutant as an answer has it."""
    start = statement.index(before)
    sql = statement.replace(before, after)
    return [statement, sql, operator, start, start + len(before), sentence]


WHERE = mutant(DELETE, "id = $1", "(id = $1) OR TRUE", "where-lost", "DELETE without WHERE")
RETURNING = mutant(DELETE, "RETURNING id", "", "returning-lost", "DELETE without RETURNING")
EQUALS = mutant(DELETE, "=", "<>", "comparison", "WHERE id <> $1")
TABLE = mutant(DELETE, "users", "user", "name", "DELETE FROM user")
SORT = mutant(SELECT, "BY id", "BY id DESC", "order-reversed", "ORDER BY id DESC")
LOST = mutant(SELECT, "ORDER BY id", "", "order-lost", "SELECT without ORDER BY")
SWAP = mutant(SELECT, "id, name", "name, id", "columns-swapped", "SELECT name, id")


def ran(mutant: list[Any], outcome: str, **more: object) -> dict[str, Any]:
    """Return the answer about a mutant that ran."""
    found = {"kind": "ran", "statement": mutant[0], "sql": mutant[1], "outcome": outcome}
    rest = {"killed_by": "", "reason": "", "how": None, "tests": 2, "seconds": 0.5}
    return {**found, **rest, **more}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """The results of a run that was interrupted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dao.py").write_text(SOURCE)
    where = str(tmp_path / "dao.py")
    senders = [Sender("tests/test_dao.py::test_gone", 0.01, False)]
    others = [*senders, Sender("tests/test_dao.py::test_all[a::b]", 0.02, True)]
    collector = Collector()
    for answer in (
        {
            "kind": "recorded",
            "tests": 9,
            "failed": {"tests/test_dao.py::test_broken": "AssertionError: assert 1 == 2"},
            "left out": {},
            "without": 4,
            "seconds": 1.25,
            "statements": [
                Statement(SELECT, one_line(SELECT), [Spot(where, 6, "fetch_all")], others).answer(),
                Statement(DELETE, DELETE, [Spot(where, 2, "delete")], senders).answer(),
                Statement("SELECT 1", "SELECT 1", [], senders).answer(),
            ],
        },
        {
            "kind": "judged",
            "statement": SELECT,
            "mutants": [
                [SORT, "different", "", ""],
                [LOST, "unknown", "the generated rows come in this order", ""],
                [SWAP, "different", "", ""],
            ],
        },
        ran(SORT, "killed", killed_by=others[1].name, how="text", reason="UnusedAnswers: ..."),
        ran(LOST, "alive"),
        {
            "kind": "judged",
            "statement": DELETE,
            "mutants": [
                [WHERE, "different", "", 'real_postgres.insert("users", id=2)'],
                [RETURNING, "equivalent", "", ""],
                [EQUALS, "different", "", ""],
                [TABLE, "refused", '42P01 relation "user" does not exist', ""],
            ],
        },
        ran(WHERE, "alive"),
        ran(EQUALS, "killed", killed_by=senders[0].name, how="meaning", reason="assert [] == [1]"),
        {"kind": "left out", "tests": {"tests/test_dao.py::test_clone": "it ran on a clone"}},
    ):
        assert collector.add(answer) is None
    done = collector.add({"kind": "done", "statement": DELETE})
    assert done is not None
    assert (done.killed, done.killable) == (1, 2)
    collector.results.seconds = 3.4
    collector.results.end = "Interrupted: these are the results so far."
    return collector.results


def test_the_worst_survivors_come_first(results: Results) -> None:
    assert "\n".join(report.text(results, whole=False)) == (
        """\
statement                                                  killed  equivalent  refused
dao.py:2  DELETE FROM users WHERE id = $1 RETURNING id     1 of 2           1        1
dao.py:6  SELECT id, name FROM users ORDER BY id           1 of 2           0        0

dao.py:2 in delete
  DELETE FROM users WHERE id = $1 RETURNING id
  sent in tests/test_dao.py::test_gone
  no test notices: DELETE without WHERE
      this row would tell: real_postgres.insert("users", id=2)

dao.py:6 in fetch_all
  SELECT id, name FROM users ORDER BY id
  sent in tests/test_dao.py::test_gone and 1 other test
  no test notices: SELECT without ORDER BY
      it may mean the same: the generated rows come in this order

1 test did not pass without a mutant:
  tests/test_dao.py::test_broken: AssertionError: assert 1 == 2

1 test passed and could not judge mutants:
  tests/test_dao.py::test_clone: it ran on a clone

4 tests sent nothing to fake_postgres, real_postgres, fake_mysql or real_mysql. Statements on a \
FakeConnection are not mutated: no driver sends them.

3 statements, 7 mutants: 2 killed, 2 alive, 1 probably equivalent, 1 refused by the database, \
1 not run
1 of the killed by a script that expects another text, which tells nothing of their meaning
Interrupted: these are the results so far.
1 statement had no turn.
2 of 4 that a test could notice are killed: 50%, in 3.4s"""
    )


def test_everything_is_shown_if_it_is_wanted(results: Results) -> None:
    delete, _ = "\n".join(report.text(results, whole=True)).split("dao.py:6 in fetch_all")

    assert delete.split("dao.py:2 in delete")[1] == (
        """
  DELETE FROM users WHERE id = $1 RETURNING id
  sent in tests/test_dao.py::test_gone
  no test notices: DELETE without WHERE
      this row would tell: real_postgres.insert("users", id=2)
  probably equivalent: DELETE without RETURNING
  killed in tests/test_dao.py::test_gone: WHERE id <> $1
  refused by the database (42P01 relation "user" does not exist): DELETE FROM user

"""
    )


def test_what_no_test_judged_is_not_called_without_survivors() -> None:
    senders = [Sender("tests/test_dao.py::test_gone", 0.01, False)]
    collector = Collector()
    statements = [Statement(sql, sql, [], senders).answer() for sql in (DELETE, SELECT)]
    counts = {"tests": 1, "failed": {}, "left out": {}, "without": 0, "seconds": 1.0}
    collector.add({"kind": "recorded", "statements": statements, **counts})
    for one, outcome in ((WHERE, "killed"), (SORT, "not reached")):
        verdict = [one, "different", "", ""]
        collector.add({"kind": "judged", "statement": one[0], "mutants": [verdict]})
        collector.add(ran(one, outcome, how="meaning"))

    assert list(report.text(collector.results, whole=False))[:2] == [
        "1 statement without survivors (--verbose lists them)",
        "1 statement that no test judged (--verbose lists them)",
    ]


# The fields of the schema (version 2 of mutation-testing-elements) that this project writes, with
# their types. "!" marks those that the schema requires.
_POSITION = {"line!": int, "column!": int}
_SCHEMA: Mapping[str, Any] = {
    "schemaVersion!": str,
    "thresholds!": {"high!": int, "low!": int},
    "projectRoot": str,
    "framework": {"name!": str, "version": str},
    "performance": {"setup!": (int, float), "initialRun!": (int, float), "mutation!": (int, float)},
    "files!": {
        "*": {
            "language!": str,
            "source!": str,
            "mutants!": [
                {
                    "id!": str,
                    "mutatorName!": str,
                    "location!": {"start!": _POSITION, "end!": _POSITION},
                    "status!": str,
                    "statusReason": str,
                    "description": str,
                    "replacement": str,
                    "statement": str,  # ours: the schema allows more
                    "coveredBy": [str],
                    "killedBy": [str],
                    "testsCompleted": (int, float),
                    "duration": (int, float),
                }
            ],
        }
    },
    "testFiles": {"*": {"source": str, "tests!": [{"id!": str, "name!": str}]}},
}
_STATUSES = {
    *("Killed", "Survived", "NoCoverage", "CompileError", "RuntimeError", "Timeout", "Ignored"),
    "Pending",
}


def check(value: Any, schema: Any, at: str = "") -> None:
    """Assert that a value has the fields and types of a schema."""
    if isinstance(schema, list):
        assert isinstance(value, list), at
        for number, item in enumerate(value):
            check(item, schema[0], f"{at}[{number}]")
    elif isinstance(schema, Mapping):
        assert isinstance(value, dict), at
        if "*" in schema:
            for key, item in value.items():
                check(item, schema["*"], f"{at}.{key}")
            return
        known = {key.rstrip("!"): item for key, item in schema.items()}
        assert {key.rstrip("!") for key in schema if key.endswith("!")} <= set(value), at
        for key, item in value.items():
            assert key in known, f"{at}.{key}"
            check(item, known[key], f"{at}.{key}")
    else:
        assert isinstance(value, schema), at


def test_the_json_follows_the_schema(results: Results, tmp_path: Path) -> None:
    places = Places(inventory(tmp_path).literals)
    locator = Locator(tmp_path, places, [one.statement for one in results.statements])

    found = json.loads(elements.document(results, tmp_path, locator, 70.0))

    check(found, _SCHEMA)
    assert found["schemaVersion"] == "2.0"
    assert found["thresholds"] == {"high": 70, "low": 60}
    assert found["performance"] == {"setup": 0, "initialRun": 1250, "mutation": 2150}
    mutants = found["files"]["dao.py"]["mutants"]
    assert len({mutant["id"] for mutant in mutants}) == len(mutants)
    assert {mutant["status"] for mutant in mutants} <= _STATUSES
    for one in mutants:
        start, end = one["location"]["start"], one["location"]["end"]
        assert (1, 1) <= (start["line"], start["column"]) < (end["line"], end["column"])
    by_text = {one["description"]: one for one in mutants}
    assert by_text["DELETE without WHERE"] == {
        "id": by_text["DELETE without WHERE"]["id"],
        "mutatorName": "where-lost",
        "description": "DELETE without WHERE",
        "replacement": "DELETE FROM users WHERE (id = $1) OR TRUE RETURNING id",
        "statement": "DELETE FROM users WHERE id = $1 RETURNING id",
        "location": {"start": {"line": 2, "column": 54}, "end": {"line": 2, "column": 61}},
        "status": "Survived",
        "statusReason": 'would be told by real_postgres.insert("users", id=2)',
        "coveredBy": ["tests/test_dao.py::test_gone"],
        "killedBy": [],
        "testsCompleted": 2,
        "duration": 500,
    }
    assert {
        text: (one["status"], one.get("statusReason", "")) for text, one in by_text.items()
    } == {
        "ORDER BY id DESC": ("Killed", "text: UnusedAnswers: ..."),
        "SELECT without ORDER BY": ("Survived", "the generated rows come in this order"),
        "SELECT name, id": ("Pending", ""),
        "DELETE without WHERE": (
            "Survived",
            'would be told by real_postgres.insert("users", id=2)',
        ),
        "DELETE without RETURNING": (
            "Ignored",
            "probably equivalent: it does the same as the original on generated rows",
        ),
        "WHERE id <> $1": ("Killed", "meaning: assert [] == [1]"),
        "DELETE FROM user": ("CompileError", '42P01 relation "user" does not exist'),
    }
    assert found["testFiles"] == {
        "tests/test_dao.py": {
            "tests": [
                {"id": "tests/test_dao.py::test_gone", "name": "test_gone"},
                {"id": "tests/test_dao.py::test_all[a::b]", "name": "test_all[a::b]"},
            ]
        }
    }


def test_a_statement_whose_line_is_unknown_has_a_place_in_the_json(tmp_path: Path) -> None:
    first, second = (Statement(sql, sql, [], []) for sql in ("SELECT 1", "SELECT 2\nLIMIT 3"))
    locator = Locator(tmp_path, Places([]), [first, second])

    found = locator.locate(second, Mutant(second.sql, "SELECT 2\nLIMIT 4", "literal", 15, 16, "4"))

    assert found == (
        "statements without a known line.sql",
        "sql",
        "SELECT 1\n\nSELECT 2\nLIMIT 3\n\n",
        (4, 7),
        (4, 8),
    )


@pytest.mark.parametrize(("noticed", "counted"), [(None, (0, 1)), (0, (1, 1)), (1, (1, 1))])
def test_a_swap_of_columns_counts_once_in_a_function(
    noticed: int | None, counted: tuple[int, int]
) -> None:
    """Its statements are put together from one list of columns: one mistake swaps them in all."""
    collector = Collector()
    spots = [Spot("dao.py", 6, "find"), Spot("dao.py", 6, "find"), Spot("dao.py", 9, "other")]
    texts = [f"SELECT id, name FROM users WHERE {rest}" for rest in ("id = $1", "TRUE", "FALSE")]
    statements = [Statement(t, t, [s], []).answer() for t, s in zip(texts, spots, strict=True)]
    nothing: dict[str, Any] = {"failed": {}, "left out": {}, "without": 0, "seconds": 0.1}
    collector.add({"kind": "recorded", "tests": 1, "statements": statements, **nothing})
    for number, text in enumerate(texts):
        swap = mutant(text, "id, name", "name, id", "columns-swapped", "`id` and `name` swapped")
        lost = mutant(text, " WHERE", " --", "where-lost", "SELECT without WHERE")
        judged = [[one, "different", "", ""] for one in (swap, lost)]
        collector.add({"kind": "judged", "statement": text, "mutants": judged})
        collector.add(ran(swap, "killed" if number == noticed else "alive"))
        collector.add(ran(lost, "killed"))

    collector.results.count_swaps_once()

    first, second, other = collector.results.statements
    found = first.killed + second.killed - 2, first.killable + second.killable - 2
    assert found == counted
    assert (other.killed, other.killable) == (1, 2)
