"""In the child pytest: record what the tests send, then run them again with mutants.

Everything is answered as soon as it is known (project/pytest_process.py), so that an interrupted
run has answered in part.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

from understudy.mutate.judge import Judge
from understudy.mutate.kills import kind
from understudy.mutate.mutants import Mutant
from understudy.mutate.mysql_judge import MysqlJudge
from understudy.mutate.mysql_statements import as_sent, readable
from understudy.mutate.results import Outcome
from understudy.mutate.selection import Selection
from understudy.mutate.statements import Ran, Sender, Statement, sent
from understudy.rerun import Reruns, Run
from understudy.script.boundary import Change, Event, Replace

Say = Callable[[Mapping[str, object]], None]

_BATCH = 12  # statements that are judged together
_FEW = 3  # tests in which a mutant runs that is probably equivalent


class MutationRun:
    """The part of one process.

    Args:
        reruns: the tests that ran, to be run again.
        selection: the statements that are wanted.
        judge: makes mutants, and tells of them what no test needs to run for.
        say: sends an answer to the parent.
        claims: a folder that all processes of a run share. Each statement is for the one that
            makes its file there.
        seconds: the time for all mutants; None for no limit.
        recorded_in: the seconds that the tests took.
    """

    def __init__(
        self,
        reruns: Reruns,
        selection: Selection,
        judge: Judge | MysqlJudge,
        say: Say,
        claims: Path,
        seconds: float | None,
        recorded_in: float,
    ) -> None:
        self._reruns = reruns
        self._selection = selection
        self._judge = judge
        self._say = say
        self._claims = claims
        self._seconds = seconds
        self._recorded_in = recorded_in
        self._started = time.monotonic()
        self._left_out: dict[str, str] = {}

    def run(self) -> None:
        """Answer what the tests have sent, and what became of each mutant."""
        tests = self._reruns.recorded
        reasons = {name: self._reruns.why_not(name) for name in tests}
        judges = [
            Ran(name, one.run.seconds, one.run.events)
            for name, one in tests.items()
            if reasons[name] is None
        ]
        statements = [
            statement
            for statement in sent(judges, self._selection.is_test_code)
            if self._selection.wants(statement)
        ]
        passed = {name: one.run for name, one in tests.items() if one.run.passed}
        failed = {name: one.run.error for name, one in tests.items() if name not in passed}
        # A test whose fixtures alone send something has nothing to say of it.
        unable = {name: reasons[name] for name, run in passed.items() if run.asked}
        self._say(
            {
                "kind": "recorded",
                "tests": len(tests),
                "failed": failed,
                "left out": {name: reason for name, reason in unable.items() if reason},
                "without": sum(not run.events for run in passed.values()),
                "seconds": self._recorded_in,
                "statements": [statement.answer() for statement in statements],
            }
        )
        for batch in self._batches(statements):
            if self._is_over():
                self._say({"kind": "out of time"})
                return
            self._try([statement for statement in batch if self._claim(statement.sql)])

    def _batches(self, statements: list[Statement]) -> list[list[Statement]]:
        """Return the statements in groups: rows are generated for a group at once."""
        statements.sort(key=_cost)
        number = -(-len(statements) // _BATCH)
        if self._seconds is None:  # of the same size, so that the processes end at the same time
            return [statements[first::number] for first in range(number)]
        # With a limit, many small statements are worth more than a few large ones.
        return [statements[first * _BATCH :][:_BATCH] for first in range(number)]

    def _is_over(self) -> bool:
        return self._seconds is not None and time.monotonic() - self._started > self._seconds

    def _claim(self, sql: str) -> bool:
        name = hashlib.sha256(sql.encode("utf-8", "surrogatepass")).hexdigest()
        try:
            (self._claims / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _try(self, batch: Sequence[Statement]) -> None:
        mutants = self._judge.mutants(batch)
        judged = self._judge.verdicts(batch, mutants)
        for statement in batch:
            own = [mutant for mutant in mutants if mutant.statement == statement.sql]
            verdicts = [
                [astuple(one), judged[one].verdict, judged[one].reason, judged[one].telling]
                for one in own
            ]
            self._say({"kind": "judged", "statement": statement.sql, "mutants": verdicts})
        alive = []
        for statement in batch:
            for mutant in mutants:
                verdict = judged[mutant].verdict
                if mutant.statement != statement.sql or verdict == "refused":
                    continue
                if self._is_over():
                    self._say({"kind": "out of time"})
                    return
                if verdict == "equivalent":
                    # Generated rows may not be enough; a test that fails proves a difference.
                    self._run(mutant, statement.senders[:_FEW], says_only_kills=True)
                elif self._run(mutant, statement.senders) == "alive":
                    alive.append(mutant)
            self._say({"kind": "done", "statement": statement.sql})
        for mutant, (row, _) in self._judge.rows(batch, alive).items():
            self._say({"kind": "row", "statement": mutant.statement, "sql": mutant.sql, "row": row})

    def _run(
        self, mutant: Mutant, senders: Sequence[Sender], *, says_only_kills: bool = False
    ) -> Outcome:
        """Run the tests with a mutant until one fails; return what became of it."""
        outcome: Outcome = "not reached"
        killed_by, reason, how = "", "", None
        tests, seconds = 0, 0.0
        for sender in senders:
            if not self._may_judge(sender):
                continue
            run = self._with(mutant, sender)
            if not run.has_fired:
                continue
            tests, seconds, outcome = tests + 1, seconds + run.seconds, "alive"
            if run.is_timeout or not run.passed:
                outcome = "timeout" if run.is_timeout else "killed"
                killed_by, reason = sender.name, run.error
                how = kind(run.longrepr, is_scripted=sender.is_scripted)
                break
        if says_only_kills and not killed_by:
            return outcome
        self._say(
            {
                "kind": "ran",
                "statement": mutant.statement,
                "sql": mutant.sql,
                "outcome": outcome,
                "killed_by": killed_by,
                "reason": reason,
                "how": how,
                "tests": tests,
                "seconds": seconds,
            }
        )
        return outcome

    def _may_judge(self, sender: Sender) -> bool:
        """Return whether a test does the same when nothing is changed."""
        item = self._reruns.recorded[sender.name].item
        reason = self._reruns.control(item)
        if reason is not None and sender.name not in self._left_out:
            self._left_out[sender.name] = reason
            self._say({"kind": "left out", "tests": {sender.name: reason}})
        return reason is None

    def _with(self, mutant: Mutant, sender: Sender) -> Run:
        def change(event: Event) -> Change | None:
            is_it = event.kind == "statement" and readable(event.call) == mutant.statement
            return Replace(as_sent(mutant.sql, event.call)) if is_it else None

        item = self._reruns.recorded[sender.name].item
        return self._reruns.run(item, change, seconds=self._reruns.limit(item))


def _cost(statement: Statement) -> float:
    """Return a guess at the seconds that a statement's mutants take."""
    return len(statement.sql) * sum(sender.seconds for sender in statement.senders)
