"""What the commands do that a session carries out by itself."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeAlias

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol import cursors, errors, sql_prepare
from understudy.fake_postgres.protocol.backend import Backend, outcome
from understudy.fake_postgres.protocol.statements import Portal, Result
from understudy.pg.errors import ServerError
from understudy.serving.waits import ConnectionDropped, Pending

Outcome: TypeAlias = Result | None  # None: the command's tag, and no rows
Effect: TypeAlias = Callable[[Backend, Any, Portal], Outcome | Generator[Pending, Any, Outcome]]


def run_builtin(backend: Backend, portal: Portal) -> Generator[Pending, Any, Result]:
    """Carry out the command of a portal, when its responder lets it.

    Raises:
        ServerError: it fails.
        ConnectionDropped: the connection ends instead.
    """
    command = portal.prepared.command
    assert command is not None
    backend.touched = True
    if isinstance(command, c.Set) and command.local and not backend.in_transaction:
        backend.notice(errors.needs_block("SET LOCAL", severity="WARNING"))
    scripted = None
    try:
        sql, given = portal.prepared.sql, portal.values
        answer = backend.responder.control(sql, backend.connection, given)
        if answer is not None:
            backend.forwarded = backend.forwarder is not None
            scripted = yield from outcome(backend, answer)
            backend.settings.note(scripted.changed)
    except ServerError:
        if isinstance(command, c.Commit | c.Rollback):  # a commit that fails is a rollback
            backend.transactions.end(commit=False)
        raise
    except ConnectionDropped as lost:
        if lost.effective:
            yield from _effect(backend, command, portal)
        raise
    if scripted is not None and scripted.rows and portal.plan.fields is not None:
        return _tagged(scripted, command)
    result = yield from _effect(backend, command, portal)
    return replace(result, dropped=True) if scripted is not None and scripted.dropped else result


def _tagged(scripted: Result, command: c.Command) -> Result:
    """Return scripted rows with the tag of the command, if they have none."""
    if scripted.tag is None and isinstance(command, c.Show | c.Fetch):
        return replace(
            scripted, tag="SHOW" if isinstance(command, c.Show) else f"FETCH {len(scripted.rows)}"
        )
    return scripted


def _effect(
    backend: Backend, command: c.Command, portal: Portal
) -> Generator[Pending, Any, Result]:
    result = _EFFECTS[type(command)](backend, command, portal)
    if isinstance(result, Generator):
        result = yield from result
    return Result(tag=command.tag) if result is None else result


def _begin(backend: Backend, command: c.Begin, portal: Portal) -> None:
    if backend.transactions.in_block:
        backend.notice(errors.warning("25001", "there is already a transaction in progress"))
        backend.settings.set_modes(command.modes)
    else:
        backend.transactions.begin()
        backend.settings.begin(command.modes)


def _end(backend: Backend, command: c.Commit | c.Rollback, portal: Portal) -> Result:
    transactions = backend.transactions
    commit = isinstance(command, c.Commit)
    if not transactions.in_block:
        if command.chain:
            raise errors.needs_block(f"{command.tag} AND CHAIN")
        backend.notice(errors.warning("25P01", "there is no transaction in progress"))
        transactions.end(commit=commit)
        return Result(tag=command.tag)
    modes = backend.settings.modes()
    committed = transactions.end(commit=commit)
    if command.chain:
        transactions.begin()
        backend.settings.begin(modes)
    return Result(tag="COMMIT" if committed else "ROLLBACK")


def _prepare_transaction(backend: Backend, command: c.PrepareTransaction, portal: Portal) -> Result:
    transactions = backend.transactions
    if not transactions.in_block:
        backend.notice(errors.warning("25P01", "there is no transaction in progress"))
    current = backend.connection.current
    transactions.end(commit=False)
    if current is not None and not current.aborted:
        hint = 'Set "max_prepared_transactions" to a nonzero value.'
        raise errors.error("55000", "prepared transactions are disabled", hint=hint)
    return Result(tag="ROLLBACK")


def _end_prepared(backend: Backend, command: c.EndPrepared, portal: Portal) -> Result:
    if backend.transactions.in_block or backend.transactions.implicit:
        raise errors.not_in_block(command.words)
    raise errors.error(
        "42704", f'prepared transaction with identifier "{command.identifier}" does not exist'
    )


def _set_transaction(backend: Backend, command: c.SetTransaction, portal: Portal) -> None:
    if command.session:
        for name, value in command.modes:
            backend.settings.set(f"default_{name}", (value,), local=False)
        return
    if not backend.in_transaction:
        backend.notice(errors.needs_block("SET TRANSACTION", severity="WARNING"))
    for name, value in command.modes:
        _check_mode(backend, name, value)
        backend.settings.set_modes(((name, value),))


def _check_mode(backend: Backend, name: str, value: str) -> None:
    """Raise PostgreSQL's error if it is too late for a mode of a transaction."""
    if value == backend.settings.show(name):
        return
    current = backend.connection.current
    inside = current is not None and current.parent is not None
    queried = backend.transactions.queried
    if name == "transaction_isolation":
        if queried:
            raise errors.error(
                "25001", "SET TRANSACTION ISOLATION LEVEL must be called before any query"
            )
        if inside:
            raise errors.error(
                "25001", "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction"
            )
    elif name == "transaction_read_only" and value == "off":
        if inside:
            raise errors.error(
                "25001", "cannot set transaction read-write mode inside a read-only transaction"
            )
        if queried:
            raise errors.error("25001", "transaction read-write mode must be set before any query")
    elif name == "transaction_deferrable":
        if inside:
            raise errors.error(
                "25001", "SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction"
            )
        if queried:
            raise errors.error(
                "25001", "SET TRANSACTION [NOT] DEFERRABLE must be called before any query"
            )


