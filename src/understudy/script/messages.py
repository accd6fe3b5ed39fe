"""The wording of the script's errors and failures, in one place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from understudy.pg import sql
from understudy.pg.sqlstates import CODES, STATES

if TYPE_CHECKING:
    from understudy.script.calls import Call, CallLog
    from understudy.script.parameter_matching import Given, Parameters
    from understudy.script.rules import Rule
    from understudy.script.script import Script
    from understudy.script.transactions import Transaction

_LONGEST = 300  # characters of a value before it is cut
_MOST_CALLS = 5  # calls listed under a failed assertion


# Pieces ------------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """Return the repr of `value`, cut in the middle where it is very long."""
    return _cut(repr(value))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]} ... {text[-half:]} ({len(text)} characters)"


def typed(value: Any) -> str:
    """Return `value` with its type, so that 7 and '7' look different."""
    return f"{shown(value)} ({type(value).__name__})"


def quoted(statement: str) -> str:
    """Return `statement` as a Python literal on one line, in double quotes where they will do."""
    text = sql.one_line(statement)
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'


def on_line(statement: str | re.Pattern[str], parameters: Parameters) -> str:
    """Return the source of a rule: `on("SELECT 1", 7)`."""
    if isinstance(statement, re.Pattern):
        first = f"re.compile({shown(statement.pattern)})"
    else:
        first = quoted(statement) if isinstance(statement, str) else shown(statement)
    return f"on({', '.join([first, *map(shown_expected, parameters.expected)])})"


def transaction_name(transaction: Transaction) -> str:
    """Return `transaction #1`, or `savepoint s of transaction #1`."""
    name = f"transaction #{transaction.number}"
    return name if transaction.savepoint is None else f"savepoint {transaction.savepoint} of {name}"


def statement_call(call: Call) -> str:
    """Return a statement's call as its source."""
    parameters = "" if call.parameters is None else f", {shown(call.parameters)}"
    return f"{call.method}({quoted(call.statement)}{parameters})"


def call_line(call: Call) -> str:
    """Return a call and its place on one line."""
    return f"{call.source} at {call.origin.place}"


def statement_facts(call: Call) -> list[str]:
    """Return the lines that describe a statement's call."""
    place = f"at: {call.origin.place}"
    if call.transaction is not None:
        place = f"in: {transaction_name(call.transaction)}    {place}"
    return [
        f"  sql:    {sql.one_line(call.statement)}",
        f"  params: {given_parameters(call.parameters)}    {place}",
    ]


def statement_rule(call: Call) -> str:
    """Return the source of a rule that would answer a statement's call."""
    return f"on({quoted(call.statement)}{_arguments(call.parameters)}){_answer_verb(call)}"


def given_parameters(given: Given) -> str:
    """Return the parameters of a call, or `none`."""
    return "none" if given is None else shown(given)


def _answer_verb(call: Call) -> str:
    """Guess the answer that a call wants, for a line to paste."""
    words = {token.upper() for token in sql.tokens(call.statement)}
    command = next(iter(sql.tokens(call.statement)), "").upper()
    if call.method == "fetch_row":
        return ".row(...)"
    if call.method == "fetch_val":
        return ".value(...)"
    if command in ("INSERT", "UPDATE", "DELETE", "MERGE") and "RETURNING" not in words:
        return f'.tag("{command} {"0 1" if command == "INSERT" else "1"}")'
    return ".rows(...)"


def _arguments(given: Given) -> str:
    values = [given] if isinstance(given, Mapping) else given or ()
    return "".join(f", {shown(value)}" for value in values)


def differences(rule: Rule, call: Call, indent: str) -> list[str]:
    """Return a line for everything in which `call` departs from `rule`."""
    found = rule.differences(call)
    width = max((len(what) for what, _ in found), default=0)
    return [f"{indent}{what:<{width}}  differs  {how}" for what, how in found]


# Failures ----------------------------------------------------------------------------------------


def unexpected(script: Script, call: Call) -> str:
    """Say that no rule answers `call`, which comes nearest, and how to allow it."""
    lines = [
        f"{call.method}() matched no rule",
        *call.facts,
        *_nearest_rule(script.rules, call),
        "To allow it:",
        f"  {script.receiver}.{call.rule_source}",
    ]
    return "\n".join(lines)


def _nearest_rule(rules: Sequence[Rule], call: Call) -> list[str]:
    if not rules:
        return ["No rules: nothing was scripted on this fake."]
    rule = max(reversed(rules), key=lambda rule: rule.similarity(call))
    count = "the only rule" if len(rules) == 1 else f"{len(rules)} rules"
    lines = [f"Nearest of {count}:", f"  {rule.origin}  {rule.shown}"]
    found = differences(rule, call, "    ")
    return [*lines, *(found or [f"    used up: {_used(rule)}"])]


def _used(rule: Rule) -> str:
    calls = "1 call" if rule.used == 1 else f"{rule.used} calls"
    return f"answered {calls}" if rule.total is None else f"answered {rule.used} of {rule.total}"


