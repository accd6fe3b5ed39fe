"""What the HTML report shows, as one JSON document: figures, indexes, and compact events.

A run repeats itself: the same statement on the same line, the same values. So each text is in the
document once, in `strings`, and so is what the occurrences of an event have in common, in `shapes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from textwrap import dedent
from typing import Any

from understudy.pg import sql
from understudy.run_report.records import Record, Run, Statement, Summary, Test, TestEvent

_FIRST = ("failed", "error")  # the outcomes of the tests that the page shows first
_WHOLE = 50  # tests that failed and are whole in a page that would be too large
_HEADLINE = 12  # lines of a failure that are shown at once


class _Numbers(dict[Any, int]):
    """Numbers for values, in the order in which they are first asked for; None has 0."""

    def __init__(self) -> None:
        super().__init__({None: 0})

    def __missing__(self, value: Any) -> int:
        self[value] = number = len(self)
        return number


def document(records: Sequence[Record], *, is_cut: bool = False) -> dict[str, Any]:
    """Return what the page shows.

    Args:
        records: of a whole run, the `Run` and the `Summary` included.
        is_cut: whether only the first tests that failed are whole. The others have no rows, and of
            their failure the headline.

    Raises:
        ValueError: The records have no `Run` or no `Summary`.
    """
    runs = [record for record in records if isinstance(record, Run)]
    summaries = [record for record in records if isinstance(record, Summary)]
    if not runs or not summaries:
        raise ValueError("The records of a run begin with a Run and end with a Summary.")
    tests = [record for record in records if isinstance(record, Test)]
    tests.sort(key=lambda test: test.outcome not in _FIRST)
    statements = [record for record in records if isinstance(record, Statement)]
    statements.sort(key=lambda statement: statement.verdict != "refused")
    strings, shapes = _Numbers(), _Numbers()
    packed = [
        _test(test, strings, shapes, not is_cut or (test.outcome in _FIRST and number < _WHOLE))
        for number, test in enumerate(tests)
    ]
    for test, key in zip(packed, _keys(tests), strict=True):
        test["key"] = key
    senders = _senders(tests)
    mutants = _mutants(summaries[0].mutants)
    return {
        "run": asdict(runs[0]),
        "summary": {
            **asdict(replace(summaries[0], mutants=None)),
            "outcomes": dict(sorted(summaries[0].outcomes.items(), key=_rank)),
        },
        "review": _review(summaries[0].checklist),
        "is_cut": is_cut,
        "tests": packed,
        "statements": [
            _statement(statement, senders.get(statement.id, []), mutants)
            for statement in statements
        ],
        "tables": _tables(statements, senders),
        "shapes": [shape and _shape(shape, strings) for shape in shapes],
        "strings": list(strings),
    }


def _rank(outcome: tuple[str, int]) -> int:
    return _FIRST.index(outcome[0]) if outcome[0] in _FIRST else len(_FIRST)


def headline(failure: str) -> str:
    """Return the lines of a failure that say what went wrong.

    These are the lines that pytest marks with an E, each part after the line of source that it
    marks with `>`. Of a chain of exceptions they are the first and the last part. A failure without
    such marks is a report in words, which begins with what went wrong.
    """
    lines = failure.splitlines()
    parts = list(_marked(lines))
    if not parts:
        return _dedented(lines)
    shown = parts if len(parts) < 3 else [parts[0], parts[-1]]
    return "\n".join(
        "\n".join([*([f"> {source}"] if source else []), _dedented(reasons)])
        for source, reasons in shown
    )


def _marked(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the parts of a failure that are marked with an E, with the source before each."""
    source = ""
    for mark, group in groupby(lines, key=lambda line: line[:3]):
        part = [line[1:] for line in group]
        if mark == "E  ":
            yield source, part
        source = part[-1].strip() if mark == ">  " else ""


def _dedented(lines: Sequence[str]) -> str:
    return dedent("\n".join(lines[:_HEADLINE])).strip("\n")


def _review(modules: Sequence[Mapping[str, Any]]) -> str:
    """Return the last line of `understudy review`."""
    count = Counter(item["state"] for module in modules for item in module["items"])
    figures = f"{count['ok']} fulfilled, {count['not ok']} not, {count['cannot tell']} undecided"
    return figures if modules else ""


def _keys(tests: Iterable[Test]) -> list[str]:
    """Return the name of each test in links; a test that ran again has a number after it."""
    times: Counter[str] = Counter()
    keys = []
    for test in tests:
        times[test.id] += 1
        keys.append(test.id if times[test.id] == 1 else f"{test.id} ({times[test.id]})")
    return keys


