"""The shift of what a test must not depend on."""

from __future__ import annotations

import pytest

from understudy import FakePostgres
from understudy.plugin.fixtures import name_of_test
from understudy.write.shifts import other_values, shift


def test_no_rule_for_a_commit_answers_it(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("DO ...")

    shift(fake_postgres)

    assert [call.statement.split()[0] for call in fake_postgres.calls] == ["DO"]


def test_generated_values_are_others_for_a_while(request: pytest.FixtureRequest) -> None:
    """They depend on the test's name, which is another one in the written file."""
    item = request.node
    before = name_of_test(item)

    with other_values(item):
        during = name_of_test(item)

    assert during != before
    assert name_of_test(item) == before
