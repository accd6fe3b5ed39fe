"""The statements whose mutants are judged, as PostgreSQL describes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from understudy.catalog.describer import Describer
from understudy.catalog.description import Description, ParsedOnly, Refusal
from understudy.mutate.column_uses import Uses
from understudy.mutate.executions import Masks
from understudy.mutate.mutants import Judgement, Mutant
from understudy.mutate.parameter_sets import Parameters
from understudy.pg.clauses import read_statement
from understudy.pg.queries import Statement
from understudy.rows.table_facts import Table


@dataclass
class Subject:
    """A statement with its mutants that are not judged yet.

    Attributes:
        structure: its clauses.
        description: what PostgreSQL says of it.
        mutants: those that are not judged.
        tables: the tables that it reads or writes.
        changed: the tables whose rows it may change.
        uses: what it does with its parameters.
        recorded: the parameters of recorded calls, each with the number of its call.
        masks: the columns that differ from run to run.
        is_reached: whether it has returned or changed a row.
        has_order: whether its rows come in the same order in every run.
    """

    structure: Statement
    description: Description
    mutants: list[Mutant]
    tables: list[Table] = field(default_factory=list)
    changed: list[Table] = field(default_factory=list)
    uses: Uses = field(default_factory=Uses)
    recorded: dict[Parameters, int] = field(default_factory=dict)
    masks: Masks = field(default_factory=Masks)
    is_reached: bool = False
    has_order: bool = True

    @property
    def text(self) -> str:
        """The statement."""
        return self.structure.text


def described(mutants: Sequence[Mutant], dsn: str) -> tuple[list[Subject], dict[Mutant, Judgement]]:
    """Return the statements with the mutants to run, and the verdicts on the others."""
    by_statement: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        by_statement[mutant.statement].append(mutant)
    texts = [*by_statement, *(mutant.sql for mutant in mutants)]
    with closing(Describer(dsn)) as describer:
        described = dict(zip(texts, describer.describe(texts), strict=True))
    judgements: dict[Mutant, Judgement] = {}
    subjects = []
    for text, of_it in by_statement.items():
        original, structure = described[text], read_statement(text)
        if not isinstance(original, Description) or structure is None:
            reason = "PostgreSQL does not describe the statement"
            judgements |= {mutant: Judgement("unknown", reason) for mutant in of_it}
            continue
        refusals = {mutant: _refusal(original, described[mutant.sql]) for mutant in of_it}
        judgements |= {m: Judgement("refused", why) for m, why in refusals.items() if why}
        rest = [mutant for mutant in of_it if not refusals[mutant]]
        if rest:
            subjects.append(Subject(structure, original, rest))
    return subjects, judgements


def _refusal(original: Description, verdict: Description | Refusal | ParsedOnly) -> str:
    """Return why a mutant is not run, "" if it is."""
    error = verdict if isinstance(verdict, Refusal) else None
    if isinstance(verdict, Description) and original.fails is None:
        error = verdict.fails
    if error is not None:
        return f"{error.sqlstate} {error.message}"
    if isinstance(verdict, Description) and verdict.parameters != original.parameters:
        return "its parameters have other types"
    return ""
