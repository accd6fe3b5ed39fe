"""What the real PostgreSQL and the real driver make of a mutant, before any row is touched.

A mutant is refused where PostgreSQL does not prepare one of its statements, where the driver or
PostgreSQL does not take the parameters that its method passes, or where the driver wants rows of a
statement that returns none. What its method passes is seen by calling it on a connection that takes
notes. Whether that is taken is found out by asking the driver to EXPLAIN the statement with it:
everything is encoded, sent and read, and nothing is executed.
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
    """A mutant, and who refuses it and why; "" where nobody does."""

    mutant: Mutant
    refused_by: str = ""
    reason: str = ""

    @property
    def refused(self) -> bool:
        return self.refused_by != ""


@dataclass(frozen=True)
class _Call:
    method: str
    statement: str
    rows: list[Sequence[Any] | None]


def judge(mutants: Sequence[Mutant], dsn: str) -> list[Judged]:
    """Judge every mutant on a database with the schema."""
    sys.path.append(str(BACKEND))
    calls = [asyncio.run(_calls_of(mutant)) for mutant in mutants]
    texts = list(dict.fromkeys(call.statement for each in calls for call in each))
    describer = Describer(dsn)
    verdicts = dict(zip(texts, describer.describe(texts), strict=True))
    describer.close()
    with _silent():
        return asyncio.run(_judge_all(mutants, calls, verdicts, dsn))


@contextmanager
def _silent() -> Iterator[None]:
    """Keep from the terminal what the driver's panics print, page after page."""
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
            refusal = await _refusal(call, verdicts[call.statement], driver)
            if refusal is not None:
                found.append(Judged(mutant, *refusal))
                break
        else:
            found.append(Judged(mutant))
    return found


async def _refusal(call: _Call, verdict: Verdict, driver: _Driver) -> tuple[str, str] | None:
    if isinstance(verdict, Refusal):
        return "PostgreSQL", f"{verdict.sqlstate} {verdict.message}"
    if isinstance(verdict, Description):
        # A SELECT of nothing returns rows all the same.
        rowless = verdict.command != "SELECT" and not verdict.columns
        if rowless and call.method in ("fetch_row", "fetch_val"):
            return "driver", f"{call.method} of a statement that returns no rows"
        for row in call.rows:
            reason = await driver.refusal(call.statement, row)
            if reason is not None:
                return "driver", reason
    return None


class _Driver:
    """psqlpy, on a connection that is opened again when it was lost."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Any = None

    async def refusal(self, statement: str, row: Sequence[Any] | None) -> str | None:
        """Why a statement with parameters fails before it is executed; None where it does not."""
        import psqlpy

        if self._connection is None:
            self._connection = await psqlpy.connect(dsn=self._dsn)
        try:
            await self._connection.execute(
                f"EXPLAIN {statement}", None if row is None else list(row)
            )
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 # a panic of the driver's is not an Exception
            self._connection = None
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return None


# What a method passes ----------------------------------------------------------------------------


class _Notes:
    """A connection that answers as the case says, and writes down what it was asked."""

    def __init__(self, steps: Sequence[Any]) -> None:
        self.calls: list[_Call] = []
        self._answers = [step.answer for step in steps]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[_Notes]:
        yield self

    def __getattr__(self, method: str) -> Any:
        async def take(statement: str, parameters: Any = None) -> Any:
            rows = list(parameters) if method == "execute_many" else [parameters]
            self.calls.append(_Call(method, statement, rows))
            answer = self._answers.pop(0)
            return answer if method == "fetch_val" else _Result(answer)

        return take


@dataclass(frozen=True)
class _Result:
    rows: Any

    def result(self) -> Any:
        return self.rows


async def _calls_of(mutant: Mutant) -> list[_Call]:
    """What the mutated method asks of its connection, for every case of it."""
    from src.domain.dal.dao.user import UserDAO

    from benchmarks.mutants.suites.cases import CASES

    UserDAO._verify_scope = staticmethod(_verify_nothing)  # type: ignore[method-assign]  # because another method's statement is in there
    changed = changed_method(
        {
            "module": mutant.spot.module,
            "owner": mutant.spot.owner,
            "method": mutant.spot.method,
            "source": mutant.source,
        }
    ).__func__
    calls: list[_Call] = []
    for case in CASES:
        if (case.dao.__name__, case.method) == (mutant.spot.owner, mutant.spot.method):
            notes = _Notes(case.steps)
            await changed.__wrapped__(notes, *case.arguments)
            calls.extend(notes.calls)
    if not calls:
        raise LookupError(f"no case calls {mutant.spot.owner}.{mutant.spot.method}")
    return calls


async def _verify_nothing(id_: int, scope_type: Any) -> None:
    return None
