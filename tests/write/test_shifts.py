"""The shift of what a test must not depend on."""

from __future__ import annotations

from understudy import FakePostgres
from understudy.write.shifts import shift


def test_no_rule_for_a_commit_answers_it(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("DO ...")

    shift(fake_postgres)

    assert [call.statement.split()[0] for call in fake_postgres.calls] == ["DO"]
