"""Every call held against what PostgreSQL says of its statement."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.catalog import answers, messages
from understudy.catalog.description import Description, ParsedOnly, Refusal
from understudy.catalog.errors import (
    AnswerImpossible,
    CatalogError,
    ErrorImpossible,
    ParametersRefused,
    StatementRefused,
    StatementUnknown,
    UncheckedWarning,
)
from understudy.catalog.parameters import ParameterRules
from understudy.catalog.session import Catalog
from understudy.catalog.values import ValueRules
from understudy.script import ledger, sql
from understudy.script.answers import Rows, Value
from understudy.script.calls import Call
from understudy.script.database_errors import ErrorFields
from understudy.script.excerpt import line_with_caret
from understudy.script.failures import Failure

Level = Literal["error", "warn", "off"]
LEVELS: tuple[Level, ...] = ("error", "warn", "off")


@dataclass(frozen=True, slots=True)
class Levels:
    """What each check does with what it finds: fail the test, warn, or not look at all."""

    statements: Level = "error"
    parameters: Level = "error"
    answers: Level = "error"
    errors: Level = "error"


@dataclass
class Coverage:
    """How far the statements of a run were checked, by their spelling on one line.

    Attributes:
        checked: those whose meaning PostgreSQL has checked.
        parsed: those of which it has checked the grammar alone.
        unchecked: those it was not asked about, and why.
    """

    checked: set[str] = field(default_factory=set)
    parsed: set[str] = field(default_factory=set)
    unchecked: dict[str, str] = field(default_factory=dict)


# Stands for a statement that was not asked about yet; None is one that says nothing to hold to.
_UNSEEN = Description("", (), (), (), ())


class Checker:
    """Holds calls, answers and errors against the catalog.

    Args:
        catalog: what PostgreSQL says of the statements.
        driver: whose rules for Python values apply: "psqlpy", "asyncpg" or "psycopg".
        levels: what to do with what is found.
    """

    def __init__(self, catalog: Catalog, driver: str, levels: Levels | None = None) -> None:
        self.catalog = catalog
        self.coverage = Coverage()
        self._driver = driver
        self._levels = levels or Levels()
        self._known: dict[str, Description | None] = {}
        self._parameters: ParameterRules | None = None
        self._values: ValueRules | None = None

    def check_call(self, call: Call) -> None:
        """Check a call's statement and parameters.

        Raises:
            StatementRefused: PostgreSQL refuses the statement.
            ParametersRefused: there are too many or too few, or one would not be taken.
            StatementUnknown: the catalog is locked, or cannot be used.
        """
        __tracebackhide__ = True
        description = self._known.get(call.statement, _UNSEEN)
        if description is _UNSEEN:
            description = self._describe(call)
        if description is not None and self._levels.parameters != "off":
            self._check_parameters(call, description)

    def check_answer(self, call: Call, outcome: Rows | Value) -> None:
        """Check that a statement could return what it is answered with.

        Raises:
            AnswerImpossible: it could not.
        """
        __tracebackhide__ = True
        description = self._known.get(call.statement)
        if description is None or self._levels.answers == "off":
            return
        found = answers.difference(description, outcome, self._mismatch)
        if found is not None:
            text = messages.answer_impossible(call, found.table, found.reason)
            self._report(self._levels.answers, AnswerImpossible(text), call)

    def check_error(self, call: Call, fields: ErrorFields) -> None:
        """Check that a statement could fail with a scripted error.

        Raises:
            ErrorImpossible: the error names a constraint that the schema does not have, or that
                is of no table that the statement touches.
        """
        __tracebackhide__ = True
        description = self._known.get(call.statement)
        if description is None or fields.constraint is None or self._levels.errors == "off":
            return
        constraints = self.catalog.facts.constraints
        owners = [each for each in constraints if each.name == fields.constraint]
        touched = set(description.tables)
        if not owners:
            names = [each.name for each in constraints if each.table in touched]
            text = messages.no_such_constraint(call, fields.constraint, names)
        # A row that others refer to cannot be deleted: then the constraint is the others'. One of
        # a domain is of no table.
        elif not any(
            touched & {each.table, each.references} or each.table in self.catalog.facts.types
            for each in owners
        ):
            tables = [each.table for each in owners]
            text = messages.foreign_constraint(call, fields.constraint, tables, description.tables)
        else:
            return
        self._report(self._levels.errors, ErrorImpossible(text), call)

    # -------------------------------------------------------------------------------------------

    def _describe(self, call: Call) -> Description | None:
        """Look a statement up for the first time; None where there is nothing to hold calls to."""
        __tracebackhide__ = True
        shown = sql.one_line(call.statement)
        if call.method == "execute_batch" and sql.is_several(call.statement):
            self.coverage.unchecked[shown] = messages.several()
            return None
        try:
            verdict = self.catalog.verdict(call.statement)
        except CatalogError as error:
            # Not kept: every test that meets it fails, not only the first.
            raise ledger.entered(StatementUnknown(f"{error}\n  at: {call.origin.place}")) from error
        if isinstance(verdict, Refusal):
            if self._levels.statements == "off":
                self.coverage.unchecked[shown] = messages.switched_off()
            else:
                text = messages.statement_refused(call, verdict, _excerpt(call, verdict))
                self._report(self._levels.statements, StatementRefused(text), call)
            return None
        if isinstance(verdict, ParsedOnly):
            self.coverage.parsed.add(shown)
            self._known[call.statement] = None
            return None
        self.coverage.checked.add(shown)
        self._known[call.statement] = verdict
        return verdict

    def _check_parameters(self, call: Call, description: Description) -> None:
        __tracebackhide__ = True
        rows: Sequence[Any] = [call.parameters]
        if call.method == "execute_many":
            rows = list(call.parameters or ())
        for number, row in enumerate(rows):
            given = list(row.values()) if isinstance(row, Mapping) else list(row or ())
            if len(given) != len(description.parameters):
                text = messages.parameter_count(call, description, given, number, len(rows))
                self._report(self._levels.parameters, ParametersRefused(text), call)
                return
            found = self._refused(description, given)
            if found:
                text = messages.parameters_refused(call, description, found, number, len(rows))
                self._report(self._levels.parameters, ParametersRefused(text), call)
                return

    def _refused(
        self, description: Description, given: Sequence[Any]
    ) -> list[tuple[int, Any, str]]:
        if self._parameters is None:
            self._parameters = ParameterRules(self._driver, self.catalog.facts.types)
        refusal = self._parameters.refusal
        return [
            (index, value, reason)
            for index, (kind, value) in enumerate(zip(description.parameters, given, strict=True))
            if value is not None and (reason := refusal(kind, value)) is not None
        ]

    def _report(self, level: Level, failure: Failure, call: Call) -> None:
        __tracebackhide__ = True
        if level == "error":
            raise ledger.entered(failure)
        code, line = call.origin
        warnings.warn_explicit(
            f"{type(failure).__name__}: {failure}", UncheckedWarning, code.co_filename, line
        )

    def _mismatch(self, kind: str, value: Any) -> str | None:
        if self._values is None:
            self._values = ValueRules(self._driver, self.catalog.facts.types)
        return self._values.mismatch(kind, value)


def _excerpt(call: Call, refusal: Refusal) -> list[str]:
    """Return the line of the statement at which PostgreSQL's cursor stands, and a caret."""
    if refusal.position is None:
        return []
    # The position is one in the spelling that PostgreSQL was asked about.
    return line_with_caret(sql.tidy(call.statement), refusal.position - 1)
