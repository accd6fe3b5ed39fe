"""What a run of mutants showed, as the report and the JSON read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.mutate.kills import Kind
from understudy.mutate.mutants import Mutant
from understudy.mutate.statements import Statement

Outcome = Literal["killed", "timeout", "alive", "equivalent", "refused", "not reached", "not run"]
_KILLED: Sequence[Outcome] = ("killed", "timeout")


@dataclass
class Result:
    """What became of a mutant.

    Attributes:
        mutant: the mutant.
        outcome: "killed" if a test failed with it, "timeout" if a test took too long with it,
            "alive" if every test passed; "refused" is not run, and "equivalent" passed in few
            tests; "not reached" if no test sent the statement again, and "not run" if there was no
            time.
        reason: for "killed" the failure, for "refused" PostgreSQL's message, for "alive" why
            nothing could be told of its equivalence, if so.
        telling: the line that inserts a row which tells it from the original, or "".
        killed_by: the test that failed, or "".
        kind: whether the test's script or its assertions noticed it; None if it was not killed.
        tests: the number of tests that ran with it.
        seconds: how long they took.
    """

    mutant: Mutant
    outcome: Outcome = "not run"
    reason: str = ""
    telling: str = ""
    killed_by: str = ""
    kind: Kind | None = None
    tests: int = 0
    seconds: float = 0.0

    @property
    def is_killed(self) -> bool:
        """Whether a test notices it."""
        return self.outcome in _KILLED


@dataclass
class StatementResults:
    """What became of the mutants of a statement.

    Attributes:
        statement: the statement.
        results: of its mutants.
        is_judged: whether its mutants are known.
    """

    statement: Statement
    results: list[Result] = field(default_factory=list)
    is_judged: bool = False

    @property
    def killed(self) -> int:
        """How many a test notices."""
        return sum(result.is_killed for result in self.results)

    @property
    def alive(self) -> list[Result]:
        """Those that no test notices."""
        return [result for result in self.results if result.outcome == "alive"]

    @property
    def killable(self) -> int:
        """How many a test could notice, as far as they ran."""
        return self.killed + len(self.alive)

    @property
    def is_open(self) -> bool:
        """Whether some of them did not run, or were not sent again."""
        return any(result.outcome in ("not reached", "not run") for result in self.results)

    def count(self, outcome: Outcome) -> int:
        """Return how many have an outcome."""
        return sum(result.outcome == outcome for result in self.results)


@dataclass
class Results:
    """What became of all mutants.

    Attributes:
        statements: of each statement, in the order of the run.
        tests: how many tests ran.
        failed: the tests that did not pass without a mutant, and their error.
        left_out: the tests that passed and could not judge mutants, and why.
        without: how many tests passed and sent nothing to `fake_postgres` or `real_postgres`.
        seconds: of the recording run, and of everything.
        end: a sentence on why the run ended early; "" if it is complete.
        is_interrupted: whether that was Ctrl-C or SIGTERM.
        has_crashed: whether pytest did not come to its end.
    """

    statements: list[StatementResults]
    tests: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    without: int = 0
    recorded_in: float = 0.0
    seconds: float = 0.0
    end: str = ""
    is_interrupted: bool = False
    has_crashed: bool = False

    def all(self) -> Iterable[Result]:
        """Yield the result of every mutant."""
        for statement in self.statements:
            yield from statement.results

    def count(self, outcome: Outcome) -> int:
        """Return how many mutants have an outcome."""
        return sum(statement.count(outcome) for statement in self.statements)

    @property
    def killed(self) -> int:
        """How many mutants a test notices."""
        return sum(statement.killed for statement in self.statements)

    @property
    def killable(self) -> int:
        """How many mutants a test could notice, as far as they ran."""
        return self.killed + self.count("alive")

    @property
    def score(self) -> float:
        """The percentage of mutants that a test notices; 100 if there are none."""
        return 100 * self.killed / self.killable if self.killable else 100.0

    def count_swaps_once(self) -> None:
        """Forget all but one of the same swaps of columns in statements of one function.

        Code that puts a statement together in several ways has its list of columns once, and so has
        the mistake. One that a test notices stays, so that one such test is enough.
        """
        kept: dict[tuple[str, str, str], Result] = {}
        for statement in self.statements:
            for result in statement.results:
                for key in _swap(statement.statement, result.mutant):
                    if key not in kept or (result.is_killed and not kept[key].is_killed):
                        kept[key] = result
        for statement in self.statements:
            counted = []
            for result in statement.results:
                keys = _swap(statement.statement, result.mutant)
                if not keys or any(kept[key] is result for key in keys):
                    counted.append(result)
            statement.results = counted


def _swap(statement: Statement, mutant: Mutant) -> list[tuple[str, str, str]]:
    """Return what the same swaps have in common, for each function that sends the statement."""
    if not mutant.swaps_columns:
        return []
    return [(spot.path, spot.function, mutant.sentence) for spot in statement.spots]


class Collector:
    """Puts the answers of the runs together.

    Attributes:
        is_recorded: whether a run has told what the tests sent.
    """

    def __init__(self) -> None:
        self.is_recorded = False
        self.results = Results([])
        self._statements: dict[str, StatementResults] = {}
        self._mutants: dict[tuple[str, str], Result] = {}

    def add(self, answer: Mapping[str, Any]) -> StatementResults | None:
        """Add an answer; return the statement whose last mutant it told of."""
        kind = answer["kind"]
        if kind == "recorded":
            self._recorded(answer)
        elif kind == "judged":
            self._judged(answer)
        elif kind == "ran":
            result = self._mutants[answer["statement"], answer["sql"]]
            result.outcome, result.killed_by = answer["outcome"], answer["killed_by"]
            result.kind, result.tests = answer["how"], answer["tests"]
            result.seconds, result.reason = answer["seconds"], answer["reason"] or result.reason
        elif kind == "row":
            self._mutants[answer["statement"], answer["sql"]].telling = answer["row"]
        elif kind == "left out":
            self.results.left_out.update(answer["tests"])
        elif kind == "done":
            return self._statements[answer["statement"]]
        elif kind == "out of time":
            self.results.end = "The time was up before every mutant had run."
        return None

    def _recorded(self, answer: Mapping[str, Any]) -> None:
        self.is_recorded = True
        results = self.results
        results.tests, results.without = answer["tests"], answer["without"]
        results.recorded_in = answer["seconds"]
        results.failed.update(answer["failed"])
        results.left_out.update(answer["left out"])
        for one in answer["statements"]:
            # Each process records all tests, and a few may send other statements in each run.
            if one["sql"] not in self._statements:
                statement = StatementResults(Statement.read(one))
                self._statements[statement.statement.sql] = statement
                results.statements.append(statement)

    def _judged(self, answer: Mapping[str, Any]) -> None:
        statement = self._statements[answer["statement"]]
        statement.is_judged = True
        for mutant, verdict, reason, telling in answer["mutants"]:
            result = Result(Mutant(*mutant), reason=reason, telling=telling)
            if verdict in ("refused", "equivalent"):
                result.outcome = verdict
            statement.results.append(result)
            self._mutants[statement.statement.sql, result.mutant.sql] = result
