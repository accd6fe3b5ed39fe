"""Which calls at the boundary are those of the code under test."""

from __future__ import annotations

from understudy.script.boundary import FAKES, Event
from understudy.script.calls import Call


def pinged(statement: str) -> Event:
    """Send a statement as a pool does that looks whether a connection is alive."""
    return FAKES.begin("statement", Call("execute", statement, None), None, is_drivers=True)


def test_a_ping_is_the_codes_own_if_it_stands_there() -> None:
    """Drivers send the same text, from functions in which it does not stand."""
    own = FAKES.begin("statement", Call("execute", "SELECT 1", None), None, is_drivers=True)

    assert own.is_codes
    assert not pinged("SELECT 1").is_codes


def test_what_no_driver_sends_is_the_codes() -> None:
    event = FAKES.begin("statement", Call("execute", str(1), None), None)

    assert event.is_codes
