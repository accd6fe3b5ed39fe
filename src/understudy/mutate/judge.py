"""What a database with generated rows tells of mutants, before and after the tests have run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

from understudy.catalog.describer import Describer
from understudy.catalog.description import Description
from understudy.catalog.errors import DescribeFailed
from understudy.mutate import call_facts, operators
from understudy.mutate.mutants import Judgement, Mutant, Telling
from understudy.mutate.statements import Statement


class Judge:
    """Makes the mutants of statements, and judges them.

    Args:
        dsn: the URL of a database with the schema that no test uses; None if there is none.
        reason: why there is none.
    """

    def __init__(self, dsn: str | None, reason: str = "") -> None:
        self._dsn = dsn
        self._reason = reason

    def mutants(self, statements: Sequence[Statement]) -> list[Mutant]:
        """Return the mutants of statements."""
        texts = [statement.sql for statement in statements]
        found = [
            operators.mutants(text, description)
            for text, description in zip(texts, self._descriptions(texts), strict=True)
        ]
        return [mutant for of_one in found for mutant in of_one]

    def _descriptions(self, texts: Sequence[str]) -> Sequence[Description | None]:
        if self._dsn is None or not texts:
            return [None] * len(texts)
        import psycopg  # without a database, there need not be one

        try:
            with closing(Describer(self._dsn)) as describer:
                described = describer.describe(texts)
        except (DescribeFailed, psycopg.Error) as error:
            self._give_up(error)
            return [None] * len(texts)
        return [one if isinstance(one, Description) else None for one in described]

    def accepted(self, mutants: Sequence[Mutant]) -> list[Mutant]:
        """Return the mutants that PostgreSQL accepts, which costs less than their verdicts."""
        described = self._descriptions([mutant.sql for mutant in mutants])
        return [
            mutant
            for mutant, description in zip(mutants, described, strict=True)
            if description is not None or self._dsn is None
        ]

    def verdicts(
        self, statements: Sequence[Statement], mutants: Sequence[Mutant]
    ) -> Mapping[Mutant, Judgement]:
        """Return the verdicts on the mutants of statements."""
        return self._judged(statements, mutants, with_rows=False)

    def rows(
        self, statements: Sequence[Statement], mutants: Sequence[Mutant]
    ) -> Mapping[Mutant, Telling]:
        """Return the rows that tell mutants from their originals, as far as they are found.

        Rows that a recorded call tells come first: a test that calls it can insert them.
        """
        calls = {statement.sql: statement.parameters for statement in statements}
        found: dict[Mutant, Telling] = {}
        for only_recorded in (True, False):
            rest = [mutant for mutant in mutants if mutant not in found]
            judged = self._judged(statements, rest, with_rows=True, only_recorded=only_recorded)
            for mutant, one in judged.items():
                if one.telling:
                    call = None if one.call is None else calls[mutant.statement][one.call]
                    found[mutant] = Telling(one.telling, call)
        return found

    def _judged(
        self,
        statements: Sequence[Statement],
        mutants: Sequence[Mutant],
        *,
        with_rows: bool,
        only_recorded: bool = False,
    ) -> Mapping[Mutant, Judgement]:
        known = call_facts.known(statements, mutants)
        others = [mutant for mutant in mutants if mutant not in known]
        if self._dsn is not None and others:
            import psycopg

            from understudy.mutate import equivalence

            recorded = {statement.sql: statement.parameters for statement in statements}
            try:
                judged = equivalence.judge(
                    others, self._dsn, recorded, with_rows=with_rows, only_recorded=only_recorded
                )
            except (DescribeFailed, psycopg.Error) as error:
                self._give_up(error)
            else:
                return {**judged, **known}
        return {**dict.fromkeys(others, Judgement("unknown", self._reason)), **known}

    def _give_up(self, error: Exception) -> None:
        """Ask no more: the server has ended."""
        self._dsn, self._reason = None, str(error).partition("\n")[0]
