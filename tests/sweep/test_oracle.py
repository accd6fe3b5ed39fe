"""What is wrong with how an app met a fault, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.sweep.oracle import inconsistent, judge
from understudy.sweep.plan import Trial, plan

from .helpers import INSERT, ORDER, SCHEMAS, SELECT, Recorder, Run, no_rules

TEST = "tests/test_a.py::test_a"


def trial_of(run: Run, line: str) -> Trial:
    names = {
        trial.line: trial for trial in plan({TEST: run}, (line.split(", ")[2].split()[0],), SCHEMAS)
    }
    return names[line]


def judged(line: str, normal: Run, run: Run, **options: Any) -> Any:
    trial = trial_of(normal, line)
    ((_, call),) = trial.candidates
    return judge(trial, TEST, call, normal, run, 5.0, options.get("rules", no_rules))


def created() -> Recorder:
    return Recorder().begins("POST", "/users")


INSERTED = created().asks(INSERT, "a").answers(201).run


@pytest.mark.parametrize(("status", "outcome"), [(409, "409"), (500, "500"), (None, "no answer")])
def test_an_error_is_an_answer(status: int | None, outcome: str) -> None:
    run = created().asks(INSERT, "a", fails="40001").answers(status).run

    verdict = judged("POST /users, INSERT users, 40001", INSERTED, run)

    assert (verdict.outcome, verdict.findings) == (outcome, ())


def test_a_hang() -> None:
    run = created().asks(INSERT, "a", is_lost=True).run
    run.is_timeout = True

    verdict = judged("POST /users, INSERT users, drop", INSERTED, run)

    assert verdict.outcome == "hangs"
    (finding,) = verdict.findings
    assert (finding.rule, finding.text, finding.remedy) == (
        "hang",
        "POST /users did not end within 5.0 s when the connection is lost at INSERT users; its "
        "test normally takes 0.1 s",
        "Limit the number of attempts, and the time to wait for a connection and an answer.",
    )


LOST_LATE = "POST /users, INSERT users, drop-after-commit"


def test_a_retry_that_writes_twice() -> None:
    run = created().asks(INSERT, "a", is_lost=True).asks(INSERT, "a", connection=2).answers(201).run

    (finding,) = judged(LOST_LATE, INSERTED, run).findings

    assert (finding.rule, finding.text, finding.remedy) == (
        "doubled-write",
        "POST /users sent INSERT INTO users again when the connection is lost after INSERT users "
        "took effect, and both took effect: 2 rows instead of 1",
        "Try again only what is known to have failed, or make it harmless: a unique key with ON "
        "CONFLICT DO NOTHING.",
    )


def test_what_makes_a_retry_harmless_on_mysql() -> None:
    run = created().asks(INSERT, "a", is_lost=True).asks(INSERT, "a", connection=2).answers(201).run
    for event in run.events:
        event.database = "mysql"

    (finding,) = judged(LOST_LATE, INSERTED, run).findings

    assert finding.remedy.endswith("a unique key with INSERT IGNORE.")


def test_a_retry_of_a_whole_transaction_that_had_been_committed() -> None:
    normal = created().opens().asks(INSERT, "a").commits().answers(201).run
    again = created().opens().asks(INSERT, "a").commits(is_lost=True)
    again.opens().asks(INSERT, "a").commits().answers(201)

    (finding,) = judged("POST /users, COMMIT, drop-after-commit", normal, again.run).findings

    assert finding.rule == "doubled-write"


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        (f"{INSERT} ON CONFLICT DO NOTHING", "INSERT 0 0"),
        (f"{INSERT} ON CONFLICT (email) DO UPDATE SET email = EXCLUDED.email", "INSERT 0 1"),
        ("INSERT INTO `users` (n) VALUES (?) ON DUPLICATE KEY UPDATE n = 1", "INSERT 2"),
        ("INSERT IGNORE INTO `users` (email) VALUES (?)", "INSERT 0 0"),
        ("REPLACE INTO `users` (email) VALUES (?)", "REPLACE 2"),
        ("UPDATE users SET email = $1", "UPDATE 1"),
        ("DELETE FROM users WHERE email = $1", "DELETE 1"),
    ],
)
def test_a_retry_that_may_be_repeated(sql: str, tag: str) -> None:
    first = tag.replace("0 0", "0 1")
    normal = created().asks(sql, "a", tag=first).answers(201).run
    run = created().asks(sql, "a", is_lost=True).asks(sql, "a", tag=tag, connection=2).answers(201)
    line = next(t.line for t in plan({TEST: normal}, ("drop-after-commit",)))

    assert judged(line, normal, run.run).findings == ()


def test_an_update_that_counts_doubles() -> None:
    sql = "UPDATE users SET visits = visits + 1"
    normal = created().asks(sql, tag="UPDATE 1").answers(200).run
    run = created().asks(sql, is_lost=True).asks(sql, tag="UPDATE 1", connection=2).answers(200).run

    (finding,) = judged("POST /users, UPDATE users, drop-after-commit", normal, run).findings

    assert finding.rule == "doubled-write"


def test_a_retry_after_a_failure_writes_once() -> None:
    run = created().asks(INSERT, "a", fails="40001").asks(INSERT, "a").answers(201).run

    verdict = judged("POST /users, INSERT users, 40001", INSERTED, run)

    assert (verdict.outcome, verdict.findings) == ("201", ())


CONNECTING = created().asks("", kind="connect", tag="").asks(INSERT, "a").answers(201).run


def test_success_without_a_connection() -> None:
    run = created().asks("", kind="connect", is_lost=True).answers(201).run

    (finding,) = judged("POST /users, connect, refused", CONNECTING, run).findings

    assert (finding.rule, finding.text) == (
        "swallowed",
        "POST /users answers 201 although a new connection was refused, and it was not tried again",
    )


def test_another_connection_is_as_good() -> None:
    recorder = created().asks("", kind="connect", is_lost=True).asks("", kind="connect", tag="")

    verdict = judged(
        "POST /users, connect, refused", CONNECTING, recorder.asks(INSERT).answers(201).run
    )

    assert verdict.findings == ()


def test_what_is_left_open() -> None:
    run = created().asks(INSERT, "a", fails="40001").answers(503).run
    leak = "a connection was used and not given back to its pool; first used at:\n  app.py:7"
    run.leaks = (f"{leak}\nClose it.",)

    (finding,) = judged("POST /users, INSERT users, 40001", INSERTED, run).findings

    assert (finding.rule, finding.text, finding.remedy) == (
        "leak",
        "POST /users left something open when INSERT users fails with 40001 (a serialization "
        "failure)\n"
        "a connection was used and not given back to its pool; first used at:\n  app.py:7",
        "Close it.",
    )


def test_what_was_left_open_before() -> None:
    run = created().asks(INSERT, "a", fails="40001").answers(503).run
    normal = created().asks(INSERT, "a").answers(201).run
    run.leaks = normal.leaks = (
        "a connection was opened and never closed; opened at:\n  x\nClose.",
    )

    assert judged("POST /users, INSERT users, 40001", normal, run).findings == ()


def test_a_rule_that_is_broken_only_with_the_fault() -> None:
    from understudy.script import request_rules

    two = created().asks(INSERT, "a").asks(ORDER, 1).answers(201).run
    run = created().asks(INSERT, "a").asks(ORDER, 1, fails="23514").answers(500).run

    def rules(of: Any) -> Any:
        return request_rules.findings(of.events, of.requests)

    (finding,) = judged(
        "POST /users, INSERT orders, 23514 orders_amount_check", two, run, rules=rules
    ).findings

    assert finding.rule == "commit-despite-failure"
    assert finding.text.startswith("POST /users failed with 500, and what it wrote was committed\n")
    assert judged("POST /users, INSERT orders, 40001", two, two, rules=rules).findings == ()


@pytest.mark.parametrize(
    ("error", "passed", "outcome"),
    [
        ("", True, "passes"),
        ("src.errors.NotStored: INSERT failed", False, "raises NotStored"),
        ("asyncpg.exceptions.SerializationError: could not", False, "raises SerializationError"),
        ("assert 1 == 2", False, "fails"),
        ("", False, "fails"),
    ],
)
def test_without_a_request_the_error_is_the_answer(error: str, passed: bool, outcome: str) -> None:
    normal = Recorder().asks(SELECT, tag="SELECT 1").run
    run = Recorder().asks(SELECT, fails="57014").run
    run.passed, run.error = passed, error

    verdict = judged("tests/sweep/helpers.py Recorder.asks, SELECT users, 57014", normal, run)

    assert verdict.outcome == outcome


def test_an_app_that_knows_the_answer_elsewhere() -> None:
    normal = created().opens().asks(INSERT, "a").commits().answers(201).run
    at_insert = created().opens().asks(INSERT, "a", fails="40001").rolls_back().answers(503).run
    at_commit = created().opens().asks(INSERT, "a").commits(fails="40001").answers(500).run
    verdicts = [
        judged("POST /users, INSERT users, 40001", normal, at_insert),
        judged("POST /users, COMMIT, 40001", normal, at_commit),
    ]

    found = inconsistent(verdicts)

    (finding,) = found.values()
    assert list(found) == [verdicts[1].trial.key]
    assert (finding.rule, finding.text, finding.remedy) == (
        "inconsistent-answer",
        "POST /users answers 500 when COMMIT fails with 40001 (a serialization failure), but POST "
        "/users answers 503 when INSERT users fails with 40001 (a serialization failure)",
        "Answer 503 here, too: the same error can come from any call.",
    )


def test_an_app_that_has_no_answer_at_all() -> None:
    run = created().asks(INSERT, "a", fails="40001").answers(500).run

    assert inconsistent([judged("POST /users, INSERT users, 40001", INSERTED, run)]) == {}
