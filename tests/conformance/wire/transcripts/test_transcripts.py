from __future__ import annotations

from itertools import groupby

import pytest

from tests.conformance.wire.transcripts.conftest import Line
from tests.conformance.wire.transcripts.scenarios import SCENARIOS, STARTUPS
from tests.fake_postgres.frontend import Message, read, startup
from tests.fake_postgres.responders import Known
from understudy.fake_postgres.protocol.backend_messages import NOT_HERE
from understudy.fake_postgres.protocol.session import Session


def compared(messages: list[Message]) -> list[Message]:
    """Sort reports that come together: PostgreSQL has them in the order of its own list."""
    compared = []
    for kind, group in groupby(messages, key=lambda message: message[0]):
        together = list(group)
        compared += sorted(together, key=str) if kind == "S" else together
    return compared


def converse(session: Session, line: Line, steps: list[bytes]) -> None:
    for number, step in enumerate(steps):
        ours = session.feed(step)
        if ours == NOT_HERE:
            assert line.ask(step) == ours
            continue
        line.say(step)
        said = read(ours)
        theirs = line.listen(sum(kind == "Z" for kind, _ in said))
        assert compared(said) == compared(theirs), f"step {number}: {step!r}"
        assert line.closed == session.closed


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_session_says_what_postgresql_says(name: str, line: Line, known: Known) -> None:
    converse(known.connect(), line, [startup(), *SCENARIOS[name]])


@pytest.mark.parametrize("name", STARTUPS)
def test_a_connection_begins_as_at_postgresql(name: str, line: Line, known: Known) -> None:
    converse(known.connect(), line, STARTUPS[name])