def _test(test: Test, strings: _Numbers, shapes: _Numbers, is_whole: bool) -> dict[str, Any]:
    kinds = Counter(event.type for event in test.events)
    transactions = {
        (event.connection, event.transaction): event.type
        for event in test.events
        if event.transaction is not None  # the last event of each ends it
    }
    found = headline(test.failure)
    packed = {
        "id": test.id,
        "outcome": test.outcome,
        "seconds": round(test.seconds, 4),
        "place": test.place,
        "failure": test.failure if is_whole else found,
        "headline": found,
        "requests": kinds["request"],
        "statements": kinds["statement"],
        "transactions": len(transactions),
        "rolled_back": sum(end == "rollback" for end in transactions.values()),
        "errors": sum(event.error is not None for event in test.events),
        "faults": sum(bool(event.fault) for event in test.events),
        "events": [_event(event, strings, shapes, is_whole) for event in test.events],
        "left_out": test.left_out,
        "isolation": test.isolation,
        "unseen": test.unseen,
    }
    return {key: value for key, value in packed.items() if value or key in ("events", "id")}


def _event(event: TestEvent, strings: _Numbers, shapes: _Numbers, has_rows: bool) -> list[Any]:
    """Return the number of the event's shape, and what is its own; times in microseconds."""
    shape = (
        event.type,
        event.phase,
        event.server,
        event.statement,
        event.text,
        tuple(event.columns),
        event.tag,
        event.status,
        event.error,
        event.fault,
        event.place,
        event.function,
        event.source,
        event.rule,
        event.exception,
        event.is_many,
    )
    own = [
        shapes[shape],
        round(event.at * 1e6),
        None if event.seconds is None else round(event.seconds * 1e6),
        event.connection,
        event.request,
        event.transaction,
        event.count,
        [strings[value] for value in event.parameters] or None,
        [[strings[value] for value in row] for row in event.rows or ()] if has_rows else None,
    ]
    while not own[-1] and own[-1] != 0:
        own.pop()
    return own


def _shape(shape: Sequence[Any], strings: _Numbers) -> list[Any]:
    type_, phase, server, statement, text, columns, tag, status, error, *texts, is_many = shape
    return [
        *(strings[name] for name in (type_, phase, server)),
        statement,
        strings[text or None],
        [strings[column] for column in columns],
        strings[tag],
        status,
        *(strings[text] for text in (error and error.sqlstate, error and error.message)),
        *(strings[text or None] for text in texts),
        int(is_many),
    ]


def _senders(tests: Sequence[Test]) -> dict[int, list[tuple[int, int]]]:
    """Return for each statement the positions of the tests that sent it, and how often."""
    senders: dict[int, list[tuple[int, int]]] = {}
    for position, test in enumerate(tests):
        sent = Counter(event.statement for event in test.events if event.statement is not None)
        for statement, times in sent.items():
            senders.setdefault(statement, []).append((position, times))
    return senders


def _statement(
    statement: Statement,
    senders: Sequence[tuple[int, int]],
    mutants: Mapping[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    found = asdict(statement)
    del found["kind"]
    return {
        **found,
        "line": sql.one_line(statement.sql),
        "tests": [position for position, _ in senders],
        "sent": sum(times for _, times in senders),
        "mutants": _judged(mutants.get(sql.spelled(statement.sql), [])),
    }


def _mutants(report: Mapping[str, Any] | None) -> dict[str, list[dict[str, Any]]]:
    """Return the mutants in the JSON of `understudy mutate`, by the statement they change."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in (report or {}).get("files", {}).values():
        for mutant in file["mutants"]:
            # Other programs write this format, too, and say nothing of the statement.
            found.setdefault(sql.spelled(mutant.get("statement", "")), []).append(mutant)
    return found


def _judged(mutants: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what became of the mutants of a statement; None if it has not been looked at."""
    shown = [
        {
            "change": mutant.get("description", mutant["mutatorName"]),
            "status": mutant["status"],
            "reason": mutant.get("statusReason", ""),
            "killed_by": mutant.get("killedBy", []),
        }
        for mutant in mutants
    ]
    count = Counter(mutant["status"] for mutant in mutants)
    figures = {"killed": count["Killed"] + count["Timeout"], "alive": count["Survived"]}
    return {**figures, "mutants": shown} if shown else None


def _tables(
    statements: Sequence[Statement], senders: Mapping[int, Sequence[tuple[int, int]]]
) -> list[dict[str, Any]]:
    """Return for each table the statements and the tests that read and write it."""
    names = {name for statement in statements for name in (*statement.reads, *statement.writes)}
    tables = []
    for name in sorted(names):
        table: dict[str, Any] = {"name": name}
        for kind, tests in (("reads", "readers"), ("writes", "writers")):
            using = [statement.id for statement in statements if name in getattr(statement, kind)]
            table[kind] = using
            table[tests] = sorted({test for one in using for test, _ in senders.get(one, ())})
        tables.append(table)
    return tables
