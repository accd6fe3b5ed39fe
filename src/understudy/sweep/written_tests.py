"""A finding as a test: a copy of the test that has shown it, up to the request that failed.

The copy begins with a rule that lets the call fail again, and ends with what the app should have
done. It stands after the test, in the same file, and fails until the app is corrected.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.mysql import sql as mysql
from understudy.pg import sql
from understudy.project.imports import with_imports
from understudy.project.ruff import WIDTH
from understudy.script.boundary import Event
from understudy.script.formatting import python_literal, quoted
from understudy.sweep.faults import DROP, DROP_AFTER_COMMIT, Fault
from understudy.sweep.oracle import Finding, Verdict

_Function = ast.FunctionDef | ast.AsyncFunctionDef
# What tells of these is a check at the test's end, or the log of calls, and not the response.
_BESIDE_THE_RESPONSE = ("commit-despite-failure", "doubled-write", "hang", "leak", "left-open")
_CHECK = {"commit-despite-failure": "check_commit_despite_failure"}


class NotWritten(Exception):
    """A finding cannot be written as a test; the text says why."""


@dataclass(frozen=True)
class Origin:
    """The test that has shown a finding.

    Attributes:
        name: the qualified name of its function.
        parameters: the values of its parametrized arguments.
        fixture: the server's: "real_postgres", "fake_mysql".
        events: the calls of its run without a fault.
    """

    name: str
    parameters: Mapping[str, Any]
    fixture: str
    events: Sequence[Event]


def with_test(
    source: str, origin: Origin, verdict: Verdict, finding: Finding, status: str | None
) -> str:
    """Return the source of a test file with a test for a finding.

    Args:
        source: the file.
        origin: the test that has shown the finding.
        verdict: the fault.
        finding: what was wrong.
        status: the status that is the right answer, if it is known.

    Returns:
        The same source if it has the test already.

    Raises:
        NotWritten: the request cannot be found in the test, or the fault cannot be scripted.
    """
    tree = ast.parse(source)
    function = _function(tree, origin)
    event = next((event for event in origin.events if event.id == verdict.call), None)
    if event is None or event.request is None:
        raise NotWritten("the code under test is called without a request")
    name = _name(origin, verdict)
    if any(isinstance(node, _Function) and node.name == name for node in ast.walk(tree)):
        return source
    lines = source.splitlines()
    statement, call = _sending(function, event)
    block = [
        *_decorators(lines, function, origin, finding),
        *_header(function, name, origin, lines),
        f'    """{_sentence(verdict, finding)}"""',
        *(f"    {key} = {_literal(value)}" for key, value in origin.parameters.items()),
        *_body(lines, function, statement, origin),
        *_rule(origin, event, verdict, statement.col_offset),
        *_request(lines, statement, call, function, finding),
        *_expectation(origin, event, verdict, finding, status),
    ]
    indent = " " * function.col_offset
    block = [_moved(line, indent) for line in block]
    end = function.end_lineno or len(lines)
    gap = [""] if function.col_offset else ["", ""]
    written = [*lines[:end], *gap, *block, *lines[end:]]
    return _with_imports("\n".join(written) + "\n", "\n".join(block))


def _literal(value: Any) -> str:
    return python_literal(value) if isinstance(value, str) else repr(value)


def _moved(line: str, indent: str) -> str:
    """Indent a line of the new test; those of the old one are where they belong already."""
    return line.removeprefix("\0") if line.startswith("\0") else f"{indent}{line}" if line else line


def _function(tree: ast.Module, origin: Origin) -> _Function:
    *classes, name = origin.name.split(".")
    body: Sequence[ast.stmt] = tree.body
    for owner in classes:
        found = [node for node in body if isinstance(node, ast.ClassDef) and node.name == owner]
        body = found[-1].body if found else []
    functions = [node for node in body if isinstance(node, _Function) and node.name == name]
    if not functions:
        raise NotWritten("its test is not a function of the file")
    return functions[-1]


def _name(origin: Origin, verdict: Verdict) -> str:
    trial = verdict.trial
    how = {
        DROP: "loses_its_connection",
        DROP_AFTER_COMMIT: "takes_effect_and_loses_its_connection",
    }.get(trial.fault.name, f"fails_with_{trial.fault.label}")
    parameters = "_".join(str(value) for value in origin.parameters.values())
    text = f"{origin.name.rpartition('.')[2]}_{parameters}_when_{trial.call}_{how}".lower()
    return re.sub(r"[\W_]+", "_", text).strip("_")


def _sentence(verdict: Verdict, finding: Finding) -> str:
    text = finding.text.partition("\n")[0].replace("\\", "/").replace('"""', "'''")
    short = f"Found by the fault sweep ({finding.rule})."
    return f"{text}." if len(text) <= WIDTH - 15 else short


