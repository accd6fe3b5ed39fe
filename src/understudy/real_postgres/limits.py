"""Why one rolled-back transaction is not enough for a test.

All connections of a test share one transaction, which shows less than a database does. What a
statement, an error or a wait reveals about that is noticed here, and nowhere else. Under
`isolation = "auto"` the test is then run again on a clone; under "rollback" its report says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from understudy.real_postgres import failures
from understudy.real_postgres.client_state import RollbackClient
from understudy.script import expectations

Certainty = Literal["wrong", "met", "possible"]

_CLOCK = (
    r"\b(?:now|transaction_timestamp)\s*[(]"
    r"|\b(?:current_(?:timestamp|time|date)|localtime(?:stamp)?)\b"
)
_NOTIFIES = r"\b(?:pg_notify|notify)\b"
_SQL_CLOCK, _SQL_NOTIFIES = (text.replace(r"\b", r"\y") for text in (_CLOCK, _NOTIFIES))
# In the rows: "clock" and the name of a relation or a function that reads the time of the
# transaction, or "notify" and the name of a function that notifies.
FACTS = f"""
    SELECT 'clock', relname FROM pg_catalog.pg_attrdef
    JOIN pg_catalog.pg_class ON pg_class.oid = adrelid
    WHERE pg_catalog.pg_get_expr(adbin, adrelid) ~* '{_SQL_CLOCK}'
    UNION ALL
    SELECT 'clock', relname FROM pg_catalog.pg_class
    WHERE relkind IN ('v', 'm') AND relnamespace >= 16384
        AND pg_catalog.pg_get_viewdef(pg_class.oid) ~* '{_SQL_CLOCK}'
    UNION ALL
    SELECT 'clock', relname FROM pg_catalog.pg_trigger
    JOIN pg_catalog.pg_class ON pg_class.oid = tgrelid
    JOIN pg_catalog.pg_proc ON pg_proc.oid = tgfoid WHERE prosrc ~* '{_SQL_CLOCK}'
    UNION ALL
    SELECT 'clock', proname FROM pg_catalog.pg_proc WHERE oid >= 16384 AND prosrc ~* '{_SQL_CLOCK}'
    UNION ALL
    SELECT 'notify', proname FROM pg_catalog.pg_proc
    WHERE oid >= 16384 AND prosrc ~* '{_SQL_NOTIFIES}'
