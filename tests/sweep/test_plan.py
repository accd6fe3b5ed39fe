"""Which faults are tried, at which calls, and in which test."""

from __future__ import annotations

import pytest

from understudy.mysql.error_fields import MysqlErrorFields
from understudy.sweep.faults import FAULTS, Fault, Schemas, UnknownFault, parse
from understudy.sweep.plan import Trial, plan
from understudy.sweep.violations import PostgresSchema

from .helpers import FACTS, INSERT, ORDER, SCHEMAS, SELECT, Recorder, Run

ALL = tuple(FAULTS)


def planned(run: Run, selected: tuple[str, ...] = ALL) -> list[str]:
    return [trial.line for trial in plan({"tests/test_a.py::test_a": run}, selected, SCHEMAS)]


def test_what_each_kind_of_call_can_meet() -> None:
    recorder = Recorder().begins("POST", "/users").asks("", kind="connect", tag="")
    recorder.opens().asks(SELECT, tag="SELECT 1").asks(INSERT, "a").commits().answers(201)

    assert planned(recorder.run) == [
        "POST /users, connect, refused",
        "POST /users, connect, 53300",
        "POST /users, BEGIN, drop",
        "POST /users, SELECT users, 57014",
        "POST /users, SELECT users, drop",
        "POST /users, INSERT users, 57014",
        "POST /users, INSERT users, drop",
        "POST /users, INSERT users, 40001",
        "POST /users, INSERT users, 40P01",
        "POST /users, INSERT users, 23505 users_email_key",
        "POST /users, COMMIT, drop",
        "POST /users, COMMIT, 40001",
        "POST /users, COMMIT, drop-after-commit",
    ]


def test_mysql_fails_with_errors_of_its_own() -> None:
    recorder = Recorder().begins("POST", "/users").asks("", kind="connect", tag="")
    recorder.opens().asks(SELECT, tag="SELECT 1").asks(INSERT, "a").commits().answers(201)
    for event in recorder.run.events:
        event.database = "mysql"

    assert planned(recorder.run) == [
        "POST /users, connect, refused",
        "POST /users, connect, 1040",
        "POST /users, BEGIN, drop",
        "POST /users, SELECT users, 1317",
        "POST /users, SELECT users, drop",
        "POST /users, INSERT users, 1317",
        "POST /users, INSERT users, drop",
        "POST /users, INSERT users, 1213",
        "POST /users, INSERT users, 1205",
        "POST /users, COMMIT, drop",
        "POST /users, COMMIT, drop-after-commit",
    ]


def test_the_words_of_mysql() -> None:
    fields = Fault("1213").fields

    assert isinstance(fields, MysqlErrorFields)
    assert (fields.code, fields.sqlstate) == (1213, "40001")
    assert fields.message == ("Deadlock found when trying to get lock; try restarting transaction")


def test_a_write_without_a_transaction_is_its_own_commit() -> None:
    run = Recorder().begins("POST", "/users").asks(INSERT, "a").answers(201).run

    assert "POST /users, INSERT users, drop-after-commit" in planned(run)


def test_a_commit_of_reads_fails_only_with_its_connection() -> None:
    run = Recorder().begins("GET", "/").opens().asks(SELECT, tag="SELECT 0").commits().answers(200)

    assert [line for line in planned(run.run) if "COMMIT" in line] == ["GET /, COMMIT, drop"]


@pytest.mark.parametrize(
    ("sql", "parameters", "expected"),
    [
        (INSERT, ["a"], ["23505 users_email_key"]),
        (INSERT, [None], []),
        (f"{INSERT} ON CONFLICT DO NOTHING", ["a"], []),
        (f"{INSERT} ON CONFLICT (email) DO NOTHING", ["a"], []),
        (f"{INSERT} ON CONFLICT (id) DO NOTHING", ["a"], ["23505 users_email_key"]),
        (
            "INSERT INTO users (id, email) VALUES ($1, $2)",
            [1, "a"],
            ["23505 users_email_key", "23505 users_pkey"],
        ),
        ("UPDATE users SET email = $1 WHERE id = 7", ["a"], ["23505 users_email_key"]),
        ("UPDATE users SET name = $1", ["a"], []),
        ("DELETE FROM users", [], []),
        (ORDER, [1], ["23514 orders_amount_check"]),
        (
            "INSERT INTO orders (user_id, amount) VALUES ($1, $2)",
            [7, 1],
            ["23503 orders_user_id_fkey", "23514 orders_amount_check"],
        ),
        (
            "INSERT INTO orders (user_id, amount) VALUES ($1, 1)",
            [None],
            ["23514 orders_amount_check"],
        ),
        (SELECT, [], []),
    ],
)
def test_only_constraints_that_the_statement_can_violate(
    sql: str, parameters: list[object], expected: list[str]
) -> None:
    run = Recorder().begins("POST", "/").asks(sql, *parameters).answers(201).run

    trials = plan({"test": run}, ("23505", "23503", "23514"), SCHEMAS)

    assert sorted(trial.fault.label for trial in trials) == expected


