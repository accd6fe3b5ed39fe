"""The page on conformance lists what differs, all of it and nothing else."""

from __future__ import annotations

from tests.backend_copy import ROOT
from tests.conformance.drivers.departures import (
    DEPARTURES,
    NOT_ON_REAL_POSTGRES,
    ON_REAL_POSTGRES,
    PARAMETERS,
    VALUES,
)


def listed(heading: str) -> list[str]:
    """Return the items of a section of the page, each on one line."""
    page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [" ".join(item.split()) for item in section.split("\n- ")[1:]]


def test_the_page_lists_every_departure() -> None:
    reasons = [
        *DEPARTURES.values(),
        *(item.reason for item in PARAMETERS),
        *(item.reason for item in VALUES),
    ]
    assert sorted(listed("Known differences of fake_postgres")) == sorted(set(reasons))


def test_the_page_lists_every_departure_of_real_postgres() -> None:
    reasons = {*ON_REAL_POSTGRES.values(), *NOT_ON_REAL_POSTGRES.values()}
    assert sorted(listed("Known differences of real_postgres")) == sorted(reasons)
