"""Checks of calls, answers and errors against what PostgreSQL says of their statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import cached_property, partial
from typing import Any

from understudy.catalog import answer_checks as answers
from understudy.catalog import outcome_checks, report
from understudy.catalog.bind_parameters import NotReadable, count_in, in_order
from understudy.catalog.coverage import Coverage
from understudy.catalog.description import Description, Refusal, SchemaFacts, Verdict
from understudy.catalog.error_checks import reason_against
from understudy.catalog.error_details import with_details
from understudy.catalog.errors import (
    AnswerImpossible,
    CatalogError,
    ErrorImpossible,
    ParametersRefused,
    StatementRefused,
    StatementUnknown,
)
from understudy.catalog.findings import Findings
from understudy.catalog.levels import Levels
from understudy.catalog.literals import skeleton
from understudy.catalog.made_up_rows import CannotMakeUp, RowFiller
from understudy.catalog.parameter_checks import CheckedStatement, parameter_problem
from understudy.catalog.placeholders import Numbered, to_numbered
from understudy.catalog.run_catalog import Catalog
from understudy.catalog.session_schema import NO_CONTEXT, Context
from understudy.catalog.value_rules import ValueRules
from understudy.pg import sql
from understudy.pg.errors import ErrorFields
from understudy.pg.types import TypeFacts
from understudy.script import expectations
from understudy.script.answers import Rows, Value
from understudy.script.calls import Call
from understudy.script.excerpt import line_with_caret

# Methods whose parameters are the records of a COPY.
_RECORDS = ("copy_records_to_table", "binary_copy_to_table")


class Checker(Findings):
    """Checks calls, answers and errors against the catalog.

    Args:
        catalog: what PostgreSQL says of the statements.
        levels: what to do with what is found.
        lenient: True if a statement without a verdict is only counted, and fails no test.

    Attributes:
        server: the name of the server, for messages.
    """

    server = "PostgreSQL"

    def __init__(
        self, catalog: Catalog, levels: Levels | None = None, *, lenient: bool = False
    ) -> None:
        super().__init__(levels or Levels())
        self.catalog = catalog
        self.coverage = Coverage()
        self._lenient = lenient
        self._statements: dict[str | tuple[str, Context], CheckedStatement] = {}
        # Of the statements of fakes: the names of their parameters.
        self._names: dict[str, tuple[str, ...]] = {}
        self._places: dict[str, str] = {}

    @contextmanager
    def forgetting(self) -> Iterator[None]:
        """Forget at the end what is checked and learned meanwhile."""
        before = deepcopy(self.coverage)
        with self.catalog.forgetting():
            try:
                yield
            finally:
                self.coverage = before

    @property
    def types(self) -> Mapping[str, TypeFacts]:
        """What is known of the schema's own types, by their spelling."""
        return {} if self._lenient else self.catalog.facts.types

    @property
    def facts(self) -> SchemaFacts | None:
        """The schema; None if there is none, or if it cannot be read."""
        try:
            return None if self._lenient else self.catalog.facts
        except Exception:  # noqa: BLE001 # the check of the statement says so, whatever it is
            return None

    @property
    def changing(self) -> dict[str, str]:
        """The statements whose text changes with every run, each with the place of a call."""
        return {
            text: self._places.get(text, "an unknown place") for text in self.catalog.changing()
        }

    def check_call(self, call: Call, context: Context = NO_CONTEXT) -> Description | None:
        """Check the statement and the parameters of a call on a fake.

        Args:
            call: the call.
            context: what its session has made of the schema.

        Returns:
            What PostgreSQL says of the statement; None if it was not asked about its meaning.

        Raises:
            StatementRefused: PostgreSQL refuses the statement.
            ParametersRefused: there are too many or too few, or one would be refused.
            StatementUnknown: the catalog is locked, or cannot be used.
        """
        __tracebackhide__ = True
        name = call.statement if context == NO_CONTEXT else (call.statement, context)
        statement: CheckedStatement | None = self._statements.get(name)
        # Without parameters psqlpy leaves names as they stand, and PostgreSQL refuses them.
        if statement is None or (statement.names and call.parameters is None):
            statement = self._look_up(call, name, context)
            if statement is None:
                return None
        if statement.count is not None and self._level("parameters") != "off":
            self._check_parameters(call, statement)
        return statement.description

    def describe(
        self, call: Call, declared: Sequence[str] = (), context: Context = NO_CONTEXT
    ) -> Description | None:
        """Return what PostgreSQL says of a statement that a real driver has sent.

        Args:
            call: the call of the statement.
            declared: the types that the driver declares for its first parameters, "" for none.
            context: what its session has made of the schema.

        Returns:
            None if PostgreSQL looked at no more than the grammar, or if it refuses the statement
            and that is configured to be no failure.

        Raises:
            StatementRefused: PostgreSQL refuses it.
            StatementUnknown: the catalog is locked, or cannot be used.
        """
        statement = sql.tidy(call.statement)
        verdict = self._verdict(call, statement, declared, context)
        return self._description(call, verdict, statement, lambda position: position)

    def describe_accepted(
        self, statement: str, declared: Sequence[str], context: Context
    ) -> Description | None:
        """Return what PostgreSQL says of a statement that a real server has accepted.

        Returns:
            None if PostgreSQL cannot be asked, or knows the statement otherwise: the real server
            may have been changed in a way that is not seen here.
        """
        if self._lenient:
            return None
        try:
            verdict = self.catalog.verdict(sql.tidy(statement), declared, context)
        except CatalogError:
            return None
        return verdict if isinstance(verdict, Description) else None

    def check_answer(
        self,
        call: Call,
        description: Description,
        outcome: Rows | Value,
        mismatch: answers.Mismatch | None = None,
    ) -> bool:
        """Check that a statement could return what it is answered with.

        Args:
            call: the call that is answered.
            description: what PostgreSQL says of the statement.
            outcome: the answer.
            mismatch: tells why a value is not possible for a type; None for the usual rules.

        Returns:
            Whether the answer, with each of its values, was checked and is possible.

        Raises:
            AnswerImpossible: it is not possible.
        """
        __tracebackhide__ = True
        if self._level("answers", call) == "off":
            return False
        mismatch = mismatch or self._mismatch
        found = answers.difference(description, outcome, mismatch, call.method)
        if found is None:
            return True
        self._report_answer(call, found)
        return False

    def fill(
        self,
        call: Call,
        description: Description,
        rows: Rows,
        mismatch: answers.Mismatch | None = None,
    ) -> Rows:
        """Return rows whose columns that the script does not give are made up.

        Args:
            call: the call that is answered.
            description: what PostgreSQL says of the statement.
            rows: the rows, as mappings.
            mismatch: as for `check_answer`.

        Raises:
            AnswerImpossible: no value can be made up for a column.
        """
        __tracebackhide__ = True
        try:
            return self._filler.fill(rows, description, mismatch or self._mismatch)
        except CannotMakeUp as error:
            text = report.not_filled(call, str(error), "Give it: .filled_row(..., column=value)")
            raise expectations.record_failure(AnswerImpossible(text)) from None

    def check_success(
        self,
        call: Call,
        description: Description,
        outcome: Rows | Value | None,
        *,
        is_whole: bool = True,
    ) -> None:
        """Check that a statement could succeed with its parameters, and with so many rows.

        Args:
            call: the call that is answered.
            description: what PostgreSQL says of the statement.
            outcome: the answer; None if it says nothing about rows.
            is_whole: whether it has all rows, and not those before a failure.

        Raises:
            AnswerImpossible: it could not.
        """
        __tracebackhide__ = True
        if outcome_checks.is_open(description) or self._level("answers", call) == "off":
            return
        names = self._names.get(call.statement, ())
        if call.method == "execute_many":
            outcome, rows = None, list(call.parameters or ())
        else:
            rows = [call.parameters]
        count = answers.count(description, outcome)
        for number, row in enumerate(rows):
            try:
                parameters = in_order(row, names)
            except NotReadable:
                continue  # the check of the parameters says so, if it is on
            found = answers.impossible_success(description, parameters, count, is_whole=is_whole)
            if found is not None:
                first, *rest = found.reason.split("\n")
                reason = "\n".join([first + answers.in_row(number, len(rows)), *rest])
                self._report_answer(call, answers.Difference(reason))
                return

    def check_error(self, call: Call, description: Description, fields: ErrorFields) -> None:
        """Check that a statement could fail with a scripted error.

        Raises:
            ErrorImpossible: the error names a constraint or a column that the statement could not
                violate.
        """
        __tracebackhide__ = True
        if self._level("errors", call) == "off" or description.runs_code:
            return
        reason = self._impossible_error(description, fields)
        if reason is not None:
            self._report("errors", ErrorImpossible, report.error_impossible(call, reason), call)

    def _impossible_error(self, description: Description, fields: ErrorFields) -> list[str] | None:
        """Return the lines that tell why a statement cannot fail so; None if it can."""
        return reason_against(description, fields, self.catalog.facts)

    def with_details(
        self, call: Call, description: Description, fields: ErrorFields
    ) -> ErrorFields:
        """Return a scripted error with what the server tells of the call that causes it."""
        return with_details(fields, call, description.parameters, self.catalog.facts)

    def _look_up(
        self, call: Call, name: str | tuple[str, Context], context: Context
    ) -> CheckedStatement | None:
        """Look up a statement for the first time; None if its calls cannot be checked."""
        __tracebackhide__ = True
        if call.method == "execute_batch" and sql.is_several(call.statement):
            self.coverage.unchecked[sql.one_line(call.statement)] = (
                "several statements in one call: each may depend on the ones before it"
            )
            return None
        text = sql.tidy(call.statement)
        given = None if call.method in _RECORDS else call.parameters
        # Without parameters psqlpy leaves the names as they stand.
        asked = Numbered(text) if given is None else to_numbered(text)
        verdict = self._verdict(call, asked.text, context=context)
        description = self._description(call, verdict, text, asked.original_position)
        if isinstance(verdict, Refusal):
            return None
        count = None
        if description is not None:
            count = len(description.parameters)
        elif verdict is not None and call.method not in _RECORDS:
            count = count_in(asked.text)
        statement = CheckedStatement(description, asked.names, count)
        self._statements[name] = statement
        self._names[call.statement] = asked.names
        return statement

    def _verdict(
        self,
        call: Call,
        statement: str,
        declared: Sequence[str] = (),
        context: Context = NO_CONTEXT,
    ) -> Verdict | None:
        """Ask the catalog; None if it has no verdict and a lenient checker only counts that."""
        __tracebackhide__ = True
        if statement not in self._places and skeleton(statement) is not None:
            self._places[statement] = call.origin.place
        try:
            return self.catalog.verdict(statement, declared, context)
        except Exception as error:  # raised as it is, it would pass for the driver's
            text = str(error)
            if not isinstance(error, CatalogError):
                text = f"{self.server} could not be asked: {type(error).__name__}: {error}"
            self.coverage.unchecked[sql.one_line(call.statement)] = text.partition("\n")[0]
            if self._lenient:
                return None
            # Not kept: every test that meets it fails, not only the first.
            failure = StatementUnknown(f"{text}\n  at: {call.origin.place}")
            raise expectations.record_failure(failure) from error

    def _description(
        self,
        call: Call,
        verdict: Verdict | None,
        statement: str,
        original_position: Callable[[int], int],
    ) -> Description | None:
        """Record how far a statement was checked, and return its description if there is one."""
        __tracebackhide__ = True
        if isinstance(verdict, Refusal):
            excerpt: list[str] = []
            if verdict.position is not None:
                excerpt = line_with_caret(statement, original_position(verdict.position) - 1)
            self._refuse(call, self._refused_text(call, verdict, excerpt), verdict)
        elif isinstance(verdict, Description):
            self.coverage.checked.add(sql.one_line(call.statement))
            return verdict
        elif verdict is not None:
            self.coverage.parsed.add(sql.one_line(call.statement))
        return None

    def _refused_text(self, call: Call, refusal: Refusal, excerpt: Sequence[str]) -> str:
        return report.statement_refused(call, refusal, excerpt)

    def _refuse(self, call: Call, text: str, refusal: Refusal | None = None) -> None:
        __tracebackhide__ = True
        statement = sql.one_line(call.statement)
        if self._level("statements") == "off":
            reason = f"{self.server} refuses it, and check_statements is off"
            self.coverage.unchecked[statement] = reason
        else:
            self.coverage.checked.add(statement)
            make = partial(StatementRefused, refusal=refusal)
            self._report("statements", make, text, call)

    def _check_parameters(self, call: Call, statement: CheckedStatement) -> None:
        __tracebackhide__ = True
        is_many = call.method == "execute_many"
        rows: Any = (call.parameters or ()) if is_many else (call.parameters,)
        rules = None if statement.description is None else self._rules
        for number, row in enumerate(rows):
            where = answers.in_row(number, len(rows))
            text = parameter_problem(call, row, statement, rules, where)
            if text is not None:
                self._report("parameters", ParametersRefused, text, call)
                return

    @cached_property
    def _rules(self) -> ValueRules:
        """psqlpy's rules, which need the catalog's types."""
        return ValueRules(self.catalog.facts.types)

    @property
    def _mismatch(self) -> answers.Mismatch:
        """What tells why a value is not possible for a type, by the usual rules."""
        return self._rules.mismatch

    @cached_property
    def _filler(self) -> RowFiller:
        return RowFiller(self.catalog.facts.types)
