"""The catalog's verdict on mutants of SQL is the server's; 1,500 of them: see `mutants`."""

from __future__ import annotations

import pytest

from tests.mysql_catalog.mutants import Judges, outcomes


@pytest.mark.slow
def test_the_verdicts_are_equal(judges: Judges) -> None:
    found = list(outcomes(judges, 300, seed=1))

    assert [outcome for outcome in found if not outcome.is_equal] == []
    assert sum(outcome.server.kind == "refused" for outcome in found) > 100
