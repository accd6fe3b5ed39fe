"""Who may log in to the real server, and with which run-time parameters a connection begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.run_time_parameters import find
from understudy.fake_postgres.protocol.session_settings import Values
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.session_switch import become, set_statement, show
from understudy.real_postgres.upstream_replies import Reply, rows

# The roles, and the defaults that ALTER ROLE and ALTER DATABASE have set, the strongest last.
READ = upstream_requests.query("""
    SELECT rolname, rolcanlogin, rolsuper, pg_catalog.has_database_privilege(
        oid, pg_catalog.current_database(), 'CONNECT')
    FROM pg_catalog.pg_roles;
    SELECT rolname, pg_catalog.unnest(setconfig)
    FROM pg_catalog.pg_db_role_setting LEFT JOIN pg_catalog.pg_roles ON pg_roles.oid = setrole
    WHERE (setrole = 0 OR rolname IS NOT NULL) AND setdatabase IN (0,
        (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
    ORDER BY setrole <> 0, setdatabase <> 0
""")
SAVEPOINT = '"understudy: login"'
UNDO = upstream_requests.query(f"ROLLBACK TO SAVEPOINT {SAVEPOINT};RELEASE SAVEPOINT {SAVEPOINT}")
_IN_FAILED_TRANSACTION = "25P02"


class _Role(NamedTuple):
    can_login: bool
    is_superuser: bool
    may_connect: bool


class Logins:
    """The roles of a server, as they are committed.

    Attributes:
        login: the user with whose rights all clients' statements reach the real server.
        first: the run-time parameters of this user's connection.
    """

    def __init__(self) -> None:
        self.login = ""
        self.first: Values = {}
        self._roles: dict[str, _Role] = {}
        self._defaults: list[tuple[str | None, str, str]] = []
        self._checked: dict[tuple[str, frozenset[tuple[str, str]]], Values] = {}

    def begin(self, first: Values) -> None:
        """Record a new connection to the server, with its run-time parameters."""
        self.first, self.login = {**first, "role": "none"}, first["session_authorization"]

    def note(self, reply: Reply) -> None:
        """Record the reply to READ."""
        found = rows(reply)
        self._roles = {
            str(row[0]): _Role(*(value == "t" for value in row[1:])) for row in found if row[2:]
        }
        settings = [(row[0], (row[1] or "").partition("=")) for row in found if not row[2:]]
        self._defaults = [(role, name.lower(), value) for role, (name, _, value) in settings]
        self._checked.clear()

    def is_superuser(self, user: str) -> bool:
        """Return whether a user is a superuser."""
        return user in self._roles and self._roles[user].is_superuser

    def check(self, user: str, database: str) -> None:
        """Refuse a user who may not log in.

        Raises:
            ServerError: PostgreSQL's error for such a user.
        """
        role = self._roles.get(user)
        if role is None:
            raise errors.fatal("28000", f'role "{user}" does not exist')
        if not role.can_login:
            raise errors.fatal("28000", f'role "{user}" is not permitted to log in')
        if not role.may_connect:
            detail = "User does not have CONNECT privilege."
            text = f'permission denied for database "{database}"'
            raise errors.fatal("42501", text, detail=detail)
        if user != self.login and not self.is_superuser(self.login):
            raise errors.fatal(
                "0A000",
                f'real_postgres cannot log in as "{user}": it works with the rights of'
                f' "{self.login}", the user of postgres_url, which is not a superuser',
            )

    def first_settings(self, user: str) -> Values:
        """Return the parameters of a user's connection that asks for none."""
        superuser = "on" if self.is_superuser(user) else "off"
        return {**self.first, "session_authorization": user, "is_superuser": superuser}

    def defaults(self, user: str) -> dict[str, str]:
        """Return what ALTER ROLE and ALTER DATABASE have set for a user."""
        return {
            name: value
            for role, name, value in self._defaults
            if role in (None, user) and self.first.get(name) != value
        }

    def checked(self, user: str, wanted: Mapping[str, str]) -> Values | None:
        """Return the first settings that an earlier connection with the same options got."""
        return self._checked.get((user, frozenset(wanted.items())))

    def question(self, user: str, wanted: Mapping[str, str], given: Mapping[str, str]) -> bytes:
        """Return the requests that try out the settings of a connection, and undo them.

        Args:
            user: the user.
            wanted: all of the settings.
            given: those among them that the client has asked for, with its own rights.
        """
        names = [name for name in wanted if _is_settable(name)]
        by_others = [name for name in names if name not in given and name != "role"]
        own = [name for name in names if name not in by_others]
        statements = [
            f"SAVEPOINT {SAVEPOINT}",
            "SET ROLE NONE",
            "SET SESSION AUTHORIZATION DEFAULT",
            "RESET ALL",
            *(set_statement(name, wanted[name]) for name in by_others),
            *become(user, "none", self.login),
            *(set_statement(name, wanted[name]) for name in own),
            show(*names, "is_superuser"),
        ]
        return upstream_requests.query(";".join(statements)) + UNDO

    def settled(self, user: str, wanted: Mapping[str, str], reply: Reply) -> Values:
        """Return the first settings of a connection, by the reply to its question.

        Raises:
            ServerError: one of them cannot be set.
        """
        start = self.first_settings(user)
        if reply.error is not None:
            if reply.error.fields.sqlstate != _IN_FAILED_TRANSACTION:
                raise reply.error
            # The transaction of another client has failed, so nothing can be asked now.
            return {**start, **wanted}
        names = [name for name in wanted if _is_settable(name)]
        settled = {**start, **wanted}
        for name, value in zip([*names, "is_superuser"], rows(reply)[-1], strict=True):
            settled[name] = value or ""
        self._checked[user, frozenset(wanted.items())] = settled
        return settled


def _is_settable(name: str) -> bool:
    """Return whether a parameter can be set after the connection's start."""
    known = find(name)
    return known is None or not known.context.endswith("backend")