def _set_constraints(backend: Backend, command: c.SetConstraints, portal: Portal) -> None:
    if not backend.in_transaction:
        backend.notice(errors.needs_block("SET CONSTRAINTS", severity="WARNING"))


def _set(backend: Backend, command: c.Set, portal: Portal) -> None:
    if command.name in ("transaction_isolation", "transaction_read_only") and command.values:
        _check_mode(backend, command.name, command.values[0])
    elif backend.settings_are_forwarded:  # and noted already
        return
    backend.settings.set(command.name, command.values, local=command.local)


def _reset(backend: Backend, command: c.Reset, portal: Portal) -> None:
    if command.name is None:
        backend.settings.reset_all()
    elif not backend.settings_are_forwarded:  # else noted already
        backend.settings.set(command.name, None, local=False)


def _discard(backend: Backend, command: c.Discard, portal: Portal) -> Result:
    if command.what == "ALL":
        if backend.in_transaction:
            raise errors.not_in_block("DISCARD ALL")
        backend.portals.close_all()
        backend.settings.reset_all(authorization=True)
        backend.statements.clear()
        backend.listening.unlisten(None)
    return Result(tag=f"DISCARD {command.what}")


def _select_notify(backend: Backend, command: c.SelectNotify, portal: Portal) -> Result:
    channel, payload = (
        portal.values[argument - 1] if isinstance(argument, int) else argument
        for argument in command.arguments
    )
    backend.listening.notify(channel or "", payload or "")
    return Result([("",)], "SELECT 1")


_EFFECTS: dict[type[c.Command], Effect] = {
    c.Begin: _begin,
    c.StartTransaction: _begin,
    c.Commit: _end,
    c.Rollback: _end,
    c.PrepareTransaction: _prepare_transaction,
    c.EndPrepared: _end_prepared,
    c.Savepoint: lambda backend, command, _portal: backend.transactions.savepoint(command.name),
    c.Release: lambda backend, command, _portal: backend.transactions.release(command.name),
    c.RollbackTo: lambda backend, command, _portal: backend.transactions.rollback_to(command.name),
    c.SetTransaction: _set_transaction,
    c.SetConstraints: _set_constraints,
    c.Set: _set,
    c.Reset: _reset,
    c.Show: lambda backend, command, _portal: Result(
        [(backend.settings.show(command.name),)], command.tag
    ),
    c.Discard: _discard,
    c.Prepare: sql_prepare.prepare,
    c.Execute: sql_prepare.execute,
    c.Deallocate: sql_prepare.deallocate,
    c.Declare: cursors.declare,
    c.Fetch: cursors.fetch,
    c.Close: cursors.close,
    c.Listen: lambda backend, command, _portal: backend.listening.listen(command.channel),
    c.Unlisten: lambda backend, command, _portal: backend.listening.unlisten(command.channel),
    c.Notify: lambda backend, command, _portal: backend.listening.notify(
        command.channel, command.payload
    ),
    c.SelectNotify: _select_notify,
}
