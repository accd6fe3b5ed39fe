"""What calls of a statement are held to, in the form in which most calls are seen to be fine.

A statement is looked up once and called a thousand times, mostly with parameters and rows of plain
types. Those are recognised here by one look into a table each. Whatever is not recognised is not
wrong yet: the rules decide, and word the failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.catalog.description import Column, Description
from understudy.catalog.parameter_checks import ParameterRules
from understudy.catalog.quick import Test
from understudy.catalog.value_checks import ValueRules
from understudy.script.answers import Rows, Value

Tests = Mapping[type, Test]


class Held:
    """What calls of a statement are held to.

    Attributes:
        description: what PostgreSQL says of it; None where it has only looked at the grammar.
        names: the names of its placeholders, empty where they are numbered.
        takes: how many parameters it takes; None where that is not known.
    """

    __slots__ = ("_columns", "_first", "_parameters", "_tag", "description", "names", "takes")

    def __init__(
        self,
        description: Description | None,
        names: tuple[str | None, ...] = (),
        takes: int | None = None,
        rules: tuple[ParameterRules, ValueRules] | None = None,
    ) -> None:
        self.description = description
        self.names = names
        self.takes = takes
        self._parameters: tuple[Tests, ...] | None = None
        self._columns: dict[str, Tests] = {}
        self._first: Tests = {}
        self._tag: tuple[str, str] | None = None
        if description is not None and rules is not None:
            parameters, values = rules
            self._parameters = tuple(parameters.quick(kind) for kind in description.parameters)
            # A row is a dict: of equal names the last is kept.
            self._columns = {each.name: _tests(each, values) for each in description.columns}
            if description.columns:
                self._first = _tests(description.columns[0], values)

    def surely_takes(self, parameters: Any) -> bool:
        """Say whether one execution's parameters are certainly fine; False says nothing."""
        tables = self._parameters
        if tables is None or type(parameters) is not list or len(parameters) != len(tables):
            return False
        for tests, value in zip(tables, parameters):  # noqa: B905 # compared; called on every call
            test = tests.get(type(value))
            if test is None or not test(value):
                return False
        return True

    def returned(self, outcome: Rows | Value, method: str) -> None:
        """Take note that the rules found an answer to be fine."""
        if isinstance(outcome, Rows) and outcome.tag is not None:
            self._tag = (outcome.tag, method)

    def surely_returns(self, outcome: Rows | Value, method: str) -> bool:
        """Say whether the statement could certainly return an answer; False says nothing."""
        if type(outcome) is Value:
            return method == "fetch_val" and self.surely_returns_value(outcome.value)
        if type(outcome) is not Rows or method == "fetch_val":
            return False
        if outcome.tag is not None:
            return (outcome.tag, method) == self._tag
        return self.surely_returns_rows(outcome.rows)

    def surely_returns_value(self, value: Any) -> bool:
        """Say whether a value is certainly one for the first column; False says nothing."""
        test = self._first.get(type(value))
        return test is not None and test(value)

    def surely_returns_rows(self, rows: Any) -> bool:
        """Say whether a dict, or a sequence of dicts, could certainly be rows of the statement.

        False says nothing.
        """
        columns = self._columns
        if not columns:
            return False
        if type(rows) is dict:
            rows = (rows,)
        elif type(rows) is not list and type(rows) is not tuple:
            return False
        for row in rows:
            if type(row) is not dict or len(row) != len(columns):
                return False
            for name, value in row.items():
                tests = columns.get(name)
                test = None if tests is None else tests.get(type(value))
                if test is None or not test(value):
                    return False
        return True


def _tests(column: Column, values: ValueRules) -> Tests:
    if column.nullability == "not null":
        return values.quick(column.type)
    return {**values.quick(column.type), type(None): _anyway}


def _anyway(_value: object) -> bool:
    return True
