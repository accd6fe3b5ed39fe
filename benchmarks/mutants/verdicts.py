"""The verdict of the real PostgreSQL and the real driver on a mutant, before any row is touched.

A mutant is rejected if PostgreSQL does not prepare one of its statements, if the driver or
PostgreSQL rejects the parameters that its method passes, or if the driver expects rows from a
statement without rows. The method runs on a connection that records statements and parameters. The
driver then runs EXPLAIN on each statement with these parameters, which encodes and sends everything
and executes nothing.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.mutants.mutant import Mutant
from benchmarks.mutants.plugin.mutant_runner import changed_method
from benchmarks.mutants.sources import BACKEND
from understudy.catalog.describer import Describer
from understudy.catalog.description import Description, Refusal, Verdict


@dataclass(frozen=True)
class Judged:
    """A mutant with its verdict.

    Attributes:
        mutant: the mutant.
        rejected_by: "PostgreSQL" or "driver", "" if neither rejects it.
        reason: the message of the rejection.
    """

    mutant: Mutant
    rejected_by: str = ""
    reason: str = ""

    @property
    def rejected(self) -> bool:
        return self.rejected_by != ""


@dataclass(frozen=True)
class _Call:
    method: str
    statement: str
    rows: list[Sequence[Any] | None]


def judge(mutants: Sequence[Mutant], dsn: str) -> list[Judged]:
    """Return the verdict on every mutant, on a database with the schema."""
    sys.path.append(str(BACKEND))
    calls = [asyncio.run(_calls_of(mutant)) for mutant in mutants]
    texts = list(dict.fromkeys(call.statement for of_mutant in calls for call in of_mutant))
    describer = Describer(dsn)
    verdicts = dict(zip(texts, describer.describe(texts), strict=True))
    describer.close()
    with _silent():
        return asyncio.run(_judge_all(mutants, calls, verdicts, dsn))


@contextmanager
def _silent() -> Iterator[None]:
    """Redirect stderr, on which the driver's panics print pages."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


async def _judge_all(
    mutants: Sequence[Mutant],
    calls: Sequence[Sequence[_Call]],
    verdicts: dict[str, Verdict],
    dsn: str,
) -> list[Judged]:
    driver = _Driver(dsn)
    found = []
    for mutant, made in zip(mutants, calls, strict=True):
        for call in made:
            rejection = await _rejection(call, verdicts[call.statement], driver)
            if rejection is not None:
                found.append(Judged(mutant, *rejection))
                break
        else:
            found.append(Judged(mutant))
    return found


async def _rejection(call: _Call, verdict: Verdict, driver: _Driver) -> tuple[str, str] | None:
    if isinstance(verdict, Refusal):
        return "PostgreSQL", f"{verdict.sqlstate} {verdict.message}"
    if isinstance(verdict, Description):
        # A SELECT without columns returns rows too.
        rowless = verdict.command != "SELECT" and not verdict.columns
        if rowless and call.method in ("fetch_row", "fetch_val"):
            return "driver", f"{call.method} of a statement that returns no rows"
        for row in call.rows:
            reason = await driver.rejection(call.statement, row)
            if reason is not None:
                return "driver", reason
    return None


class _Driver:
    """psqlpy, on a connection that is opened again after an error."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Any = None

    async def rejection(self, statement: str, row: Sequence[Any] | None) -> str | None:
        """Return why a statement with parameters fails before execution; None if it does not."""
        import psqlpy

        if self._connection is None:
            self._connection = await psqlpy.connect(dsn=self._dsn)
        try:
            await self._connection.execute(
                f"EXPLAIN {statement}", None if row is None else list(row)
            )
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 # a panic of the driver is not an Exception
            self._connection = None
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return None


# The calls of a method ---------------------------------------------------------------------------


class _Recorder:
    """A connection that gives the answers of a case and records its calls."""

    def __init__(self, steps: Sequence[Any]) -> None:
        self.calls: list[_Call] = []
        self._answers = [step.answer for step in steps]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[_Recorder]:
        yield self

    def __getattr__(self, method: str) -> Any:
        async def record(statement: str, parameters: Any = None) -> Any:
            rows = list(parameters) if method == "execute_many" else [parameters]
            self.calls.append(_Call(method, statement, rows))
            answer = self._answers.pop(0)
            return answer if method == "fetch_val" else _Result(answer)

        return record


@dataclass(frozen=True)
class _Result:
    rows: Any

    def result(self) -> Any:
        return self.rows


async def _calls_of(mutant: Mutant) -> list[_Call]:
    """Return the calls of the mutated method on its connection, for each of its cases."""
    from src.domain.dal.dao.user import UserDAO

    from benchmarks.mutants.suites.cases import CASES

    UserDAO._verify_scope = staticmethod(_verify_nothing)  # type: ignore[method-assign]  # it would run another method's statement
    changed = changed_method(
        {
            "module": mutant.method.module,
            "owner": mutant.method.owner,
            "method": mutant.method.name,
            "source": mutant.source,
        }
    ).__func__
    calls: list[_Call] = []
    for case in CASES:
        if (case.dao.__name__, case.method) == (mutant.method.owner, mutant.method.name):
            recorder = _Recorder(case.steps)
            await changed.__wrapped__(recorder, *case.arguments)
            calls.extend(recorder.calls)
    if not calls:
        raise LookupError(f"no case calls {mutant.method.owner}.{mutant.method.name}")
    return calls


async def _verify_nothing(id_: int, scope_type: Any) -> None:
    return None