def unused(rule: Rule, calls: Sequence[Call], nearest: Call | None) -> str:
    """Say that answers of `rule` are left over, and what was asked instead."""
    if rule.used:
        headline = f"a rule still has answers: it {_used(rule)}"
    else:
        headline = "a rule was never used"
    lines = [headline, f"  {rule.origin}  {rule.shown}"]
    if nearest is None:
        lines.append("  the fake was never called")
    elif not rule.differences(nearest):
        lines.extend(_answered_instead(rule, nearest))
    else:
        count = "1 call" if len(calls) == 1 else f"{len(calls)} calls"
        lines.append(f"Nearest of {count}:")
        lines.append(f"  {call_line(nearest)}")
        lines.extend(differences(rule, nearest, "    "))
    lines.append("If it need not happen, say so with .optional().")
    return "\n".join(lines)


def _answered_instead(rule: Rule, call: Call) -> list[str]:
    """Say why `rule` did not answer a call that it fits; nothing where it did."""
    if call.rule is rule:
        return []
    if call.rule is not None:
        return [
            "  a later rule answered for it:",
            f"    {call.rule.origin}  {call.rule.shown}",
        ]
    return [
        "  a call that fits was not answered by it: it came before the rule, or",
        "  was refused (a closed connection, an aborted transaction)",
        f"    {call_line(call)}",
    ]


def transaction_left_open(transaction: Transaction) -> str:
    """Say that a transaction was never ended, and where it was begun."""
    count = len(transaction.calls)
    calls = {0: "no call", 1: "1 call"}.get(count, f"{count} calls")
    return (
        f"{transaction_name(transaction)} was never ended ({calls} in it)\n"
        f"  begun at: {transaction.origin.place}\n"
        "Commit it, roll it back, or use `async with conn.transaction()`."
    )


def call_not_found(rule: Rule, times: int | None, calls: CallLog) -> str:
    """Say that a call was not made, or not as often as asserted, and which calls were."""
    found = calls.matching(rule)
    wanted = {None: "at least once", 0: "never", 1: "once"}.get(times, f"{times} times")
    happened = {0: "it never was", 1: "it was once"}.get(len(found), f"it was {len(found)} times")
    lines = [f"expected to be called {wanted}, but {happened}", f"  expected: {rule.shown}"]
    if found:
        lines += ["Matching calls:", *_listed(found)]
    elif not calls:
        lines.append("There were no calls at all.")
    else:
        nearest = max(calls, key=rule.similarity)
        count = "the only call" if len(calls) == 1 else f"{len(calls)} calls"
        lines += [f"Nearest of {count}:", f"  {call_line(nearest)}"]
        lines += differences(rule, nearest, "    ")
    return "\n".join(lines)


def _listed(calls: Iterable[Call]) -> list[str]:
    lines = [f"  {number}. {call_line(call)}" for number, call in enumerate(calls, 1)]
    more = len(lines) - _MOST_CALLS
    return [*lines[:_MOST_CALLS], f"  ... and {more} more"] if more > 0 else lines


# Parameters --------------------------------------------------------------------------------------


def parameter_value(path: str, expected: Any, given: Any) -> str:
    """Say that a parameter has another value."""
    return f"{path} expected {typed(expected)}, got {typed(given)}"


def parameter_refused(path: str, predicate: Any, given: Any) -> str:
    """Say that a predicate refused a parameter."""
    return f"{path} got {typed(given)}, which {predicate_name(predicate)} refuses"


def parameter_count(path: str, expected: int, given: int) -> str:
    """Say that there are more or fewer parameters."""
    where = f"{path} " if path else ""
    return f"{where}expected {expected} of them, got {given}"


def parameter_missing(name: str, expected: Any) -> str:
    """Say that a named parameter was not given."""
    return f"{name} expected {typed(expected)}, got nothing"


def parameter_extra(name: str, given: Any) -> str:
    """Say that a named parameter was given and not expected."""
    return f"{name} not expected, got {typed(given)}"


def parameter_shape(expected: Any, given: Any) -> str:
    """Say that parameters were given by name where positions were expected."""
    return f"expected {shown(expected)} by position, got them by name: {shown(given)}"


def shown_expected(expected: Any) -> str:
    """Return an expected parameter as its source: a predicate by its name, and ANY as ANY."""
    if hasattr(expected, "__qualname__"):
        return predicate_name(expected)
    if type(expected) is dict:
        items = (f"{shown(key)}: {shown_expected(each)}" for key, each in expected.items())
        return _cut(f"{{{', '.join(items)}}}")
    if type(expected) in (list, tuple):
        listed = ", ".join(map(shown_expected, expected))
        if type(expected) is list:
            return _cut(f"[{listed}]")
        return _cut(f"({listed},)" if len(expected) == 1 else f"({listed})")
    return "ANY" if repr(expected) == "<ANY>" else shown(expected)


def predicate_name(predicate: Any) -> str:
    """Return how a predicate would be called by a person."""
    name = getattr(predicate, "__qualname__", None)
    return shown(predicate) if name is None else name.replace(".<locals>", "")


