"""The figures and indexes of the page, and that its compact events say what the records say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tests.run_report import sample_run
from understudy.review import output
from understudy.run_report.page_data import document, headline
from understudy.run_report.records import Record, Summary, Test, TestEvent


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    return document(sample_run.small())


def statement(data: dict[str, Any], number: int) -> dict[str, Any]:
    return next(one for one in data["statements"] if one["id"] == number)


def test_failed_tests_come_first_and_the_others_in_their_order(small: dict[str, Any]) -> None:
    assert [test["id"].partition("::")[2] for test in small["tests"]] == [
        "test_a_taken_address_is_a_conflict",
        "test_orders_of_a_user",
        "TestTotals::test_sums[eur]",
        "test_smtp",
        "test_later",
    ]


def test_the_figures_of_a_test_count_its_events(small: dict[str, Any]) -> None:
    figures = ("requests", "statements", "transactions", "rolled_back", "errors", "faults")

    assert [small["tests"][0][name] for name in figures] == [2, 4, 2, 1, 1, 1]


def test_a_refused_statement_comes_first(small: dict[str, Any]) -> None:
    assert [one["id"] for one in small["statements"]] == [4, 1, 2, 3]


def test_a_statement_lists_the_tests_that_sent_it(small: dict[str, Any]) -> None:
    assert (statement(small, 2)["sent"], statement(small, 2)["tests"]) == (2, [0])
    assert (statement(small, 4)["sent"], statement(small, 4)["tests"]) == (1, [1])


def test_a_statement_has_the_mutants_of_its_text(small: dict[str, Any]) -> None:
    found = statement(small, 1)["mutants"]

    assert (found["killed"], found["alive"]) == (1, 1)
    assert [(mutant["change"], mutant["status"]) for mutant in found["mutants"]] == [
        ("SELECT without WHERE", "Survived"),
        ("<> instead of =", "Killed"),
    ]
    assert statement(small, 2)["mutants"] is None


def test_a_table_lists_who_reads_and_writes_it(small: dict[str, Any]) -> None:
    assert small["tables"] == [
        {"name": "audit", "reads": [], "readers": [], "writes": [3], "writers": [0]},
        {"name": "orders", "reads": [4], "readers": [1], "writes": [], "writers": []},
        {"name": "users", "reads": [4, 1], "readers": [0, 1], "writes": [2], "writers": [0]},
    ]


def test_the_summary_has_the_lines_of_the_terminal(small: dict[str, Any]) -> None:
    summary = sample_run.small()[-1]

    assert isinstance(summary, Summary)
    assert small["summary"]["lines"] == summary.lines
    assert small["summary"]["outcomes"] == summary.outcomes


def test_failures_are_counted_first() -> None:
    summary = replace(sample_run.summary(), outcomes={"passed": 3, "error": 1, "failed": 2})

    data = document([sample_run.run(), summary])

    assert list(data["summary"]["outcomes"].items()) == [("failed", 2), ("error", 1), ("passed", 3)]


def test_the_review_has_the_last_line_of_the_terminal(small: dict[str, Any]) -> None:
    lines = output.text(
        sample_run.reviews(), fancy=True, whole=False, paint=lambda state, text: text
    )

    assert small["review"] == list(lines)[-1]


def records_of(*tests: Test) -> list[Record]:
    return [sample_run.run(), *sample_run.users(), *tests, sample_run.summary()]


def unpacked(data: dict[str, Any], packed: list[Any]) -> TestEvent:
    """An event of the document, as the page reads it."""
    own = dict(enumerate(packed))
    shape, text = data["shapes"][packed[0]], data["strings"].__getitem__
    state, message = map(text, shape[8:10])
    fault, place, function, source, rule, exception = (text(n) or "" for n in shape[10:16])
    return TestEvent(
        type=text(shape[0]),
        at=packed[1] / 1e6,
        seconds=None if own.get(2) is None else packed[2] / 1e6,
        phase=text(shape[1]),
        server=text(shape[2]),
        connection=own.get(3),
        request=own.get(4),
        transaction=own.get(5),
        statement=shape[3],
        text=text(shape[4]) or "",
        parameters=tuple(map(text, own.get(7) or ())),
        columns=tuple(map(text, shape[5])),
        rows=tuple(tuple(map(text, row)) for row in own[8]) if own.get(8) else None,
        count=own.get(6),
        tag=text(shape[6]),
        status=shape[7],
        error=None
        if message is None
        else replace(sample_run.ADDRESS_TAKEN, sqlstate=state, message=message),
        fault=fault,
        place=place,
        function=function,
        source=source,
        rule=rule,
        exception=exception,
        is_many=bool(shape[16]),
    )


def test_compact_events_say_what_the_records_say() -> None:
    data = document(records_of(sample_run.failing_test()))

    events = [unpacked(data, packed) for packed in data["tests"][0]["events"]]

    assert events == sample_run.failing_test().events


def test_a_zero_is_not_an_unknown() -> None:
    event = TestEvent("statement", 0.0, 0.0, "call", "fakes", 0, 0, 0, 1, count=0)
    test = Test("t", "passed", 0.0, "t.py:1", events=[event])

    data = document(records_of(test))

    assert unpacked(data, data["tests"][0]["events"][0]) == event


def test_a_cut_page_has_the_rows_of_tests_that_failed() -> None:
    failed = sample_run.failing_test()
    passed = replace(failed, id="other", outcome="passed", failure="")

    data = document(records_of(failed, passed), is_cut=True)

    rows = [sum(len(event) > 8 for event in test["events"]) for test in data["tests"]]
    assert rows == [2, 0]
    assert data["is_cut"]


def test_a_cut_page_has_the_whole_failures_of_the_first_fifty() -> None:
    failed = sample_run.failing_test()

    data = document(records_of(*[failed] * 51), is_cut=True)

    assert [test["failure"] for test in data["tests"]] == [
        *[failed.failure] * 50,
        headline(failed.failure),
    ]


def test_each_run_of_a_repeated_test_has_a_link_of_its_own() -> None:
    test = Test("t.py::test_flaky", "passed", 0.0, "t.py:1")

    data = document(records_of(replace(test, outcome="failed"), test))

    assert [test["key"] for test in data["tests"]] == ["t.py::test_flaky", "t.py::test_flaky (2)"]


def test_records_without_a_summary_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^The records of a run begin with a Run and end with a Summary\.$"
    ):
        document([sample_run.run()])


def test_the_headline_of_an_assertion_is_its_line_and_what_pytest_says() -> None:
    assert headline(sample_run.FAILURE) == (
        "> assert response.status_code == 409\n"
        "assert 500 == 409\n"
        " +  where 500 = <Response [500 Internal Server Error]>.status_code"
    )


def test_the_headline_of_a_chain_is_its_first_and_its_last_exception() -> None:
    failure = """\
    def read(self):
>       return self.rows()
E       KeyError: 'id'

app/rows.py:3: KeyError

The above exception was the direct cause of the following exception:

>   raise Second from error
E   Second

The above exception was the direct cause of the following exception:

        try:
            read()
        except KeyError as error:
>           raise NotFound("no row") from error
E           NotFound: no row
E             of 3

app/dao.py:9: NotFound"""

    assert headline(failure) == (
        "> return self.rows()\n"
        "KeyError: 'id'\n"
        '> raise NotFound("no row") from error\n'
        "NotFound: no row\n"
        "  of 3"
    )


def test_the_headline_of_a_report_in_words_is_its_beginning() -> None:
    report = "\n".join(f"line {number}" for number in range(20))

    assert headline(report) == "\n".join(f"line {number}" for number in range(12))


def test_outcomes_are_counted_as_the_records_have_them(small: dict[str, Any]) -> None:
    tests = [record for record in sample_run.small() if isinstance(record, Test)]

    assert Counter(test["outcome"] for test in small["tests"]) == Counter(t.outcome for t in tests)
