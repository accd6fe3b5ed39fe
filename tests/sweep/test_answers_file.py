"""The file of accepted answers, and what differs from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.catalog.description import Constraint
from understudy.script.boundary import CallId
from understudy.sweep.answers_file import BrokenFile, Key, merge, read, written
from understudy.sweep.faults import Fault
from understudy.sweep.oracle import Finding, Verdict
from understudy.sweep.outcome import assess
from understudy.sweep.plain import from_verdict, to_verdict
from understudy.sweep.plan import Place, Trial

HEAD = (
    "# How the app answers when a call to the database fails. Written by the fault sweep.\n"
    "# An edited line says how the app should answer; delete a line to have it written again.\n"
)
INSERT = Key("POST /users", "INSERT users", "23505")


def test_a_file_reads_as_it_was_written(tmp_path: Path) -> None:
    answers = {
        INSERT: frozenset({"409"}),
        Key("GET /a, b", "SELECT users", "drop"): frozenset({"503", "500"}),
        Key("src/x.py Users.create", "connect", "refused"): frozenset({"raises NotStored"}),
    }
    path = tmp_path / "faults"
    path.write_text(written(answers))

    assert path.read_text() == (
        f"{HEAD}"
        "GET /a, b, SELECT users, drop -> 500 or 503\n"
        "POST /users, INSERT users, 23505 -> 409\n"
        "src/x.py Users.create, connect, refused -> raises NotStored\n"
    )
    assert read(path) == answers


def test_no_file_is_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == {}


@pytest.mark.parametrize("answers", [{"409"}, {"409", "422"}])
def test_constraints_share_a_line_if_they_have_one_answer(
    answers: set[str], tmp_path: Path
) -> None:
    names = ["users_cpf_key", "users_email_key"]
    given = [frozenset({"409"}), frozenset({sorted(answers)[-1]})]
    keys = [Key("POST /users", "INSERT users", "23505", name) for name in names]

    text = written(dict(zip(keys, given, strict=True))).removeprefix(HEAD)

    assert text == (
        "POST /users, INSERT users, 23505 -> 409\n"
        if len(answers) == 1
        else "POST /users, INSERT users, 23505 users_cpf_key -> 409\n"
        "POST /users, INSERT users, 23505 users_email_key -> 422\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "<<<<<<< HEAD",
        "POST /users, INSERT users, 23505",
        "POST /users, 23505 -> 409",
        "a, b, 1 -> 2",
    ],
)
def test_a_line_that_is_not_understood(line: str, tmp_path: Path) -> None:
    path = tmp_path / "faults"
    path.write_text(f"{HEAD}{line}\n")

    with pytest.raises(BrokenFile) as caught:
        read(path)

    assert str(caught.value) == (
        f"{path}, line 3: {line!r} is not understood.\n"
        "A line reads: POST /users, INSERT users, 23505 -> 409\n"
        "The faults are: 57014, drop, 40001, 40P01, 23505, 23503, 23514, drop-after-commit, "
        "refused, 53300, 1317, 1213, 1205, 1062, 1452, 1451, 3819, 4025, 1048, 1040. "
        "Delete the line, and the next sweep writes it again."
    )


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match=r"cannot be read: .*Is a directory"):
        read(tmp_path)


def test_lines_are_pruned_and_added() -> None:
    other = Key("GET /", "SELECT users", "drop")

    merged = merge({INSERT: frozenset({"409"})}, {other: frozenset({"503"})}, prunes=[INSERT])

    assert merged == {other: frozenset({"503"})}


def verdict(
    outcome: str,
    *findings: Finding,
    fault: str = "40001",
    constraint: str = "",
    function: str = "create",
    is_request: bool = True,
) -> Verdict:
    of = Constraint(constraint, "users", "unique", ("email",)) if constraint else None
    call = CallId("POST /users #1", "statement", "INSERT", 1)
    subject = "POST /users" if is_request else "src/app.py create"
    place = Place("src/app.py", function, 7)
    trial = Trial(subject, is_request, "INSERT users", Fault(fault, of), place, "x", (("t", call),))
    return Verdict(trial, "t", call, outcome, findings)


def test_a_verdict_as_plain_values() -> None:
    whole = verdict("500", Finding("hang", "text", "remedy"), fault="23505", constraint="users_key")

    assert to_verdict(from_verdict(whole)) == whole


def test_what_an_error_of_mysql_names_is_kept() -> None:
    of = Constraint("users_key", "users", "unique", ("email",))
    fault = Fault("1062", of, (("key", "users_key"), ("value", "a-b")))
    whole = verdict("500")
    whole = replace(whole, trial=replace(whole.trial, fault=fault))

    kept = to_verdict(json.loads(json.dumps(from_verdict(whole)))).trial.fault

    assert kept.fields.message == "Duplicate entry 'a-b' for key 'users_key'"


def test_new_answers_are_taken() -> None:
    result = assess([verdict("503")], {}, is_locked=False)

    assert (result.findings, result.new) == (
        [],
        {Key("POST /users", "INSERT users", "40001"): frozenset({"503"})},
    )


def test_a_locked_file_takes_none() -> None:
    result = assess([verdict("503")], {}, is_locked=True)

    ((_, finding),) = result.findings
    assert (finding.rule, finding.text, finding.remedy) == (
        "not-accepted",
        "POST /users, INSERT users, 40001 -> 503 is not in the file",
        "Run the sweep without --understudy-locked, and commit the file.",
    )


def test_another_answer_than_the_accepted_one() -> None:
    known = {Key("POST /users", "INSERT users", "40001"): frozenset({"503"})}

    result = assess([verdict("500")], known, is_locked=False)

    ((_, finding),) = result.findings
    assert (finding.rule, finding.text, finding.remedy) == (
        "wrong-answer",
        "POST /users, INSERT users, 40001 -> 500, but the accepted answer is 503",
        "Correct the app, or the line of the file if the new answer is right.",
    )
    assert result.new == {}


def test_a_line_without_a_constraint_is_for_every_one() -> None:
    known = {Key("POST /users", "INSERT users", "23505"): frozenset({"409"})}
    verdicts = [verdict("409", fault="23505", constraint=name) for name in ("a_key", "b_key")]

    result = assess(verdicts, known, is_locked=True)

    assert (result.findings, result.new, result.stale) == ([], {}, [])


SWALLOWED = Finding("success-despite-error", "POST /users answered 201", "remedy")


def test_what_is_wrong_is_not_taken_as_an_answer() -> None:
    result = assess([verdict("201", SWALLOWED)], {}, is_locked=False)

    assert ([finding for _, finding in result.findings], result.new) == ([SWALLOWED], {})


def test_an_accepted_success_is_no_finding() -> None:
    known = {Key("POST /users", "INSERT users", "40001"): frozenset({"201"})}

    assert assess([verdict("201", SWALLOWED)], known, is_locked=True).findings == []


def test_no_line_accepts_a_hang() -> None:
    known = {Key("POST /users", "INSERT users", "40001"): frozenset({"hangs"})}
    hang = Finding("hang", "text", "remedy")

    result = assess([verdict("hangs", hang)], known, is_locked=True)

    assert [finding for _, finding in result.findings] == [hang]


def test_an_inconsistent_answer_is_a_finding_until_it_is_accepted() -> None:
    verdicts = [verdict("503"), verdict("500", fault="40P01")]
    accepted = {Key("POST /users", "INSERT users", "40P01"): frozenset({"500"})}

    found = [finding.rule for _, finding in assess(verdicts, {}, is_locked=False).findings]

    assert found == ["inconsistent-answer"]
    assert assess(verdicts, accepted, is_locked=False).findings == []


def test_two_call_sites_with_one_line_have_both_answers() -> None:
    verdicts = [verdict("503"), verdict("504", function="create_many")]

    result = assess(verdicts, {}, is_locked=False)

    assert list(result.new.values()) == [frozenset({"503", "504"})]


def test_lines_that_were_not_met() -> None:
    known = {Key("GET /gone", "SELECT users", "drop"): frozenset({"503"})}

    assert assess([verdict("503")], known, is_locked=False).stale == list(known)


def test_code_without_a_request_that_another_process_met_in_one() -> None:
    result = assess([verdict("raises X", is_request=False), verdict("503")], {}, is_locked=False)

    assert [key.subject for key in result.new] == ["POST /users"]


@pytest.mark.parametrize(
    ("accepted", "outcome", "is_right"),
    [
        ("fails", "raises Lost", True),
        ("raises Lost", "fails", True),
        ("raises Lost", "raises Taken", False),
        ("raises Lost", "passes", False),
        ("fails", "passes", False),
        ("passes", "fails", False),
        ("fails", "hangs", False),
    ],
)
def test_without_a_request_it_depends_on_the_tests_whether_an_assertion_fails(
    accepted: str, outcome: str, is_right: bool
) -> None:
    known = {Key("src/app.py create", "INSERT users", "40001"): frozenset({accepted})}

    result = assess([verdict(outcome, is_request=False)], known, is_locked=True)

    assert (result.findings == []) is is_right
