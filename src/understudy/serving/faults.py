"""What happens to a call instead of its answer: an error, a lost connection, no answer."""

from __future__ import annotations

from understudy.script.answers import Drop, Error, Hang
from understudy.script.calls import Call
from understudy.serving.waits import ConnectionDropped, Pending

Fault = Error | Drop | Hang
FAULTS = (Error, Drop, Hang)


def begin_fault(fault: Fault, call: Call) -> Pending | None:
    """Let a call fail.

    Args:
        fault: how it fails.
        call: the call.

    Returns:
        What it waits for, which never comes; None if it fails with an error, which the protocol of
        the database sends.

    Raises:
        ConnectionDropped: the connection is lost.
    """
    call.fail()
    if isinstance(fault, Drop):
        raise ConnectionDropped(effective=fault.when == "after")
    return Pending(None) if isinstance(fault, Hang) else None
