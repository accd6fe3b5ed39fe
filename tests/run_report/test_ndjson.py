"""Records as lines: nothing in a text breaks them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from understudy.run_report.ndjson import events_from, plain, text_of
from understudy.run_report.records import Error, Run, Summary, Test, TestEvent

# Lone surrogates and NUL among them.
TEXTS = st.text(st.characters(categories=None))
ERRORS = st.none() | st.builds(Error, TEXTS, TEXTS)
EVENTS = st.builds(
    TestEvent,
    st.just("statement"),
    st.just(0.5),
    st.none(),
    st.just("call"),
    text=TEXTS,
    parameters=st.lists(st.none() | TEXTS, min_size=1),
    rows=st.none() | st.lists(st.lists(st.none() | TEXTS)),
    error=ERRORS,
    source=TEXTS,
)


@given(event=EVENTS, failure=TEXTS)
def test_any_text_survives(event: TestEvent, failure: str) -> None:
    test = Test("a", "failed", 1.0, "a.py:1", failure, [event])

    line = text_of([test])

    assert line.isascii()
    assert line.splitlines() == [line.removesuffix("\n")]
    read = json.loads(line)
    assert read["kind"] == "test"
    assert read.get("failure", "") == failure
    assert events_from(read["events"]) == [event]


def test_defaults_are_left_out_but_for_what_a_reader_needs() -> None:
    run = Run("1", "3.11", "9", "now", [], None)
    summary = Summary(1.0, {"passed": 1}, [])

    assert plain(run) == {
        "kind": "run",
        "version": 1,
        "understudy": "1",
        "python": "3.11",
        "pytest": "9",
        "started": "now",
        "arguments": [],
        "postgres": None,
    }
    assert plain(summary) == {
        "kind": "summary",
        "seconds": 1.0,
        "outcomes": {"passed": 1},
        "lines": [],
    }
