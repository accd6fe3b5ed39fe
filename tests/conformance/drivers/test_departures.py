"""The page on conformance lists what differs, all of it and nothing else."""

from __future__ import annotations

from tests.backend_copy import ROOT
from tests.conformance.drivers.departures import DEPARTURES, PARAMETERS, VALUES


def test_the_page_lists_every_departure() -> None:
    page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    section = page.partition("## Departures\n")[2].partition("\n## ")[0]
    listed = [" ".join(item.split()) for item in section.split("\n- ")[1:]]
    reasons = [
        *DEPARTURES.values(),
        *(each.reason for each in PARAMETERS),
        *(each.reason for each in VALUES),
    ]
    assert sorted(listed) == sorted(set(reasons))
