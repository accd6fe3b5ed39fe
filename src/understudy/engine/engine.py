"""The engine: logs a call, checks it against the catalog, and finds its answer in the script.

`FakeConnection`, `fake_postgres` and `real_postgres` all ask here. Each turns the Outcome into what
its caller expects: psqlpy's results, messages of the protocol, or a statement that goes on to the
real server. The engine never waits: the caller knows the event loop, and handles delays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from understudy.catalog import active_checker, session_schema
from understudy.catalog.description import Description
from understudy.catalog.session_schema import NO_CONTEXT, Context
from understudy.engine.copied_rows import Columns, CopiedRows, columns_of, query_of
from understudy.engine.outcome import Outcome
from understudy.pg.codec_registry import Values
from understudy.pg.types import Types
from understudy.script import call_counts
from understudy.script.calls import Call
from understudy.script.failures import Failure
from understudy.script.rules import Rule
from understudy.script.script import Script

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker


class Engine:
    """The scripts and the call log of one database. Not for several threads at once.

    Args:
        *scripts: what answers, in the order in which they are asked.
        checks_calls: whether `ask` checks statement and parameters as psqlpy would send them. It
            need not if a real driver has sent them: it has called `describe` before.
        tally: counts the calls for the summary of the run.
        checker: returns what checks calls and answers; None if nothing does.

    Attributes:
        scripts: as above; a test's own script may come and go.
    """

    def __init__(
        self,
        *scripts: Script,
        checks_calls: bool,
        tally: call_counts.Tally = call_counts.FAKES,
        checker: Callable[[], Checker | None] = active_checker.checker,
    ) -> None:
        self.scripts = scripts
        self._checks_calls = checks_calls
        self._tally = tally
        self._checker = checker

    def log(self, call: Call, *, has_run: bool = True) -> None:
        """Add a call to the log, to its transaction, and to the counts of the run.

        Args:
            call: what was asked.
            has_run: False for a statement that is refused before it runs; it is only logged.
        """
        for script in self.scripts:
            script.calls.append(call)
        if has_run:
            self._tally.note(call.text)
            if call.transaction is not None:
                call.transaction.calls.append(call)

    def succeeded(self, call: Call, owner: object, search_path: str | None = None) -> None:
        """Note that a call is answered with a success: later ones may depend on what it made.

        Args:
            call: the call.
            owner: the connection.
            search_path: its search_path; None if only its statements tell.
        """
        changes = self.scripts[0].changes
        default = _default_path()
        session_schema.note(changes, call.statement, call.transaction, owner, search_path, default)

    def context(self, call: Call, owner: object, search_path: str | None = None) -> Context:
        """Return what the sessions of this test have made of the schema, for a call.

        Args:
            call: the call.
            owner: the connection.
            search_path: its search_path; None if only its statements tell.
        """
        changes = self.scripts[0].changes
        return session_schema.context_of(
            changes, call.statement, owner, search_path, _default_path()
        )

    def ask(
        self, call: Call, description: Description | None = None, owner: object = None
    ) -> Outcome:
        """Check a call against the catalog, and take its answer from the script.

        Args:
            call: what was asked.
            description: what `describe` has returned for a statement of a real driver.
            owner: the connection of a fake.

        Returns:
            The outcome; its answer is None if no rule has one left for the call.

        Raises:
            Failure: the catalog refuses the call, or a predicate of a rule raised.
        """
        __tracebackhide__ = True
        if self._checks_calls:
            checker = self._checker()
            if checker is not None:
                with self._excusing(call):
                    description = checker.check_call(call, self.context(call, owner))
        for script in self.scripts:
            if script.rules and (answer := script.answer(call)) is not None:
                return Outcome(call, answer, description, self._checker)
        return Outcome(call, None, description, self._checker)

    def describe(
        self, call: Call, declared: Sequence[str], context: Context = NO_CONTEXT
    ) -> Description | None:
        """Return what PostgreSQL says of a statement that a real driver has sent.

        Args:
            call: the call of the statement.
            declared: the types that the driver declares for its first parameters, "" for none.
            context: what its session has made of the schema.

        Returns:
            None if PostgreSQL was not asked, or did not look at its meaning.

        Raises:
            Failure: it refuses the statement, or the catalog does not hold it and is locked.
        """
        checker = self._checker()
        if checker is None:
            return None
        with self._excusing(call):
            return checker.describe(call, declared, context)

    def describe_accepted(
        self, call: Call, declared: Sequence[str], context: Context
    ) -> Description | None:
        """Return what PostgreSQL says of a statement that a real server has accepted, if known."""
        checker = self._checker()
        if checker is None:
            return None
        return checker.describe_accepted(call.statement, declared, context)

    def accepted_rows(self, copy: str, data: bytes) -> CopiedRows:
        """Return the rows of a COPY on a fake, which knows the types if there is a schema."""
        checker = self._checker()
        types = Types({} if checker is None else checker.types)

        def columns() -> Columns:
            question = Call("execute", query_of(copy) or copy, None)
            return columns_of(copy, self.describe_accepted(question, (), NO_CONTEXT))

        return CopiedRows(copy, data, columns, Values(types), is_strict=False)

    @contextmanager
    def _excusing(self, call: Call) -> Iterator[None]:
        """If a call is refused, do not also report that its rules were never used."""
        __tracebackhide__ = True
        try:
            yield
        except Failure:
            for rule in self.rules_for(call):
                rule.is_excused = True
            raise

    def rules_for(self, call: Call) -> list[Rule]:
        """Return the rules that match the statement of a call, with any parameters."""
        return [
            rule
            for script in self.scripts
            for rule in script.rules_for(call)
            if rule.matches_sender(call)
        ]

    def refuse(self, call: Call) -> Failure:
        """Record and return the failure for a call that nothing answers, to be raised."""
        return self.scripts[0].refuse(call)


def _default_path() -> str:
    """Return the search_path of the connection that asks PostgreSQL about statements."""
    checker = active_checker.made()
    facts = None if checker is None else checker.facts
    defaults = {} if facts is None else facts.defaults_of(None)
    return defaults.get("search_path", session_schema.DEFAULT_PATH)
