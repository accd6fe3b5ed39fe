"""What a call is at the boundary, and a change of it: an error, a lost connection, no answer."""

from __future__ import annotations

from dataclasses import replace

from understudy.catalog import active_checker
from understudy.catalog.description import Description
from understudy.catalog.error_details import with_details
from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.scripted_errors import error_fields
from understudy.pg.errors import ServerError
from understudy.script.answers import Error
from understudy.script.boundary import Kind
from understudy.script.calls import Call
from understudy.serving.faults import Fault, begin_fault
from understudy.serving.waits import Pending

_KINDS: dict[type[c.Command], Kind] = {
    c.Begin: "begin",
    c.StartTransaction: "begin",
    c.Commit: "commit",
    c.Rollback: "rollback",
    c.Savepoint: "savepoint",
    c.Release: "release",
    c.RollbackTo: "rollback to",
}
# What runs or defines another statement, which has an event of its own.
_AROUND_OTHERS = (c.Prepare, c.Execute, c.Declare, c.Fetch)


def kind_of(sql: str) -> Kind | None:
    """Return what a command of the session is at the boundary.

    Returns:
        None if it runs or defines another statement, which has an event of its own.
    """
    command = read(sql)
    assert command is not None, "a command of the session"
    return None if isinstance(command, _AROUND_OTHERS) else _KINDS.get(type(command), "statement")


def carry_out(
    fault: Fault, call: Call, description: Description | None = None, *, is_fatal: bool = False
) -> Pending:
    """Let a call fail; what it waits for never comes.

    Unlike the answer of a rule, the fault is not compared with the catalog.

    Args:
        fault: how it fails.
        call: the call.
        description: what PostgreSQL says of its statement, if known.
        is_fatal: whether an error ends the connection.

    Raises:
        ServerError: it fails with an error.
        ConnectionDropped: the connection is lost.
    """
    if (pending := begin_fault(fault, call)) is not None:
        return pending
    assert isinstance(fault, Error), "the others are carried out"
    fields = error_fields(fault.error)
    assert fields is not None, "a change is an error of the server"
    checker = active_checker.made()
    types = () if description is None else description.parameters
    fields = with_details(fields, call, types, None if checker is None else checker.facts)
    raise ServerError(replace(fields, severity="FATAL") if is_fatal else fields)
