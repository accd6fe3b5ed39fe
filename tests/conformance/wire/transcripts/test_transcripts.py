from __future__ import annotations

import pytest

from tests.conformance.wire.transcripts.conftest import Line
from tests.conformance.wire.transcripts.scenarios import SCENARIOS
from tests.wire.frontend import read, startup
from tests.wire.responders import Known


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_session_says_what_postgresql_says(name: str, line: Line, known: Known) -> None:
    session = known.connect()
    assert line.say(startup())[-1] == read(session.feed(startup()))[-1] == ("Z", "I")
    for number, step in enumerate(SCENARIOS[name]):
        ours = read(session.feed(step))
        theirs = line.say(step, ready=sum(kind == "Z" for kind, _ in ours))
        assert ours == theirs, f"step {number}: {step!r}"
