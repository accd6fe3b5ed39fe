"""Whether a statement takes the parameters of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from understudy.catalog import report
from understudy.catalog.bind_parameters import NotReadable, in_order
from understudy.catalog.description import Description
from understudy.catalog.value_rules import ValueRules
from understudy.script.calls import Call


@dataclass(frozen=True, slots=True)
class CheckedStatement:
    """A statement that has been looked up for calls of a fake.

    Attributes:
        description: what PostgreSQL says of it; None if it has only looked at the grammar.
        names: the names of its placeholders, empty if they are numbered.
        count: how many parameters it takes; None if that is not known.
    """

    description: Description | None
    names: tuple[str, ...]
    count: int | None


def parameter_problem(
    call: Call, row: Any, statement: CheckedStatement, rules: ValueRules | None, where: str
) -> str | None:
    """Return the message about the parameters of one execution, None if they are fine.

    Args:
        call: the call.
        row: the parameters.
        statement: the statement, of which the number of parameters is known.
        rules: tell which values a type takes; None if no types are known.
        where: which of several executions this is, for the message.
    """
    try:
        given = in_order(row, statement.names)
    except NotReadable as error:
        return report.parameters_unreadable(call, row, str(error), where)
    if statement.count is not None and len(given) != statement.count:
        return report.parameter_count(call, statement.count, given, where)
    if rules is None or statement.description is None:
        return None
    types = statement.description.parameters
    refused = [
        (index, value, reason)
        for index, (type_name, value) in enumerate(zip(types, given, strict=True))
        if value is not None and (reason := rules.refusal(type_name, value)) is not None
    ]
    if refused:
        return report.parameters_refused(call, types, statement.names, refused, where)
    return None