# The request --------------------------------------------------------------------------------------


def _sending(function: _Function, event: Event) -> tuple[ast.stmt, ast.Call]:
    """Return the statement that sends the request in which the fault is, and its call."""
    request = event.request
    assert request is not None
    found = []
    for statement, call in _calls(function.body):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name != request.method.lower():
            continue
        first = call.args[0] if call.args else None
        is_other = isinstance(first, ast.Constant) and (
            str(first.value).partition("?")[0] != request.path
        )
        if not is_other:
            found.append((statement, call))
    if not found:
        raise NotWritten(f"its test sends {request.name} in a function of its own")
    return found[min(request.number, len(found)) - 1]


def _calls(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt, ast.Call]]:
    """Yield the calls of a body in order, each with its statement; also those inside `with`."""
    for statement in body:
        if isinstance(statement, ast.With | ast.AsyncWith):
            yield from _calls(statement.body)
        elif isinstance(statement, ast.Assign | ast.Expr | ast.Assert | ast.AnnAssign):
            for node in ast.walk(statement):
                if isinstance(node, ast.Call):
                    yield statement, node


def _body(lines: list[str], function: _Function, statement: ast.stmt, origin: Origin) -> list[str]:
    """Return the lines of the test before its request; its own rules need not be used."""
    if origin.fixture.startswith("fake_"):
        lines = _with_optional_rules(lines, function, statement, origin.fixture)
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    begin = (first.end_lineno or first.lineno) if is_docstring else first.lineno - 1
    kept = [f"\0{line}" if line else "" for line in lines[begin : statement.lineno - 1]]
    while kept and not kept[0]:
        del kept[0]
    return kept


def _with_optional_rules(
    lines: list[str], function: _Function, statement: ast.stmt, fixture: str
) -> list[str]:
    lines = list(lines)
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and node.lineno < statement.lineno:
            text = ast.unparse(node)
            if text.startswith(f"{fixture}.on(") and ".optional()" not in text:
                last = (node.end_lineno or node.lineno) - 1
                lines[last] = lines[last].rstrip() + ".optional()"
    return lines


def _request(
    lines: list[str], statement: ast.stmt, call: ast.Call, function: _Function, finding: Finding
) -> list[str]:
    """Return the lines that send the request and keep its response."""
    sent = next(
        (
            node
            for node in ast.walk(statement)
            if isinstance(node, ast.Await) and node.value is call
        ),
        call,
    )
    text = ast.get_source_segment("\n".join(lines), sent) or ""
    indent = " " * statement.col_offset
    tried = [
        f"\0{indent}with contextlib.suppress(Exception):  # what the app does not handle",
        f"\0{indent}    {text}",
    ]
    if finding.rule == "hang":
        if not isinstance(function, ast.AsyncFunctionDef):
            raise NotWritten("a test that is not async cannot limit its time")
        inner = [line.replace("\0", "\0    ", 1) for line in tried]
        return [f"\0{indent}async with asyncio.timeout(5):", *inner]
    if finding.rule in _BESIDE_THE_RESPONSE:
        return tried
    return [f"\0{indent}response = {text}"]


def _expectation(
    origin: Origin, event: Event, verdict: Verdict, finding: Finding, status: str | None
) -> list[str]:
    """Return what the app should do."""
    if finding.rule == "doubled-write":
        if event.kind != "statement":
            raise NotWritten("which rows may be there, only you know")
        statement = _quoted(event)
        times = _before(origin, event) + 1
        return ["", f"    {origin.fixture}.assert_called({statement}, times={times})"]
    if finding.rule in _BESIDE_THE_RESPONSE:
        return []
    if status is not None and status.isdigit():
        return ["", f"    assert response.status_code == {status}"]
    least = 400 if verdict.trial.fault.constraint is not None else 500
    return ["", f"    assert response.status_code >= {least}"]