@pytest.mark.parametrize(
    ("restricting", "expected"),
    [((), []), (["orders_user_id_fkey"], ["23503 orders_user_id_fkey"])],
)
def test_a_row_that_others_refer_to(restricting: list[str], expected: list[str]) -> None:
    run = (
        Recorder().begins("DELETE", "/").asks("DELETE FROM users", tag="DELETE 1").answers(204).run
    )

    trials = plan(
        {"test": run}, ("23505", "23503", "23514"), Schemas(PostgresSchema(FACTS, restricting))
    )

    assert [trial.fault.label for trial in trials] == expected


def test_without_a_schema_no_constraint_is_violated() -> None:
    run = Recorder().begins("POST", "/").asks(INSERT, "a").answers(201).run

    assert {trial.fault.name for trial in plan({"test": run}, ALL)} == {
        "57014",
        "drop",
        "40001",
        "40P01",
        "drop-after-commit",
    }


def of_route(route: str, more: int = 0) -> Run:
    recorder = Recorder().begins("POST", route).asks(INSERT, "a").answers(201)
    for _ in range(more):
        recorder.asks("SELECT 1", is_drivers=True)
    return recorder.run


def test_a_fault_is_tried_once_for_all_tests_of_a_route() -> None:
    trials = plan({"b": of_route("/users"), "a": of_route("/users", more=1)}, ("40001",))

    (trial,) = trials
    assert [test for test, _ in trial.candidates] == ["b", "a"]  # the one with few calls first


def test_other_routes_to_the_same_call_come_last() -> None:
    runs = {"a": of_route("/users"), "b": of_route("/people")}

    trials = plan(runs, ("40001", "57014"))

    assert [trial.line for trial in trials] == [
        "POST /users, INSERT users, 57014",
        "POST /users, INSERT users, 40001",
        "POST /people, INSERT users, 57014",
        "POST /people, INSERT users, 40001",
    ]


def service(recorder: Recorder) -> Recorder:
    return recorder.asks(SELECT, tag="SELECT 1")


def test_code_without_a_request_is_named_by_its_function() -> None:
    trials = plan({"t.py::test_a": service(Recorder()).run}, ("57014",))

    assert [(trial.subject, trial.is_request) for trial in trials] == [
        ("tests/sweep/helpers.py Recorder.asks", False)
    ]


def test_the_tests_own_statements_are_left_alone() -> None:
    run = service(Recorder()).run

    assert plan({"t.py::asks[a-1]": run}, ("57014",)) == []


def test_what_a_request_meets_is_not_tried_without_one() -> None:
    with_request = Recorder().begins("GET", "/").asks(SELECT, tag="SELECT 1").answers(200).run

    trials = plan({"a": Recorder().asks(SELECT).run, "b": with_request}, ("57014",))

    assert [trial.subject for trial in trials] == ["GET /"]


def test_what_is_exempt() -> None:
    recorder = Recorder().asks(SELECT)  # beside the request, in a test that has one
    recorder.begins("GET", "/").asks(SELECT, is_drivers=True).asks(SELECT, fails="57014")
    request = recorder.request
    recorder.asks(SELECT, is_lost=True).answers(200)
    recorder.request = request
    recorder.asks(SELECT)  # after the response
    recorder.request = None
    for phase in ("setup", "teardown"):
        recorder.asks(SELECT)
        recorder.run.events[-1].phase = phase

    assert plan({"test": recorder.run}, ALL, SCHEMAS) == []


def test_the_last_turn_of_a_loop_is_tried() -> None:
    recorder = Recorder().begins("POST", "/users")
    for email in "abc":
        recorder.asks(INSERT, email)

    (trial,) = plan({"test": recorder.answers(201).run}, ("40001",))

    assert [call.nth for _, call in trial.candidates] == [3]


def test_each_commit_is_told_by_what_it_commits() -> None:
    def committing(*statements: str) -> Run:
        recorder = Recorder().begins("POST", "/").opens()
        for sql in statements:
            recorder.asks(sql, 1)
        return recorder.commits().answers(201).run

    runs = {"a": committing(INSERT), "b": committing(ORDER), "c": committing(INSERT)}
    trials: list[Trial] = plan(runs, ("drop-after-commit",))

    assert [trial.statement for trial in trials] == [f"commit {INSERT}", f"commit {ORDER}"]


def test_the_names_of_faults() -> None:
    assert parse("") == ALL
    assert parse(" 40001, drop ") == ("40001", "drop")
    with pytest.raises(UnknownFault) as caught:
        parse("40001,drop-after")
    assert str(caught.value) == (
        "'drop-after' is no fault of the sweep; did you mean 'drop-after-commit'?\n"
        "The faults are: 57014, drop, 40001, 40P01, 23505, 23503, 23514, drop-after-commit, "
        "refused, 53300, 1317, 1213, 1205, 1062, 1452, 1451, 3819, 4025, 1048, 1040."
    )
