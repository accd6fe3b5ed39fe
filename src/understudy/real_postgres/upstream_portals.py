"""Portals of the clients on the real server: made when it needs them, closed with what is next.

A client makes and closes portals without waiting for an answer, and only what waits goes to the
real server. So both are put in front of the next thing that is sent there.
"""

from __future__ import annotations

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.protocol.statements import Portal
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.client_state import Guest
from understudy.real_postgres.forwarded_statement import ForwardedStatement
from understudy.real_postgres.scheduler import Turns


class UpstreamPortals:
    """The portals of all clients on the real server.

    Args:
        turns: the transaction of the real server.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._number = 0

    def before(self, sql: str, guest: Guest) -> bytes:
        """Return what has to reach the real server before a statement."""
        request = b"".join(map(upstream_requests.close_portal, guest.closing))
        guest.closing.clear()
        if guest.bound and isinstance(command := read(sql), c.Fetch):
            portal = guest.bound.get(command.name)
            if portal is not None:
                request += self.bind(portal, guest, lasts=True)
        return request

    def bind(self, portal: Portal, guest: Guest, *, lasts: bool) -> bytes:
        """Return what makes a portal on the real server.

        Args:
            portal: which is not there.
            guest: whose it is.
            lasts: whether more than its first rows may be asked for.
        """
        statement = portal.prepared.statement
        assert statement is not None
        notes: ForwardedStatement = statement.notes
        request = b""
        if notes.generation != self._turns.generation:
            request = upstream_requests.parse(notes.name, statement.sql, notes.declared)
            notes.generation = self._turns.generation
        if not portal.name and guest.unnamed in guest.portals:  # the new one takes its place
            request += upstream_requests.close_portal(guest.unnamed)
            guest.portals.remove(guest.unnamed)
        guest.bound.pop(portal.name, None)
        if lasts:
            self._number += 1
            # SQL may call it by its name, which it keeps.
            portal.upstream = portal.name or f"p{self._number}"
            guest.portals.append(portal.upstream)
            if not portal.name:
                guest.unnamed = portal.upstream
        values = () if statement.copy == "in" else portal.values
        return request + upstream_requests.bind(
            portal.upstream, notes.name, values, portal.plan.formats
        )

    def bound(self, portal: Portal, guest: Guest) -> None:
        """Take note of a portal that has a name."""
        if portal.prepared.statement is not None:  # no command that the session carries out
            guest.bound[portal.name] = portal

    def closed(self, portal: Portal, guest: Guest) -> None:
        """Take note that a client has closed a portal."""
        guest.bound.pop(portal.name, None)
        if portal.upstream in guest.portals:
            guest.portals.remove(portal.upstream)
            guest.closing.append(portal.upstream)
