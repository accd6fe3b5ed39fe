"""Apps with planted faults: all are found, none is invented on their sound twins."""

from __future__ import annotations

import pytest

from .conftest import Swept

pytestmark = pytest.mark.slow

PLANTED = {
    "GET /after-the-response": "statement-after-response",
    "GET /for-ever": "hang",
    "GET /hidden-read": "success-despite-error",
    "POST /commit-in-finally": "commit-despite-failure",
    "POST /early": "response-before-commit",
    "POST /half-done": "commit-despite-failure",
    "POST /ignored-commit": "success-despite-error",
    "POST /leaked": "leak",
    "POST /not-rolled-back": "left-open",
    "POST /retried": "doubled-write",
    "POST /swallowed": "success-despite-error",
    "POST /wrong-status": "inconsistent-answer",
}
ON_SQLALCHEMY = {
    "GET /for-ever": "hang",
    "GET /hidden-read": "success-despite-error",
    "POST /early": "response-before-commit",
    "POST /half-done": "commit-despite-failure",
    "POST /left-open": "left-open",
    "POST /retried": "doubled-write",
    "POST /swallowed": "success-despite-error",
    "POST /wrong-status": "inconsistent-answer",
}
APPS = [
    pytest.param("planted", "{dsn}", PLANTED, id="asyncpg"),
    pytest.param("planted_orm", "{dsn:asyncpg}", ON_SQLALCHEMY, id="sqlalchemy"),
]


@pytest.mark.parametrize(("folder", "dsn", "planted"), APPS)
def test_every_planted_fault_is_found(
    swept: Swept, folder: str, dsn: str, planted: dict[str, str]
) -> None:
    swept.copy(folder, dsn=dsn)

    document = swept.document("--", "--understudy-app", "shop.faulty:app")

    found = {
        (" ".join(finding["text"].split()[:2]), finding["rule"])
        for finding in document["findings"]
        # A connection that cannot be had is hidden by the same code.
        if finding["rule"] != "swallowed"
    }
    assert found == set(planted.items()), document


@pytest.mark.parametrize(("folder", "dsn", "planted"), APPS)
def test_none_is_invented_on_the_sound_twin(
    swept: Swept, folder: str, dsn: str, planted: dict[str, str]
) -> None:
    swept.copy(folder, dsn=dsn)

    document = swept.document("--", "--understudy-app", "shop.sound:app")

    assert document["findings"] == []
    assert (document["unreached"], document["unsteady"]) == ([], [])
    assert {answer["subject"] for answer in document["answers"]} == set(planted)


def test_each_finding_is_written_as_a_test(swept: Swept) -> None:
    swept.copy("planted")

    ended = swept.command("--write", "--", "--understudy-app", "shop.faulty:app")
    failing = swept.run("--understudy-app", "shop.faulty:app", "-k", "when")
    passing = swept.run("--understudy-app", "shop.sound:app", "-k", "when")

    assert "10 tests written, each after the test that has shown the finding\n" in ended.stdout
    outcomes = failing.parseoutcomes()
    assert outcomes["failed"] + outcomes["errors"] == 10
    passing.assert_outcomes(passed=10, deselected=12)