# The rule -----------------------------------------------------------------------------------------


def _rule(origin: Origin, event: Event, verdict: Verdict, column: int) -> list[str]:
    """Return the lines that let the call fail, directly before the request."""
    if event.kind == "connect":
        raise NotWritten("a refused connection cannot be scripted for one call")
    before = _before(origin, event)
    if before and origin.fixture.startswith("fake_"):
        raise NotWritten("only its first call can be scripted beside the test's own rules")
    indent = f"\0{' ' * column}"
    lines = fault_rule(origin.fixture, _quoted(event), verdict.trial.fault, before)
    return [f"{indent}{line}" for line in lines]


def fault_rule(fixture: str, statement: str, fault: Fault, before: int = 0) -> list[str]:
    """Return the lines that let one call of a statement fail.

    Args:
        fixture: the server's.
        statement: the source of the statement.
        fault: what goes wrong.
        before: how many calls of the statement succeed before.
    """
    if fault.name == DROP_AFTER_COMMIT:
        how, argument = ".drops(", '"after"'
    elif fault.name == DROP:
        how, argument = ".drops(", ""
    else:
        how, argument = ".raises(", f"db_error({_error(fault)})"
    real = f".real().times({before}).then" if before else ""
    begin = f"{fixture}.on({statement}){real}{how}"
    line = f"{begin}{argument}).times(1)"
    if len(line) <= WIDTH or not argument:
        return [line]
    return [begin, f"    {argument}", ").times(1)"]


def _before(origin: Origin, event: Event) -> int:
    """Return how often the request has sent the statement before."""
    tokens = event.call.tokens
    return sum(
        other.request is event.request and other.call.tokens == tokens
        for other in origin.events
        if other.begun < event.begun
    )


def _quoted(event: Event) -> str:
    """Return the source of a statement, as a rule has it."""
    one_line = mysql.readable if event.database == "mysql" else sql.one_line
    return quoted(event.call.scripted, one_line)


def _error(fault: Fault) -> str:
    if fault.is_of_mysql:  # the value of a key comes from the call
        named = [(name, value) for name, value in fault.named if name != "value"]
        return ", ".join([fault.name, *(f"{name}={python_literal(text)}" for name, text in named)])
    if fault.constraint is None:
        return f'"{fault.name}"'
    table = fault.constraint.table.rpartition(".")[2]
    return f'"{fault.name}", constraint="{fault.constraint.name}", table="{table}"'


# The function -------------------------------------------------------------------------------------


def _decorators(
    lines: list[str], function: _Function, origin: Origin, finding: Finding
) -> list[str]:
    found = []
    for node in function.decorator_list:
        if origin.parameters and "parametrize" in ast.unparse(node):
            continue
        found += [f"\0{line}" for line in lines[node.lineno - 1 : node.end_lineno]]
    if finding.rule in _CHECK:
        found.append(f'@pytest.mark.understudy({_CHECK[finding.rule]}="error")')
    return found


def _header(function: _Function, name: str, origin: Origin, lines: list[str]) -> list[str]:
    """Return the `def` line, with the fixture of the server among the arguments."""
    arguments = [each for each in function.args.args if each.arg not in origin.parameters]
    shown = [ast.unparse(each) for each in arguments]
    if origin.fixture not in [each.arg for each in arguments]:
        is_typed = any(each.annotation is not None for each in arguments)
        shown.append(f"{origin.fixture}: Any" if is_typed else origin.fixture)
    kind = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    line = f"{kind} {name}({', '.join(shown)}){returns}:"
    if len(line) + function.col_offset <= WIDTH:
        return [line]
    return [f"{kind} {name}(", f"    {', '.join(shown)}", f"){returns}:"]


def _with_imports(source: str, block: str) -> str:
    """Return the source with the imports that the new test needs."""
    tree = ast.parse(source)
    known = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    wanted = [f"import {name}" for name in ("asyncio", "contextlib") if f"{name}." in block]
    wanted += ["from typing import Any"] if ": Any" in block else []
    wanted += ["import pytest"] if "pytest." in block else []
    wanted += ["from understudy import db_error"] if "db_error(" in block else []
    return with_imports(source, [line for line in wanted if line.split()[-1] not in known])
