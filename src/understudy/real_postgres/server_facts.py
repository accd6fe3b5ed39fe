"""What the real server says of its roles and functions: read once, and again after changes."""

from __future__ import annotations

import re

from understudy.fake_postgres.protocol.session_settings import initial_values
from understudy.real_postgres import logins
from understudy.real_postgres.limits import FACTS, Limits
from understudy.real_postgres.logins import Logins
from understudy.real_postgres.reads import VOLATILE, ReadStatements
from understudy.real_postgres.sequences import save_sequences
from understudy.real_postgres.setting_texts import READ_FUNCTIONS, FunctionSettings
from understudy.real_postgres.upstream import Upstream
from understudy.real_postgres.upstream_replies import rows
from understudy.real_postgres.upstream_requests import query

_CHANGES_ROLES = re.compile(r"\b(?:ROLE|USER|GROUP|DATABASE)\b", re.IGNORECASE)
_DEFINES_CODE = re.compile(
    r"\b(?:FUNCTION|PROCEDURE|VIEW|RULE|OPERATOR|EXTENSION|POLICY|CAST)\b", re.IGNORECASE
)
_DEFINES = frozenset(
    {"CREATE", "ALTER", "DROP", "REINDEX", "SECURITY", "IMPORT", "GRANT", "REVOKE"}
)


def defines_code(sql: str) -> bool:
    """Return whether a statement may define what runs in a query, such as a function."""
    word = sql.lstrip()[:6].upper()
    return (word in _DEFINES or word.startswith("DO")) and _DEFINES_CODE.search(sql) is not None


class ServerFacts:
    """What is known of a server, and whether the test has changed it.

    Attributes:
        logins: the roles of the server.
        functions: what functions of the schema set.
        reads: tells which statements only read.
        changed_schema: whether the test has changed the schema.
        changed_roles: whether the test has changed the roles.
        changed_code: whether the test has defined what may run in a query, such as a function.
    """

    def __init__(self) -> None:
        self.logins = Logins()
        self.functions = FunctionSettings()
        self.reads = ReadStatements()
        self.changed_schema = False
        self.changed_roles = False
        self.changed_code = False

    def read(self, upstream: Upstream, limits: Limits) -> None:
        """Read everything on a new connection."""
        limits.read_facts(rows(upstream.ask_now(query(FACTS))))
        reported = dict(upstream.settings)
        version = reported.pop("server_version").partition(" ")[0]
        self.logins.begin(initial_values(version, reported))
        self.logins.note(upstream.ask_now(logins.READ))
        self.functions.note(upstream.ask_now(READ_FUNCTIONS))
        names = rows(upstream.ask_now(query(VOLATILE)))
        self.reads.note(name for (name,) in names if name)
        self.changed_roles = False
        save_sequences(upstream)

    def note(self, sql: str, tag: str) -> None:
        """Record what a statement with a command tag may have changed."""
        # CREATE TABLE ... AS is tagged as a SELECT.
        word = sql.lstrip()[:6].upper()
        if {tag.partition(" ")[0], word} & _DEFINES:
            self.changed_schema = True
        self.changed_code |= defines_code(sql)
        if word in _DEFINES or word.startswith("DO"):
            self.changed_roles |= _CHANGES_ROLES.search(sql) is not None

    def read_again(self, upstream: Upstream | None) -> None:
        """Read what the test has changed, after a rollback; None if the server is replaced."""
        has_roles, has_schema = self.changed_roles, self.changed_schema
        self.changed_roles = self.changed_schema = self.changed_code = False
        if upstream is None:
            return
        if has_roles and not upstream.is_lost:
            self.logins.note(upstream.ask_now(logins.READ))
        if has_schema and not upstream.is_lost:
            upstream.ask_now(query("DEALLOCATE ALL"))
            self.functions.note(upstream.ask_now(READ_FUNCTIONS))
            save_sequences(upstream)
