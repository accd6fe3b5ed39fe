"""What a database with generated rows tells of mutants, before and after the tests have run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

from understudy.catalog.describer import Describer
from understudy.catalog.description import Description
from understudy.catalog.errors import DescribeFailed
from understudy.mutate import operators
from understudy.mutate.mutants import Judgement, Mutant
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
    ) -> Mapping[Mutant, str]:
        """Return the lines that insert a row which tells a mutant from its original, if found."""
        judged = self._judged(statements, mutants, with_rows=True)
        return {mutant: one.telling for mutant, one in judged.items() if one.telling}

    def _judged(
        self, statements: Sequence[Statement], mutants: Sequence[Mutant], *, with_rows: bool
    ) -> Mapping[Mutant, Judgement]:
        if self._dsn is not None and mutants:
            import psycopg

            from understudy.mutate import equivalence

            recorded = {statement.sql: statement.parameters for statement in statements}
            try:
                return equivalence.judge(mutants, self._dsn, recorded, with_rows=with_rows)
            except (DescribeFailed, psycopg.Error) as error:
                self._give_up(error)
        return dict.fromkeys(mutants, Judgement("unknown", self._reason))

    def _give_up(self, error: Exception) -> None:
        """Ask no more: the server has ended."""
        self._dsn, self._reason = None, str(error).partition("\n")[0]
