"""The records of a run, made of what was recorded of each test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from understudy.catalog.description import Verdict
from understudy.pg import sql
from understudy.run_report.records import Statement, Summary, Test, TestEvent
from understudy.run_report.redaction import Redaction
from understudy.run_report.statements import described

VerdictOn = Callable[[str], Verdict | None]


@dataclass
class Finished:
    """A test that is over.

    Attributes:
        order: its place among the tests of the run.
        test: its record; the `statement` of an event is an index of `statements`.
        statements: the texts of its statements.
    """

    order: int
    test: Test
    statements: Sequence[str] = ()


@dataclass
class _Known:
    """A statement of the run.

    Attributes:
        id: from 1.
        text: as it was first sent.
        is_executed: whether a real server has executed it.
        places: where it was sent.
    """

    id: int
    text: str
    is_executed: bool = False
    places: dict[str, None] = field(default_factory=dict)


class Assembly:
    """Joins the tests of a run.

    Args:
        verdict_on: returns what PostgreSQL says of a statement; None if unknown.
        redaction: hides the values of columns.
        longest: the most characters of a value.
        conditions: what coverage of SQL says of statements, by their spelling.
    """

    def __init__(
        self,
        verdict_on: VerdictOn,
        redaction: Redaction,
        longest: int,
        conditions: Mapping[str, Sequence[str]],
    ) -> None:
        self._verdict_on = verdict_on
        self._redaction = redaction
        self._longest = longest
        self._conditions = conditions
        self._known: dict[str, _Known] = {}

    def records(self, finished: Sequence[Finished]) -> list[Statement | Test]:
        """Return the statements and the tests of a run, in the order of the tests."""
        ordered = sorted(finished, key=lambda one: (one.order, one.test.id))
        for one in ordered:
            self._redaction.learn(one.test, dict(enumerate(one.statements)), self._verdict_on)
        tests = [self.test(one) for one in ordered]
        return [*self.statements(), *tests]

    def statements(self) -> list[Statement]:
        """Return the statements of the tests so far."""
        return [self._statement(name, known) for name, known in self._known.items()]

    def _statement(self, name: str, known: _Known) -> Statement:
        verdict = self._verdict_on(known.text)
        statement = described(
            Statement(
                known.id,
                known.text,
                "checked" if known.is_executed else "unchecked",
                conditions=list(self._conditions.get(name, ())),
                places=list(known.places),
            ),
            verdict,
        )
        return self._redaction.statement(statement, verdict)

    def summary(self, summary: Summary) -> Summary:
        """Return the end of the run without hidden values of its tests; call it after `records`."""
        return replace(
            summary,
            lines=self._redaction.plain(summary.lines),
            checklist=self._redaction.plain(summary.checklist),
            mutants=self._redaction.plain(summary.mutants),
        )

    def test(self, finished: Finished) -> Test:
        """Return the record of a test, whose statements have their final numbers."""
        texts = dict(enumerate(finished.statements))
        test = self._redaction.test(finished.test, texts, self._verdict_on)
        known = [self._note(text) for text in finished.statements]
        return replace(test, events=[self._final(event, known) for event in test.events])

    def _note(self, text: str) -> _Known:
        return self._known.setdefault(sql.spelled(text), _Known(len(self._known) + 1, text))

    def _final(self, event: TestEvent, known: Sequence[_Known]) -> TestEvent:
        if event.statement is None:
            return event
        statement = known[event.statement]
        is_real = event.server == "real_postgres" and not event.rule
        statement.is_executed |= is_real and event.tag is not None
        if event.place:
            statement.places[event.place] = None
        rows = event.rows
        return replace(
            event,
            statement=statement.id,
            parameters=[self._cut(value) for value in event.parameters],
            rows=None if rows is None else [[self._cut(value) for value in row] for row in rows],
        )

    def _cut(self, value: str | None) -> str | None:
        if value is None or len(value) <= self._longest:
            return value
        return f"{value[: self._longest]} ... ({len(value):,} characters)"
