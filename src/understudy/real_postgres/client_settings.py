"""The role and the run-time parameters of each client, on a server session that all share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.run_time_parameters import find
from understudy.fake_postgres.protocol.session_settings import Values
from understudy.fake_postgres.protocol.statements import Result, Setting, Statement
from understudy.pg.sql_spelling import literal, quoted
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.client_state import RollbackClient
from understudy.real_postgres.scheduler import TransactionScheduler
from understudy.real_postgres.session_switch import IDLE_TIMEOUTS, set_statement, show, switch
from understudy.real_postgres.setting_texts import Named, settings_in
from understudy.real_postgres.upstream_replies import Reply, rows
from understudy.serving.waits import Pending

_CREATED = re.compile(r"\b(?:FUNCTION|PROCEDURE)\s+(?:[\w\"]+\s*\.\s*)?\"?(\w+)", re.IGNORECASE)
AUTHORIZATION = "session_authorization"
# What the server reports without being asked, when it changes.
_REPORTED = (
    "application_name",
    "datestyle",
    "default_transaction_read_only",
    "intervalstyle",
    "is_superuser",
    "search_path",
    AUTHORIZATION,
    "standard_conforming_strings",
    "timezone",
)


class ClientSettings:
    """Carries out what sets a role or a run-time parameter, and tells the session about it.

    Args:
        scheduler: the transaction on the real server.
    """

    def __init__(self, scheduler: TransactionScheduler) -> None:
        self._scheduler = scheduler

    # Logging in ----------------------------------------------------------------------------------

    def log_in(self, client: RollbackClient) -> Values | Pending:
        """Return the run-time parameters of a connection that begins, or a Pending for them.

        Raises:
            ServerError: its user may not log in, or what it has asked for cannot be set.
        """
        logins, user = self._scheduler.facts.logins, client.user
        logins.check(user, client.database)
        given = {name.lower(): value for name, value in client.options.items()}
        _check_encoding(given.pop("client_encoding", None))
        if AUTHORIZATION in given:
            self._check_authorization(client, given[AUTHORIZATION])
        wanted = {**logins.defaults(user), **given}
        if not wanted:
            return self._begin(client, logins.first_settings(user))
        checked = logins.checked(user, wanted)
        if checked is not None:
            return self._begin(client, checked)
        question = logins.question(user, wanted, given)
        done = partial(self._logged_in, client, wanted)
        return self._scheduler.ask_aside(client, "", question, done)

    def _logged_in(
        self, client: RollbackClient, wanted: Mapping[str, str], reply: Reply, _undone: Reply
    ) -> Values:
        return self._begin(client, self._scheduler.facts.logins.settled(client.user, wanted, reply))

    def _begin(self, client: RollbackClient, first: Values) -> Values:
        client.first_settings = first
        return first

    # Commands ------------------------------------------------------------------------------------

    def apply(self, command: c.Set | c.Reset, sql: str, client: RollbackClient) -> Pending:
        """Carry out SET or RESET on the real server.

        Raises:
            ServerError: the client may not take on the user, or the encoding is not UTF-8.
        """
        if command.name is None:
            statements = ["RESET ALL", *self._first_parameters(client, client.settings)]
            return self._submit(client, sql, statements, ())
        values = command.values if isinstance(command, c.Set) else None
        local = isinstance(command, c.Set) and command.local
        name = command.name.lower()
        if name == AUTHORIZATION:
            return self._authorize(client, sql, values, local=local)
        if name in IDLE_TIMEOUTS:
            return self._note_timeout(client, sql, name, values, local=local)
        if name == "client_encoding" and values:
            _check_encoding(values[0])
        if values is not None:
            return self._submit(client, sql, [sql], [Named(name, local)])
        statement, first = sql, client.first_settings.get(name)
        if first != self._scheduler.facts.logins.first.get(name):  # which the server does not know
            statement = set_statement(name, first, local=local)
        return self._submit(client, sql, [statement], (), (Setting(name, None, local),))

    def _authorize(
        self, client: RollbackClient, sql: str, values: tuple[str, ...] | None, *, local: bool
    ) -> Pending:
        """Carry out SET SESSION AUTHORIZATION, which the server would always permit."""
        user = client.user if values is None else values[0]
        if values is not None and not self._may_become(client, user):
            exists = f"SELECT FROM pg_catalog.pg_roles WHERE rolname = {literal(user)}"
            request = upstream_requests.query(exists)
            refuse = partial(_refuse_authorization, user, self._major)
            return self._scheduler.submit(client, sql, request, refuse)
        word = "LOCAL" if local else "SESSION"
        statements = [f"SET {word} SESSION AUTHORIZATION {quoted(user)}"]
        role = client.first_settings["role"] if values is None else "none"
        if role != "none":
            statements.append(set_statement("role", role, local=local))
        changed = (Setting(AUTHORIZATION, user, local), Setting("role", role, local))
        return self._submit(client, sql, statements, (), changed)

    def _note_timeout(
        self,
        client: RollbackClient,
        sql: str,
        name: str,
        values: tuple[str, ...] | None,
        *,
        local: bool,
    ) -> Pending:
        """Record a time-out without setting it, if the server knows it and the value is valid."""
        known = find(name)
        assert known is not None
        value = None if values is None else known.shown(values)
        self._scheduler.limits.note_idle_timeout()
        return self._submit(client, sql, [f"SHOW {name}"], (), (Setting(name, value, local),))

    def _may_become(self, client: RollbackClient, user: str) -> bool:
        return user == client.user or self._scheduler.facts.logins.is_superuser(client.user)

    def _check_authorization(self, client: RollbackClient, user: str | None) -> None:
        """Refuse to become another user; None is one whose name is not known."""
        if user is None and not self._scheduler.facts.logins.is_superuser(client.user):
            raise errors.error("42501", "permission denied to set session authorization")
        if user is not None and not self._may_become(client, user):
            raise _authorization_denied(user, self._major)

    @property
    def _major(self) -> int:
        return int(self._scheduler.facts.logins.first["server_version_num"]) // 10_000

    def discard_all(self, sql: str, client: RollbackClient) -> Pending:
        """Carry out DISCARD ALL on the real server."""
        statements = [
            "CLOSE ALL",
            f"SET SESSION AUTHORIZATION {quoted(client.user)}",
            "RESET ALL",
            *self._first_parameters(client, {AUTHORIZATION: client.user, "role": "none"}),
            "SELECT pg_catalog.pg_advisory_unlock_all()",
            "DISCARD TEMP",
            "DISCARD SEQUENCES",
        ]
        return self._submit(client, sql, statements, ())

    def _first_parameters(self, client: RollbackClient, now: Values) -> list[str]:
        """Return the statements after RESET ALL that set what the client had when it connected.

        Args:
            client: the client.
            now: the user and the role of the session; DISCARD ALL resets the role as well.
        """
        logins, first = self._scheduler.facts.logins, client.first_settings
        before, after = dict(logins.first), dict(first)
        for name in (AUTHORIZATION, "role"):
            before[name] = now[name]
            after[name] = first[name] if now is not client.settings else now[name]
        before["is_superuser"] = after["is_superuser"]
        return switch(before, after, logins.login)

    def _submit(
        self,
        client: RollbackClient,
        sql: str,
        statements: Sequence[str],
        named: Sequence[Named],
        changed: Sequence[Setting] = (),
    ) -> Pending:
        question = self.question(named)
        request = upstream_requests.query(";".join(statements)) + question
        local = any(setting.local for setting in changed) or any(name.local for name in named)

        def done(reply: Reply, answer: Reply | None = None) -> Result:
            if reply.error is not None:
                raise reply.error
            found = self.changed(client, named, answer or reply, local=local)
            known = {setting.name for setting in changed}
            return Result(changed=(*changed, *(new for new in found if new.name not in known)))

        return self._scheduler.submit(client, sql, request, done, wanted=2 if question else 1)

    # Statements that set something ---------------------------------------------------------------

    def named_in(
        self, statement: Statement, values: Sequence[Any], client: RollbackClient
    ) -> list[Named]:
        """Return the parameters that a statement sets, and those that its functions may set.

        Raises:
            ServerError: the client may not set one of them.
        """
        functions, named = self._scheduler.facts.functions, settings_in(statement.sql, values)
        if statement.command in ("CREATE FUNCTION", "CREATE PROCEDURE"):
            created = _CREATED.search(statement.sql)
            functions.add("" if created is None else created[1], statement.sql)
            return []
        if statement.copy == "in":
            return []  # nothing can be asked before the end of its data
        if any(found.name == AUTHORIZATION for found in named):
            self._check_authorization(client, None)
        names = {found.name for found in named}
        return named + [
            found for found in functions.set_by(statement.sql) if found.name not in names
        ]

    def question(self, named: Sequence[Named]) -> bytes:
        """Return the request that asks for the values of parameters, after they were set."""
        names = dict.fromkeys(found.name for found in named if found.name is not None)
        return upstream_requests.query(show(*names)) if names else b""

    def changed(
        self, client: RollbackClient, named: Sequence[Named], reply: Reply, *, local: bool = True
    ) -> list[Setting]:
        """Return what has changed of a client's parameters.

        Args:
            client: the client.
            named: the parameters that a statement may have set.
            reply: the reply to the question for them, or the only one.
            local: whether anything else lasts only until the end of the transaction.
        """
        settings, found = client.settings, []
        asked = {setting.name: setting for setting in named if setting.name is not None}
        if asked and reply.error is None:
            for setting, value in zip(asked.values(), rows(reply)[-1], strict=True):
                name = str(setting.name)
                if setting.is_certain or value != settings.get(name):
                    found.append(Setting(name, value, setting.local is not False))
                if "." in name and value is not None and find(name) is None:
                    self._scheduler.settings.has_new_names = True
        if any(setting.name is None for setting in named):
            self._scheduler.settings.note_unknown(
                local=any(setting.local is not False for setting in named if not setting.name)
            )
        for change in found:
            if change.name in ("role", AUTHORIZATION):
                local = change.local
        names = {change.name for change in found}
        for name in _REPORTED:
            value = reply.reported.get(name)
            if value is not None and value != settings.get(name) and name not in names:
                found.append(Setting(name, value, local))
        return found


def _check_encoding(value: str | None) -> None:
    if value is not None:
        known = find("client_encoding")
        assert known is not None
        known.shown((value,))


def _refuse_authorization(user: str, major: int, reply: Reply) -> Result:
    if reply.error is not None:
        raise reply.error
    if reply.tag == "SELECT 0":
        raise errors.error("22023", f'role "{user}" does not exist')
    raise _authorization_denied(user, major)


def _authorization_denied(user: str, major: int) -> Exception:
    named = f' "{user}"' if major >= 16 else ""
    return errors.error("42501", f"permission denied to set session authorization{named}")