def failed_predicate(rule: Rule, call: Call, reason: str) -> str:
    """Say which rule's predicate raised, on which call."""
    return f"{reason}\n  rule: {rule.origin}  {rule.shown}\n  call: {call_line(call)}"


def predicate_failed(predicate: Any, path: str, given: Any, error: Exception) -> str:
    """Say that a predicate raised."""
    return (
        f"{path} the predicate {predicate_name(predicate)} raised "
        f"{type(error).__name__}: {error} on {typed(given)}"
    )


# Errors in the script ----------------------------------------------------------------------------


def bad_statement(statement: Any) -> str:
    """Say that this is no statement to script."""
    if isinstance(statement, str):
        return "on() was given no SQL: the statement is empty"
    if isinstance(statement, re.Pattern):
        return f"on() takes a regular expression for text, not for bytes: {shown(statement)}"
    return f"on() takes SQL as a string, or a compiled regular expression; got {typed(statement)}"


def bad_times(count: Any) -> str:
    """Say that an answer cannot be used that often."""
    return (
        f"times() takes a whole number from 1, got {typed(count)}; "
        "a call that must not happen is one that is not scripted"
    )


def bad_expected_times(count: Any) -> str:
    """Say that a number of calls cannot be asserted."""
    return f"assert_called() takes times as a whole number from 0, got {typed(count)}"


def bad_delay(seconds: Any) -> str:
    """Say that nobody can wait for so long."""
    return f"delay() takes seconds from 0, got {typed(seconds)}"


def bad_tag(tag: Any) -> str:
    """Say that PostgreSQL has no such command tag."""
    return f"tag() takes a command tag such as 'UPDATE 1' or 'INSERT 0 1', got {typed(tag)}"


def bad_drop(when: Any, known: Sequence[str]) -> str:
    """Say that a connection cannot be lost then."""
    names = ", ".join(repr(each) for each in known)
    return f"drops() takes one of {names}, got {shown(when)}{suggestion(str(when), known)}"


def rows_of_drop(when: str) -> str:
    """Say that no row arrives on a connection that is lost before or after a statement."""
    return (
        f"drops({when!r}) was given rows, and none arrives: "
        "give them to drops('during', ...), which loses the connection behind them"
    )


def drop_on_a_fake(when: str) -> str:
    """Say that a fake has no result that could be lost half-way."""
    return (
        f"drops({when!r}) needs bytes that are under way, and a fake has none: "
        "write .drops(), or use the fixture fake_postgres"
    )


def bad_error(error: Any) -> str:
    """Say that this cannot be raised."""
    return f"raises() takes an exception or an exception class, got {typed(error)}"


def row_no_mapping(number: int, row: Any) -> str:
    """Say that a row has no column names."""
    return f"rows() takes rows as mappings from column to value; row {number} is {typed(row)}"


def row_columns(number: int, first: Sequence[str], row: Sequence[str]) -> str:
    """Say that two rows of one result have other columns."""
    return (
        f"all rows of a result have the same columns; row 1 has {list(first)}, "
        f"row {number} has {list(row)}"
    )


def no_regex_match(regex: re.Pattern[str]) -> str:
    """Say that a regular expression was not found in the statement."""
    return f"does not match {shown(regex.pattern)}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known name, or nothing."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


# Errors of the database --------------------------------------------------------------------------


def bad_sqlstate(sqlstate: Any) -> str:
    """Say that there is no text for this SQLSTATE."""
    if not isinstance(sqlstate, str) or not re.fullmatch(r"[0-9A-Z]{5}", sqlstate):
        near = suggestion(str(sqlstate), [*STATES, *CODES])
        return (
            "db_error() takes an SQLSTATE of five digits and capitals, or the name of a "
            f"condition such as 'unique_violation'; got {shown(sqlstate)}{near}"
        )
    return (
        f"db_error({sqlstate!r}): no standard text is known for this SQLSTATE; "
        f"give PostgreSQL's own: db_error({sqlstate!r}, message=...)"
    )


def sqlstate_needs(code: str, name: str, text: str, missing: Sequence[str]) -> str:
    """Say that PostgreSQL's text for an SQLSTATE names something that was not given."""
    arguments = ", ".join(f"{argument}=..." for argument in missing)
    return (
        f"db_error({code!r}): PostgreSQL's {name} reads '{text}', so it needs {arguments} "
        "(or the whole text as message=...)"
    )


def unknown_driver(driver: str, known: Sequence[str]) -> str:
    """Say that a driver is not one whose errors can be made."""
    return f"unknown driver {driver!r}; known are {', '.join(known)}{suggestion(driver, known)}"


def driver_not_installed(driver: str) -> str:
    """Say that a driver's own exceptions need the driver."""
    return (
        f"db_error() makes the exceptions of {driver}, which is not installed: pip install {driver}"
    )


def no_driver(known: Sequence[str]) -> str:
    """Say that there is no driver whose errors could be made."""
    return f"db_error() makes a driver's own exceptions, but none is installed: {', '.join(known)}"
