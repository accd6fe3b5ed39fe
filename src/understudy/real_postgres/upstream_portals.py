"""Portals of the clients on the real server, created only when necessary.

Clients create and close portals without waiting for an answer, and only requests that wait are sent
to the real server. Therefore both are sent before the next request.
"""

from __future__ import annotations

from dataclasses import dataclass

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.protocol.statements import Portal
from understudy.fake_postgres.scripted_statements import StatementNotes
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.client_state import RollbackClient
from understudy.real_postgres.scheduler import TransactionScheduler


@dataclass(slots=True)
class ForwardedStatement(StatementNotes):
    """The notes on a statement that the real server has prepared.

    Attributes:
        name: its name on the real server.
        declared: the types that its client declared.
        generation: the scheduler's generation in which it was prepared.
        is_logged: whether the user sent it, rather than a driver.
    """

    name: str = ""
    declared: tuple[int, ...] = ()
    generation: int = 0
    is_logged: bool = True


class UpstreamPortals:
    """The portals of all clients on the real server.

    Args:
        scheduler: the transaction on the real server.
    """

    def __init__(self, scheduler: TransactionScheduler) -> None:
        self._scheduler = scheduler
        self._number = 0

    def before(self, sql: str, client: RollbackClient) -> bytes:
        """Return the requests to send before a statement."""
        request = b"".join(map(upstream_requests.close_portal, client.closing))
        client.closing.clear()
        if client.bound and isinstance(command := read(sql), c.Fetch):
            portal = client.bound.get(command.name)
            if portal is not None:
                request += self.bind(portal, client, lasts=True)
        return request

    def bind(self, portal: Portal, client: RollbackClient, *, lasts: bool) -> bytes:
        """Return the requests that create a portal on the real server.

        Args:
            portal: the portal, which does not exist there.
            client: its client.
            lasts: whether its rows may be fetched in several parts.
        """
        statement = portal.prepared.statement
        assert statement is not None
        notes: ForwardedStatement = statement.notes
        request = b""
        if notes.generation != self._scheduler.generation:
            request = upstream_requests.parse(notes.name, statement.sql, notes.declared)
            notes.generation = self._scheduler.generation
        if not portal.name and client.unnamed in client.portals:  # the new one replaces it
            request += upstream_requests.close_portal(client.unnamed)
            client.portals.remove(client.unnamed)
        client.bound.pop(portal.name, None)
        if lasts:
            self._number += 1
            # SQL may refer to a named portal, so it keeps its name.
            portal.upstream = portal.name or f"p{self._number}"
            client.portals.append(portal.upstream)
            if not portal.name:
                client.unnamed = portal.upstream
        values = () if statement.copy == "in" else portal.values
        return request + upstream_requests.bind(
            portal.upstream, notes.name, values, portal.plan.formats
        )

    def bound(self, portal: Portal, client: RollbackClient) -> None:
        """Record a named portal."""
        if portal.prepared.statement is not None:  # not a command of the session
            client.bound[portal.name] = portal

    def declared(self, sql: str, client: RollbackClient) -> None:
        """Record a cursor that a statement has declared, unless it outlives its transaction."""
        command = read(sql) if sql.lstrip()[:7].upper() == "DECLARE" else None
        if isinstance(command, c.Declare):
            client.portals = [portal for portal in client.portals if portal != command.name]
            if not command.hold:
                client.portals.append(command.name)

    def closed(self, portal: Portal, client: RollbackClient) -> None:
        """Record that a client has closed a portal."""
        client.bound.pop(portal.name, None)
        if portal.upstream in client.portals:
            client.portals.remove(portal.upstream)
            client.closing.append(portal.upstream)
