"""Every call held against what PostgreSQL says of its statement."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.catalog import answer_checks as answers
from understudy.catalog import messages
from understudy.catalog.bind_parameters import NotReadable, count_in, in_order, numbered
from understudy.catalog.description import Description, Refusal, Verdict
from understudy.catalog.error_checks import reason_against
from understudy.catalog.errors import (
    AnswerImpossible,
    CatalogError,
    ErrorImpossible,
    ParametersRefused,
    StatementRefused,
    StatementUnknown,
    UncheckedWarning,
)
from understudy.catalog.parameter_checks import ParameterRules
from understudy.catalog.placeholders import BadPlaceholder
from understudy.catalog.run_catalog import Catalog
from understudy.catalog.statement_checks import Held
from understudy.catalog.value_checks import ValueRules
from understudy.pg import sql
from understudy.pg.errors import ErrorFields
from understudy.pg.types import TypeFacts
from understudy.script import expectations
from understudy.script.answers import Rows, Value
from understudy.script.calls import Call
from understudy.script.excerpt import line_with_caret
from understudy.script.failures import Failure

Level = Literal["error", "warn", "off"]
# Methods whose parameters are the records of a COPY.
_RECORDS = ("copy_records_to_table", "binary_copy_to_table")


@dataclass(frozen=True, slots=True)
class Levels:
    """What each check does with what it finds: fail the test, warn, or not look at all."""

    statements: Level = "error"
    parameters: Level = "error"
    answers: Level = "error"
    errors: Level = "error"


@dataclass
class Coverage:
    """How far the statements of a run were checked, on one line each.

    Attributes:
        checked: those whose meaning PostgreSQL has checked.
        parsed: those of which it has checked the grammar alone.
        unchecked: those it was not asked about, and why.
    """

    checked: set[str] = field(default_factory=set)
    parsed: set[str] = field(default_factory=set)
    unchecked: dict[str, str] = field(default_factory=dict)


class Checker:
    """Holds calls, answers and errors against the catalog.

    Args:
        catalog: what PostgreSQL says of the statements.
        driver: whose rules for Python values apply: "psqlpy", "asyncpg" or "psycopg".
        levels: what to do with what is found.
        lenient: True where a statement without a verdict is only counted, and fails no test.

    Attributes:
        held: what calls are held to, by the statements that have been looked up.
    """

    def __init__(
        self, catalog: Catalog, driver: str, levels: Levels | None = None, *, lenient: bool = False
    ) -> None:
        self.catalog = catalog
        self.coverage = Coverage()
        self._driver = driver
        self._levels = levels or Levels()
        self._lenient = lenient
        self.held: dict[str, Held] = {}
        self._made_rules: tuple[ParameterRules, ValueRules] | None = None

    def check_call(self, call: Call) -> None:
        """Check a call's statement and parameters.

        Raises:
            StatementRefused: PostgreSQL refuses the statement.
            ParametersRefused: there are too many or too few, or one would not be taken.
            StatementUnknown: the catalog is locked, or cannot be used.
        """
        __tracebackhide__ = True
        held = self.held.get(call.statement)
        # Without parameters the driver leaves names as they stand, and PostgreSQL refuses them.
        if held is None or (held.names and call.parameters is None):
            held = self._look_up(call)
        if held is not None and held.takes is not None and self._levels.parameters != "off":
            self._check_parameters(call, held)

    def check_answer(self, call: Call, outcome: Rows | Value) -> None:
        """Check that a statement could return what it is answered with.

        Raises:
            AnswerImpossible: it could not.
        """
        __tracebackhide__ = True
        held = self.held.get(call.statement)
        if held is None or held.description is None or self._levels.answers == "off":
            return
        _, values = self._rules()
        found = answers.difference(held.description, outcome, values.mismatch, call.method)
        if found is None:
            held.returned(outcome, call.method)
        else:
            text = messages.answer_impossible(call, found)
            self._report(self._levels.answers, AnswerImpossible(text), call)

    def check_error(self, call: Call, fields: ErrorFields) -> None:
        """Check that a statement could fail with a scripted error.

        Raises:
            ErrorImpossible: the error names a constraint or a column that the statement could not
                violate.
        """
        __tracebackhide__ = True
        held = self.held.get(call.statement)
        if held is not None and held.description is not None:
            self.check_sent_error(call, held.description, fields)

    # For lanes on which a real driver has done its part: what it sent is what PostgreSQL gets ----

    @property
    def types(self) -> Mapping[str, TypeFacts]:
        """What is known of the schema's own types, by their spelling."""
        return {} if self._lenient else self.catalog.facts.types

    def describe(self, call: Call, declared: Sequence[str] = ()) -> Description | None:
        """Return what PostgreSQL says of a statement as a driver sent it.

        None where it looked at no more than the grammar, or refuses it and nobody minds.

        Args:
            call: the call of the statement.
            declared: the types that the driver declares for its first parameters, "" for none.

        Raises:
            StatementRefused: PostgreSQL refuses it.
            StatementUnknown: the catalog is locked, or cannot be used.
        """
        shown = sql.one_line(call.statement)
        statement = sql.tidy(call.statement)
        verdict = self._verdict(call, statement, declared)
        if isinstance(verdict, Refusal):
            position = verdict.position
            excerpt = [] if position is None else line_with_caret(statement, position - 1)
            text = messages.statement_refused(call, verdict, excerpt)
            self._refuse(call, shown, text, verdict)
        elif isinstance(verdict, Description):
            self.coverage.checked.add(shown)
            return verdict
        elif verdict is not None:
            self.coverage.parsed.add(shown)
        return None

    def check_sent(
        self, call: Call, description: Description, outcome: Rows, mismatch: answers.Mismatch
    ) -> bool:
        """Check that a statement could return what it is answered with.

        Args:
            call: the call that is answered.
            description: what PostgreSQL says of the statement.
            outcome: the answer.
            mismatch: tells why a value is not sent for a type.

        Returns:
            Whether it was looked at and found to fit, each of its values too.

        Raises:
            AnswerImpossible: it could not.
        """
        if self._levels.answers == "off":
            return False
        found = answers.difference(description, outcome, mismatch, call.method)
        if found is None:
            return True
        text = messages.answer_impossible(call, found)
        self._report(self._levels.answers, AnswerImpossible(text), call)
        return False

    def check_sent_error(self, call: Call, description: Description, fields: ErrorFields) -> None:
        """Check that a statement could fail with a scripted error.

        Raises:
            ErrorImpossible: it could not.
        """
        if self._levels.errors == "off":
            return
        reason = reason_against(description, fields, self.catalog.facts)
        if reason is not None:
            text = messages.error_impossible(call, reason)
            self._report(self._levels.errors, ErrorImpossible(text), call)

    # -------------------------------------------------------------------------------------------

    def _look_up(self, call: Call) -> Held | None:
        """Look a statement up for the first time; None where there is nothing to hold calls to."""
        __tracebackhide__ = True
        shown = sql.one_line(call.statement)
        if call.method == "execute_batch" and sql.is_several(call.statement):
            self.coverage.unchecked[shown] = messages.several()
            return None
        statement = sql.tidy(call.statement)
        given = None if call.method in _RECORDS else call.parameters
        try:
            asked = numbered(self._driver, statement, given)
        except BadPlaceholder as error:
            text = messages.driver_refuses(call, self._driver, str(error))
            self._refuse(call, shown, text)
            return None
        verdict = self._verdict(call, asked.text)
        if isinstance(verdict, Refusal):
            excerpt: list[str] = []
            if verdict.position is not None:
                offset = asked.original_position(verdict.position) - 1
                excerpt = line_with_caret(statement, offset)
            text = messages.statement_refused(call, verdict, excerpt)
            self._refuse(call, shown, text, verdict)
            return None
        if isinstance(verdict, Description):
            self.coverage.checked.add(shown)
            held = Held(verdict, asked.names, len(verdict.parameters), self._rules())
        elif verdict is not None:
            self.coverage.parsed.add(shown)
            count = None if call.method in _RECORDS else count_in(asked.text)
            held = Held(None, asked.names, count)
        else:
            held = Held(None)
        self.held[call.statement] = held
        return held

    def _verdict(self, call: Call, statement: str, declared: Sequence[str] = ()) -> Verdict | None:
        """Ask the catalog; None where it has no verdict and that is no failure."""
        __tracebackhide__ = True
        try:
            return self.catalog.verdict(statement, declared)
        except Exception as error:  # raised as it is, it would pass for the driver's
            text = str(error) if isinstance(error, CatalogError) else messages.no_verdict(error)
            self.coverage.unchecked[sql.one_line(call.statement)] = text.partition("\n")[0]
            if self._lenient:
                return None
            # Not kept: every test that meets it fails, not only the first.
            raise expectations.record_failure(StatementUnknown(messages.at(text, call))) from error

    def _refuse(self, call: Call, shown: str, text: str, refusal: Refusal | None = None) -> None:
        __tracebackhide__ = True
        if self._levels.statements == "off":
            self.coverage.unchecked[shown] = messages.switched_off()
        else:
            self.coverage.checked.add(shown)
            self._report(self._levels.statements, StatementRefused(text, refusal), call)

    def _check_parameters(self, call: Call, held: Held) -> None:
        __tracebackhide__ = True
        if call.method != "execute_many":
            self._check_row(call, held, call.parameters, 0, 1)
            return
        rows: Any = call.parameters or ()
        for number, row in enumerate(rows):
            if not self._check_row(call, held, row, number, len(rows)):
                return

    def _check_row(self, call: Call, held: Held, row: Any, number: int, rows: int) -> bool:
        """Check the parameters of one execution, and say whether they are fine."""
        __tracebackhide__ = True
        try:
            given = in_order(row, held.names)
        except NotReadable as error:
            text = messages.parameters_unreadable(call, row, str(error), number, rows)
        else:
            count = held.takes or 0
            types = held.description.parameters if held.description is not None else ()
            if len(given) != count:
                text = messages.parameter_count(call, count, given, number, rows)
            elif found := self._refused(types, given):
                text = messages.parameters_refused(call, types, held.names, found, number, rows)
            else:
                return True
        self._report(self._levels.parameters, ParametersRefused(text), call)
        return False

    def _refused(self, types: Sequence[str], given: Sequence[Any]) -> list[tuple[int, Any, str]]:
        refusal = self._rules()[0].refusal
        return [
            (index, value, reason)
            for index, (kind, value) in enumerate(zip(types, given, strict=False))
            if value is not None and (reason := refusal(kind, value)) is not None
        ]

    def _rules(self) -> tuple[ParameterRules, ValueRules]:
        """The driver's rules, made when the catalog is there."""
        if self._made_rules is None:
            types = self.catalog.facts.types
            self._made_rules = ParameterRules(self._driver, types), ValueRules(self._driver, types)
        return self._made_rules

    def _report(self, level: Level, failure: Failure, call: Call) -> None:
        __tracebackhide__ = True
        if level == "error":
            raise expectations.record_failure(failure)
        code, line = call.origin
        text = f"{type(failure).__name__}: {failure}"
        try:
            warnings.warn_explicit(text, UncheckedWarning, code.co_filename, line)
        except UncheckedWarning:
            # Whoever turns warnings into errors wants none to be caught by the code under test.
            raise expectations.record_failure(failure) from None
