"""A sweep from its first fault to its report, with reruns that are made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from understudy.script.boundary import CallId
from understudy.sweep.faults import Fault
from understudy.sweep.oracle import Finding, Verdict
from understudy.sweep.outcome import assess
from understudy.sweep.plan import plan
from understudy.sweep.report import Account, document, lines
from understudy.sweep.sweeper import Sweep

from .helpers import INSERT, SELECT, Recorder, Run, no_rules

FAULTS = ("57014", "40001")


def of_request(status: int = 201, **how: Any) -> Run:
    return Recorder().begins("POST", "/users").asks(INSERT, "a", **how).answers(status).run


def failing(test: str, call: CallId, fault: Fault, seconds: float) -> Run:
    return of_request(503, fails=fault.name)


@dataclass
class Rerunner:
    """Runs as a test describes them."""

    recorded: Mapping[str, Run]
    with_fault: Callable[[str, CallId, Fault, float], Run] = failing
    reasons: Mapping[str, str] = field(default_factory=dict)
    runs: list[tuple[str, str]] = field(default_factory=list)

    def normal(self, test: str) -> Run:
        return self.recorded[test]

    def control(self, test: str) -> str | None:
        return self.reasons.get(test)

    def settle(self, test: str) -> None:
        self.runs.append((test, "none"))

    def run(self, test: str, call: CallId, fault: Fault, seconds: float) -> Run:
        self.runs.append((test, fault.label))
        return self.with_fault(test, call, fault, seconds)


def swept(rerunner: Rerunner, **options: Any) -> Sweep:
    sweep = Sweep(plan(rerunner.recorded, FAULTS))
    given: dict[str, Any] = {"known": {}, "budget": None, "progress": lambda sweep: None}
    sweep.run(rerunner, no_rules, **{**given, **options})
    return sweep


def outcomes(sweep: Sweep) -> list[tuple[str, str]]:
    return [(verdict.trial.fault.label, verdict.outcome) for verdict in sweep.verdicts]


def test_each_fault_once() -> None:
    rerunner = Rerunner({"a": of_request()})

    sweep = swept(rerunner)

    assert outcomes(sweep) == [("57014", "503"), ("40001", "503")]
    assert rerunner.runs == [("a", "57014"), ("a", "40001")]
    assert (sweep.done, sweep.ended_by) == (2, None)


def test_another_test_stands_in_for_one_that_cannot_be_judged() -> None:
    rerunner = Rerunner({"a": of_request(), "b": of_request()}, reasons={"a": "it failed"})

    sweep = swept(rerunner)

    assert rerunner.runs == [("b", "57014"), ("b", "40001")]
    assert sweep.left_out == {"a": "it failed"}


def test_a_call_that_is_not_made_again() -> None:
    def unreached(*_: Any) -> Run:
        run = of_request()
        run.has_fired = False
        return run

    sweep = swept(Rerunner({"a": of_request()}, unreached))

    assert (sweep.verdicts, len(sweep.unreached), sweep.done) == ([], 2, 2)


def hanging(*_: Any) -> Run:
    run = Recorder().begins("POST", "/users").asks(INSERT, "a", is_lost=True).run
    run.is_timeout = True
    return run


def test_what_is_found_has_to_happen_twice() -> None:
    rerunner = Rerunner({"a": of_request()}, hanging)

    sweep = swept(rerunner)

    assert [finding.rule for each in sweep.verdicts for finding in each.findings] == ["hang"] * 2
    assert len(rerunner.runs) == 4


def of_connect() -> Run:
    recorder = Recorder().begins("POST", "/users").asks("", kind="connect", tag="")
    return recorder.asks(INSERT, "a").answers(201).run


def refused(status: int) -> Run:
    recorder = Recorder().begins("POST", "/users").asks("", kind="connect", is_lost=True)
    run = recorder.answers(status).run
    run.is_timeout = status == 504
    return run


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ([201, 201], "201"),
        ([201, 503, 503], "503"),
        ([201, 503, 201], "201"),
        ([201, 503, 504], None),  # swallowed, fine, hangs
    ],
)
def test_what_happens_once_is_not_told(statuses: list[int], outcome: str | None) -> None:
    rerunner = Rerunner({"a": of_connect()}, lambda *_: refused(statuses.pop(0)))
    sweep = Sweep(plan(rerunner.recorded, ("refused",)))
    sweep.run(rerunner, no_rules, known={}, budget=None, progress=lambda sweep: None)

    assert [verdict.outcome for verdict in sweep.verdicts] == ([outcome] if outcome else [])
    assert len(sweep.unsteady) == (outcome is None)


def test_the_time_that_a_run_may_take() -> None:
    slow = of_request()
    slow.seconds = 3.0
    limits: list[float] = []

    def noting(test: str, call: CallId, fault: Fault, seconds: float) -> Run:
        limits.append(seconds)
        return failing(test, call, fault, seconds)

    swept(Rerunner({"a": of_request()}, noting))
    swept(Rerunner({"a": slow}, noting))

    assert limits == [5.0, 5.0, 15.0, 15.0]


def test_no_time_is_left() -> None:
    sweep = swept(Rerunner({"a": of_request()}), budget=0.0)

    assert (sweep.verdicts, sweep.ended_by) == ([], "time")


def test_it_goes_on_where_the_last_one_ended() -> None:
    rerunner = Rerunner({"a": of_request()})
    first = swept(rerunner).verdicts[0]
    rerunner.runs.clear()

    sweep = swept(rerunner, known={first.trial.key: first})

    assert outcomes(sweep) == [("57014", "503"), ("40001", "503")]
    assert (rerunner.runs, sweep.resumed) == ([("a", "40001")], 1)


def test_ctrl_c_keeps_what_was_tried() -> None:
    def interrupted(test: str, call: CallId, fault: Fault, seconds: float) -> Run:
        if fault.name == "40001":
            raise KeyboardInterrupt
        return failing(test, call, fault, seconds)

    sweep = Sweep(plan({"a": of_request()}, FAULTS))
    with pytest.raises(KeyboardInterrupt):
        sweep.run(
            Rerunner({"a": of_request()}, interrupted),
            no_rules,
            known={},
            budget=None,
            progress=lambda sweep: None,
        )

    assert (outcomes(sweep), sweep.ended_by) == ([("57014", "503")], "interrupt")


# The report ---------------------------------------------------------------------------------------


def report(verdicts: list[Verdict], account: Account, **options: Any) -> str:
    result = assess(verdicts, {}, is_locked=False)
    given: dict[str, Any] = {"saved": "", "verbose": False}
    text = "\n".join(lines(result, account, "tests/understudy-faults", **{**given, **options}))
    return text + "\n"


def test_a_report_without_findings() -> None:
    sweep = swept(Rerunner({"a": of_request()}))

    assert report(sweep.verdicts, Account(2, 1, seconds=0.4), saved="2 answers added") == (
        "2 faults of 2 at 1 call in 0.40s: 2 x 503\n"
        "tests/understudy-faults: 2 answers added\n"
        "Nothing is wrong with the answers.\n"
    )


def swallowed() -> list[Verdict]:
    rule = Finding(
        "success-despite-error",
        "POST /users answered 201 although a statement failed: text (57014)\n  failed at: a.py:7",
        "Answer with an error, or retry.",
    )
    sweep = swept(Rerunner({"tests/test_a.py::test_a": of_request()}))
    return [Verdict(each.trial, each.test, each.call, "201", (rule,)) for each in sweep.verdicts]


def test_a_report_with_findings() -> None:
    place = swallowed()[0].trial.place
    line = "POST /users, INSERT users, 57014 -> 201"

    assert report(swallowed(), Account(2, 1, seconds=0.4)) == (
        "2 faults of 2 at 1 call in 0.40s: 2 x 201\n"
        "1 finding:\n"
        "\n"
        "success-despite-error: POST /users answered 201 although a statement failed: text "
        "(57014)\n"
        "      failed at: a.py:7\n"
        "    Answer with an error, or retry.\n"
        "    also with: INSERT users, 40001\n"
        f"    at: {place}\n"
        "    test: tests/test_a.py::test_a\n"
        f"    to accept it, add to tests/understudy-faults: {line}\n"
    )


def test_a_report_of_what_was_left_out() -> None:
    account = Account(
        planned=9,
        calls=3,
        seconds=60.0,
        ended_by="time",
        resumed=1,
        unreached=["POST /users, COMMIT, drop"],
        unsteady=["POST /users, BEGIN, drop"],
        left_out={f"tests/test_a.py::test_{n}": "it failed" for n in range(4)},
    )

    assert report([], account) == (
        "0 faults of 9 at 3 calls in 60.00s\n"
        "The time is up: the next sweep goes on with the other 9.\n"
        "1 of them was tried by an earlier sweep that did not finish.\n"
        "No fault was tried: the answers are unknown.\n"
        "1 fault left out: its call was not made again in the rerun\n"
        "1 fault left out: it had another result when it was repeated, so nothing is said of it\n"
        "4 tests left out: it failed\n"
        "    tests/test_a.py::test_0\n"
        "    tests/test_a.py::test_1\n"
        "    tests/test_a.py::test_2\n"
        "    and 1 more (-v lists them)\n"
    )
    assert "    POST /users, COMMIT, drop\n" in report([], account, verbose=True)


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        (
            {},
            "There is nothing to sweep: no test sends a statement to fake_postgres, "
            "real_postgres, fake_mysql or real_mysql, in a request or in its body.\n",
        ),
        (
            {"t": "it failed"},
            "There is nothing to sweep: no test could be run again.\n"
            "1 test left out: it failed\n    t\n",
        ),
    ],
)
def test_a_report_of_nothing(left_out: dict[str, str], expected: str) -> None:
    assert report([], Account(left_out=left_out)) == expected


def test_a_report_for_programs() -> None:
    verdicts = swallowed()[:1]
    result = assess(verdicts, {}, is_locked=False)

    found = document(result, Account(2, 1, seconds=0.4), "tests/understudy-faults")

    place = verdicts[0].trial.place
    where = {
        "subject": "POST /users",
        "call": "INSERT users",
        "fault": "57014",
        "answer": "201",
        "path": place.path,
        "line": place.line,
        "function": place.function,
        "test": "tests/test_a.py::test_a",
    }
    (finding,) = found["findings"]
    assert finding["rule"] == "success-despite-error"
    assert {key: finding[key] for key in where} == where
    assert found["answers"] == [{**where, "statement": f"statement {INSERT}"}]
    assert (found["planned"], found["ended_by"], found["new"], found["stale"]) == (2, None, [], [])


def test_reads_are_swept_too() -> None:
    run = Recorder().begins("GET", "/users").asks(SELECT, tag="SELECT 1").answers(200).run

    def with_fault(test: str, call: CallId, fault: Fault, seconds: float) -> Run:
        asked = Recorder().begins("GET", "/users").asks(SELECT, fails=fault.name)
        return asked.answers(504).run

    assert outcomes(swept(Rerunner({"a": run}, with_fault))) == [("57014", "504")]
