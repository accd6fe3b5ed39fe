"""PostgreSQL accepts nearly all mutants, and they take the same parameters."""

from __future__ import annotations

from tests.conformance.catalog.corpus import conditions, statements
from understudy.catalog.describer import Describer
from understudy.catalog.description import Description
from understudy.mutate.operators import mutants


def test_few_mutants_are_refused_and_none_takes_other_parameters(describer: Describer) -> None:
    texts = [*statements(describer.major), *conditions()]
    described = dict(zip(texts, describer.describe(texts), strict=True))
    found = [
        mutant
        for text, verdict in described.items()
        for mutant in mutants(text, verdict if isinstance(verdict, Description) else None)
    ]

    verdicts = describer.describe([mutant.sql for mutant in found])

    accepted = 0
    for mutant, verdict in zip(found, verdicts, strict=True):
        if isinstance(verdict, Description) and verdict.fails is None:
            accepted += 1
            original = described[mutant.statement]
            assert isinstance(original, Description)
            assert verdict.parameters == original.parameters, mutant.sql
    assert len(found) > 900
    assert accepted > 0.97 * len(found)
