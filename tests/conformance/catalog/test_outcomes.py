"""What is said to be impossible of a success never happens when the statements run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import psycopg
import pytest
from psycopg.pq import DiagnosticField, ExecStatus

from tests.conformance.catalog.corpus import mutants, outcomes, statements
from tests.conformance.catalog.test_nullability import states
from understudy.catalog import outcome_checks
from understudy.catalog.answer_checks import impossible_success
from understudy.catalog.describer import Describer
from understudy.catalog.description import Description, Refusal

pytestmark = pytest.mark.slow

# For each parameter, values below, at and above the limits of the columns.
_VALUES = {
    "bigint": ("1", "2", "0", "4000000000"),
    "boolean": ("t", "f"),
    "character": ("pt", "ptx", "pt   "),
    "character varying": ("a-1", "x" * 20, "x" * 21, "x" * 20 + "   ", "y" * 150),
    "date": ("2023-05-01", "2030-01-01"),
    "integer": ("1", "2", "0", "99999999"),
    "integer[]": ("{1,2}", "{}"),
    "numeric": ("1", "99999999.994", "99999999.995", "-99999999.999", "1e20", "NaN", "Infinity"),
    "text": ("ana@x", "c", "x" * 101),
}
_OTHERS = {"mood": ("ok",), "money": ("1",), "uuid": ("00000000-0000-0000-0000-000000000000",)}
_NUMBERS = {"bigint": int, "integer": int, "smallint": int, "numeric": Decimal}


def test_nothing_that_happens_is_called_impossible(
    describer: Describer, connection: psycopg.Connection
) -> None:
    subjects = [*outcomes(), *statements(describer.major)]
    found = _held_against(describer, connection, subjects, everything=True)

    print(f"{len(subjects)} statements: {dict(sorted(found.items()))}")  # noqa: T201 # the figures of the proof
    # There is something to be proven, and the errors are those that PostgreSQL gives.
    assert found["bounded"] >= 60
    assert found["failed as said"] >= 60
    assert found["failed otherwise"] <= 0.3 * found["failed as said"]


@pytest.mark.slow
def test_nor_what_a_mutant_does(describer: Describer, connection: psycopg.Connection) -> None:
    subjects = list(dict.fromkeys(mutant for one in outcomes() for mutant in mutants(one)))
    connection.execute("SET statement_timeout = '200ms'")
    found = _held_against(describer, connection, subjects, everything=False)

    print(f"{len(subjects)} mutants: {dict(sorted(found.items()))}")  # noqa: T201 # the figures of the proof
    assert found["bounded"] >= 300


def _held_against(
    describer: Describer,
    connection: psycopg.Connection,
    subjects: Sequence[str],
    *,
    everything: bool,
) -> Counter[str]:
    """Run each statement in many ways; nothing that succeeds may have been called impossible."""
    counts: Counter[str] = Counter()
    wrong: list[tuple[Any, ...]] = []
    verdicts = describer.describe(subjects)
    for statement, refusal in zip(subjects, verdicts, strict=True):
        if isinstance(refusal, Refusal) and not refusal.sqlstate.startswith("42601"):
            nulls: list[str | None] = [None] * len(set(re.findall(r"\$\d+", statement)))
            _, sqlstate = _run(connection, [], statement, nulls)
            counts["refused"] += 1
            if sqlstate != refusal.sqlstate and "$9" not in statement:
                wrong.append((statement, refusal, sqlstate))
    kept = [
        (statement, verdict)
        for statement, verdict in zip(subjects, verdicts, strict=True)
        if isinstance(verdict, Description) and not outcome_checks.is_open(verdict)
    ]
    counts["bounded"] = len(kept)
    for state in states(connection) if everything else iter([[]]):
        for statement, verdict in kept:
            for texts in _values(verdict.parameters):
                given = [
                    _value(kind, text) for kind, text in zip(verdict.parameters, texts, strict=True)
                ]
                rows, sqlstate = _run(connection, state, statement, texts)
                if sqlstate is None:
                    if difference := impossible_success(verdict, given, rows, is_whole=True):
                        wrong.append((statement, texts, rows, difference.reason))
                    continue
                expected = outcome_checks.certain_failure(verdict, given, 1)
                if expected is not None:
                    same = expected[0].sqlstate == sqlstate
                    counts["failed as said" if same else "failed otherwise"] += 1
    assert wrong == []
    return counts


def _values(types: Sequence[str]) -> Iterator[list[str | None]]:
    """Yield each value of each parameter beside the first values of the others."""
    choices = [_VALUES.get(kind) or _OTHERS.get(kind, ("x",)) for kind in types]
    first: list[str | None] = [values[0] for values in choices]
    yield first
    for place, values in enumerate(choices):
        for value in (*values[1:], None):
            yield [*first[:place], value, *first[place + 1 :]]


def _value(kind: str, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return _NUMBERS.get(kind, str)(text)
    except (ValueError, InvalidOperation):
        return text


def _run(
    connection: psycopg.Connection, state: list[str], statement: str, values: list[str | None]
) -> tuple[int, str | None]:
    """Return how many rows a statement returned or changed, or the SQLSTATE of its error."""
    pgconn = connection.pgconn
    replica = "SET LOCAL session_replication_role = replica"
    prepared = [replica, *state, "SET LOCAL session_replication_role = origin"] if state else []
    pgconn.exec_(";".join(["BEGIN", *prepared]).encode())
    result = pgconn.exec_params(
        statement.encode(), [None if value is None else value.encode() for value in values]
    )
    pgconn.exec_(b"ROLLBACK")
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return 0, (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()
    return result.ntuples if result.nfields else int(result.command_tuples or 0), None
