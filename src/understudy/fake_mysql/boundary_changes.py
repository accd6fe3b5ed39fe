"""What a call is at the boundary, and a change of it: an error, a lost connection, no answer."""

from __future__ import annotations

from understudy.fake_mysql.protocol.commands import Begin, End, Savepoint, control_of
from understudy.fake_mysql.scripted_errors import fields_of
from understudy.pg.errors import ServerError
from understudy.script.answers import Error
from understudy.script.boundary import Kind
from understudy.script.calls import Call
from understudy.serving.faults import Fault, begin_fault
from understudy.serving.waits import Pending

_SAVEPOINTS: dict[str, Kind] = {
    "SAVEPOINT": "savepoint",
    "RELEASE": "release",
    "ROLLBACK": "rollback to",
}


def kind_of(sql: str) -> Kind:
    """Return what a statement that the session answers is at the boundary."""
    match control_of(sql):
        case Begin():
            return "begin"
        case End(commit):
            return "commit" if commit else "rollback"
        case Savepoint(verb):
            return _SAVEPOINTS[verb]
    return "statement"


def carry_out(fault: Fault, call: Call) -> Pending:
    """Let a call fail; what it waits for never comes.

    Unlike the answer of a rule, the fault is not compared with the catalog.

    Args:
        fault: how it fails.
        call: the call.

    Raises:
        ServerError: it fails with an error.
        ConnectionDropped: the connection is lost.
    """
    if (pending := begin_fault(fault, call)) is not None:
        return pending
    assert isinstance(fault, Error), "the others are carried out"
    fields = fields_of(fault.error)
    assert fields is not None, "a change is an error of the server"
    raise ServerError(fields)