"""
_TOUCHED = {
    "clock": _CLOCK,
    "notify": _NOTIFIES,
    "listen": r"^\s*listen\b",
    "level": r"\b(?:serializable|repeatable\s+read)\b",
    "lock": r"\bpg_(?:try_)?advisory_lock(?:_shared)?\s*[(]",
    "unlock": r"\bpg_advisory_unlock",
    "skip": r"\b(?:skip\s+locked|nowait)\b",
    "prepared": r"^\s*(?:prepare\s+transaction|(?:commit|rollback)\s+prepared)\b",
    "session_table": r"^\s*create\s+(?:local\s+|global\s+)?temp(?:orary)?\b",
    "temporary": r"\bon\s+commit\s+(?:drop|delete)\b",
    "backend": r"\bpg_(?:terminate|cancel)_backend\s*[(]",
    "block": r"^\s*(?:declare\b(?!.*\bwith\s+hold\b)|lock\b)",
    "identity": r"\b(?:pg_current_(?:xact_id|snapshot)\w*|txid_(?:current|snapshot)\w*"
    r"|pg_snapshot\w*|xmin|xmax|pg_backend_pid|pg_stat_activity|pg_locks"
    r"|pg_prepared_statements|pg_cursors)\b",
}
_PATTERN = re.compile(
    "|".join(f"(?P<{name}>{pattern})" for name, pattern in _TOUCHED.items()),
    re.IGNORECASE | re.DOTALL,
)
# Of errors: a command outside of a transaction block that cannot run in one, and a COMMIT in a
# procedure or a DO block.
_ERRORS = {
    "25001": "runs a command that cannot run in a transaction",
    "2D000": "ends a transaction in a procedure or a DO block",
    "55P04": "adds a value to an enum and uses it",
}
_MOST_TEXTS = 2000


@dataclass(frozen=True)
class Limit:
    """Something that one rolled-back transaction cannot show.

    Attributes:
        reason: what the test does, as the end of the sentence "The test ...".
        certainty: "wrong" if the test saw something that PostgreSQL would not do, "met" if it may
            have, "possible" if only a failure of the test can be explained by it.
    """

    reason: str
    certainty: Certainty


class Limits:
    """The limits that the current test has met.

    Attributes:
        moves: whether the test is run again on a clone when it meets one. A test that uses the
            script or the log of calls is not: a clone has neither.
        is_over: whether it will be: the rest of this run does not matter.
        met: the limits, by reason.
    """

    def __init__(self) -> None:
        self.has_clone = False  # the test has a database of its own
        self.on_over: Callable[[], None] = lambda: None
        self._clock_names: set[str] = set()
        self._notifies = False
        self.begin(moves=False)

    def read_facts(self, facts: list[tuple[str | None, ...]]) -> None:
        """Take the rows of FACTS."""
        self._clock_names = {name or "" for kind, name in facts if kind == "clock"}
        self._notifies = any(kind == "notify" for kind, _ in facts)

    def begin(self, *, moves: bool) -> None:
        """Begin a test."""
        self.moves = moves
        self.is_over = False
        self.met: dict[str, Limit] = {}
        self._texts: set[str] = set()
        self._senders: set[int] = set()
        self._locks: dict[tuple[str, object], int] = {}
        self._has_notified = self._listens = self._has_level = False
        self._has_session_table = False

    # What is noticed -----------------------------------------------------------------------------

    def note_statement(self, sql: str, client: RollbackClient) -> None:
        """Notice what a statement reveals."""
        if len(self._texts) < _MOST_TEXTS:
            self._texts.add(sql)
        self._senders.add(client.pid)
        found = _found(sql)
        if found:
            self._note_found(found)
        if "block" in found and client.current is None:
            self._note("uses a cursor or LOCK outside of a transaction", "met")
        if self._has_session_table and len(self._senders) > 1:
            self._note("has several connections and a temporary table", "possible")
        if self._has_level and len(self._senders) > 1:
            self._note("has several connections, and a level above READ COMMITTED", "met")

    def _note_found(self, found: frozenset[str]) -> None:
        self._listens |= "listen" in found
        self._has_session_table |= "session_table" in found
        self._has_notified |= "notify" in found and "listen" not in found
        if "clock" in found:
            self._note("uses now(), which stands still", "possible")
        if self._listens and (self._has_notified or self._notifies):
            self._note("listens, and a function or a nested statement notifies", "met")
        if "level" in found:
            self._has_level = True
            self._note("sets an isolation level above READ COMMITTED", "possible")
        if "prepared" in found:
            self._note("uses prepared transactions", "met")
        if "temporary" in found:
            self._note("has a temporary table that a commit changes", "met")
        if "backend" in found:
            self._note("cancels or terminates a backend", "met")
        if "identity" in found:
            self._note("looks at backends, sessions or transactions of the server", "possible")

    def note_call(self, sql: str, values: object, client: RollbackClient) -> None:
        """Notice an advisory lock of the session that another connection holds."""
        found = _found(sql)
        if "unlock" in found:
            self._locks = {key: pid for key, pid in self._locks.items() if pid != client.pid}
        if "lock" not in found:
            return
        holder = self._locks.setdefault((sql, values), client.pid)
        if holder != client.pid:
            self._note("has two connections that take the same advisory lock", "wrong")
        elif set(self._locks.values()) != {client.pid}:
            self._note("takes advisory locks on two connections", "met")

    def note_lost(self, client: RollbackClient) -> None:
        """Notice that a connection has ended: its advisory locks are released."""
        self._locks = {key: pid for key, pid in self._locks.items() if pid != client.pid}

    def note_new_name(self) -> None:
        """Notice a parameter that another connection has made up, and whose name is known here."""
        self._note("has connections that make up parameters of the session", "possible")

    def note_idle_timeout(self) -> None:
        """Notice a time-out that would end the test's own transaction."""
        self._note("sets a time-out of idle or long transactions", "possible")

    def note_unknown_setting(self) -> None:
        """Notice a parameter of another connection that is lost, because its name is unknown."""
        self._note("sets a parameter whose name is computed, on several connections", "met")

    def note_error(self, sqlstate: str, client: RollbackClient) -> None:
        """Notice an error that only the transaction of the test can explain."""
        if sqlstate in _ERRORS and (client.current is None or sqlstate != "25001"):
            self._note(_ERRORS[sqlstate], "met")

    def note_wait(self, sql: str) -> None:
        """Notice a statement that has to wait for the transaction of another connection."""
        if "skip" in _found(sql):
            self._note("uses SKIP LOCKED or NOWAIT beside another transaction", "met")
        else:
            self._note("has connections that wait for each other", "possible")

    def note_busy(self) -> None:
        """Notice a statement that has waited too long for another connection's transaction."""
        self._note("has a connection that waits for another one's transaction", "met")

    def note_broken(self) -> None:
        """Notice that the transaction of the test has ended before the test."""
        self._note("ends the transaction that isolates it", "met")

    def _note(self, reason: str, certainty: Certainty) -> None:
        known = self.met.get(reason)
        if known is not None and known.certainty != "possible":
            return
        self.met[reason] = Limit(reason, certainty)
        if certainty == "possible" or self.is_over:
            return
        if self.moves:
            self.give_up()
        elif certainty == "wrong":
            expectations.record_failure(failures.not_shown(reason))

    def give_up(self) -> None:
        """Run the test again on a clone; the rest of this run does not matter."""
        self.is_over = True
        self.on_over()

    # What follows --------------------------------------------------------------------------------

    def reasons(self, *, has_failed: bool) -> list[str]:
        """Return the reasons to distrust the outcome of the test, the certain ones first.

        Args:
            has_failed: whether the test has failed, which reasons that are only possible explain.
        """
        certain = [limit.reason for limit in self.met.values() if limit.certainty != "possible"]
        if not has_failed:
            return certain
        possible = [limit.reason for limit in self.met.values() if limit.certainty == "possible"]
        if name := self._clock_name():
            possible.append(f"uses {name}, which uses now()")
        return certain + possible

    def _clock_name(self) -> str | None:
        """Return a relation or a function that the test has used and that uses now(), if any."""
        if not self._clock_names:
            return None
        used = {word for text in self._texts for word in re.findall(r"\w+", text)}
        return min(self._clock_names & used, default=None)


@lru_cache(maxsize=4096)
def _found(sql: str) -> frozenset[str]:
    """Return the names of the limits that a statement may touch."""
    return frozenset(
        name
        for match in _PATTERN.finditer(sql)
        for name, text in match.groupdict().items()
        if text is not None
    )
