"""Example tests for DAOs on psqlpy: the SQL that a method sends, on a FakeConnection."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from understudy.init import examples
from understudy.init.examples import Candidate, LayerExamples
from understudy.init.layers import Part
from understudy.init.modules import parameters
from understudy.script.formatting import python_literal

_MOST = 10
_WIDTH = 84  # of a line in a function
_CONNECTION = re.compile(r"^_*(conn|connection|con|db|tx|transaction|session)$")
_METHODS = ("execute", "fetch", "fetch_row", "fetch_val")
_SELECTED = re.compile(r"(?is)^\s*SELECT\s+(.+?)\s+FROM\b|\bRETURNING\s+(.+?)\s*;?\s*$")


@dataclass(frozen=True)
class _Method:
    """A method that sends one statement.

    Attributes:
        part: the class or function.
        name: the method's name.
        call: the source of a call with a connection named conn.
        sends: the connection's method that it calls.
        statement: the SQL.
        arguments: the sources of the statement's parameters.
        imports: the imports that the call needs.
    """

    part: Part
    name: str
    call: str
    sends: str
    statement: str
    arguments: Sequence[str]
    imports: Sequence[str]


def dao_examples(parts: Sequence[Part], fakes: str) -> LayerExamples:
    """Return tests that a method sends the statement and the parameters in its source.

    Args:
        parts: the functions and classes of the DAO layer.
        fakes: the module to import FakeConnection from.
    """
    methods = [
        method
        for part in parts
        for node in examples.public_functions(part)
        if isinstance(node, ast.AsyncFunctionDef) and (method := _method(part, node)) is not None
    ]
    candidates = [
        _candidate(method, answer, expected, fakes)
        for method in methods
        for answer, expected in _answers(method)
    ]
    return examples.examples_or_reason(
        candidates[:_MOST],
        "no method sends exactly one literal statement on a connection that it is given, with "
        "plain arguments",
    )


def _method(part: Part, node: ast.AsyncFunctionDef) -> _Method | None:
    kept = _kept_connection(part.node)
    arguments = node.args.args
    names = [argument.arg for argument in arguments]
    skipped = names[:1] in (["self"], ["cls"])
    rest = arguments[skipped:]
    if rest and _CONNECTION.match(rest[0].arg):
        connection, rest = rest[0].arg, rest[1:]
    elif kept is not None and names[:1] == ["self"]:
        connection = f"self.{kept}"
    else:
        return None
    sent = _sent(part, node, connection)
    if sent is None or node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
        return None
    values = {argument.arg: examples.value_for(part.module, argument) for argument in rest}
    known = {name: value for name, value in values.items() if value is not None}
    sends, statement, sent_names = sent
    call = _call(part, node, connection, [value for value, _ in known.values()])
    if len(known) < len(values) or not set(sent_names) <= set(known) or call is None:
        return None
    sources = [known[name][0] for name in sent_names]
    imports = [line for _, line in known.values()]
    return _Method(part, node.name, call, sends, statement, sources, imports)


def _kept_connection(node: ast.AST) -> str | None:
    """Return the attribute in which a class keeps its connection, the only argument of __init__."""
    init = examples.initializer(node) if isinstance(node, ast.ClassDef) else None
    arguments = [] if init is None else [argument for argument, _ in parameters(init)[1:]]
    if init is None or len(arguments) != 1 or not _CONNECTION.match(arguments[0].arg):
        return None
    return examples.kept_names(init).get(arguments[0].arg)


def _sent(
    part: Part, node: ast.AsyncFunctionDef, connection: str
) -> tuple[str, str, list[str]] | None:
    """Return the connection's method, the SQL and the parameters' names of the only statement."""
    calls = [
        (call, call.func.attr)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) == connection
    ]
    if len(calls) != 1 or not calls[0][0].args:
        return None
    call, method = calls[0]
    statement = _constant(part, node, call.args[0])
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    if method not in _METHODS or statement is None or len(given) > 1:
        return None
    if not given:
        return method, statement, []
    elements = given[0].elts if isinstance(given[0], ast.List) else [given[0]]
    names = [element.id for element in elements if isinstance(element, ast.Name)]
    if not isinstance(given[0], ast.List) or len(names) < len(elements):
        return None
    return method, statement, names


def _constant(part: Part, node: ast.AST, value: ast.expr) -> str | None:
    """Return a text: a literal, or a name that is assigned one in the function or the module."""
    if isinstance(value, ast.Name):
        for scope in (node, part.module.tree):
            assigned = [
                statement.value
                for statement in ast.walk(scope)
                if isinstance(statement, ast.Assign)
                and isinstance(statement.targets[0], ast.Name)
                and statement.targets[0].id == value.id
            ]
            if len(assigned) == 1 and isinstance(assigned[0], ast.Constant):
                value = assigned[0]
                break
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _call(
    part: Part, node: ast.AsyncFunctionDef, connection: str, values: Sequence[str]
) -> str | None:
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    wrapped = bool(decorators - {"staticmethod", "classmethod"})
    # A decorator of the project passes the connection in; the test bypasses it.
    name = f"{node.name}.__wrapped__" if wrapped else node.name
    given = ", ".join(["conn", *values])
    if isinstance(part.node, ast.AsyncFunctionDef):
        return f"{name}({given})"
    if connection.startswith("self."):
        return None if wrapped else f"{part.name}(conn).{name}({', '.join(values)})"
    if node.args.args[0].arg == "self":
        return None if wrapped else f"{part.name}().{name}({given})"
    if node.args.args[0].arg == "cls" and wrapped:
        given = f"{part.name}, {given}"
    return f"{part.name}.{name}({given})"


def _answers(method: _Method) -> Iterator[tuple[str, str]]:
    """Yield the answers to try, each with what the method then returns, "" if not known."""
    selected = _SELECTED.search(method.statement)
    if method.sends == "fetch_val":
        yield ".value(3)", "3"
        yield ".value(3)", ""
    elif method.sends == "fetch_row" and selected is not None:
        yield f".row({_row(selected[1] or selected[2])})", ""
    elif selected is not None:
        yield ".rows()", "[]"
        yield ".rows()", ""
    else:
        verb = (method.statement.split() or [""])[0].upper()
        if verb in examples.TAGS:
            yield f'.tag("{examples.TAGS[verb]}")', ""


def _row(columns: str) -> str:
    """Return a row for the columns of a statement, with values that fit their names."""
    values = []
    for column in columns.split(","):
        name = re.split(r"[\s.]+", column.strip())[-1].strip('"')
        if re.search(r"(^|_)(id|count|number|total)$", name):
            value = "7"
        elif name.endswith(("_at", "_on")):
            value = "datetime(2026, 1, 2)"
        else:
            value = '"ana@example.com"' if "email" in name else '"Ana"'
        values.append(
            f"{name}={value}" if name.isidentifier() else f"**{{{python_literal(name)}: {value}}}"
        )
    return ", ".join(values)


def _candidate(method: _Method, answer: str, expected: str, fakes: str) -> Candidate:
    part = method.part
    act = f"assert await {method.call} == {expected}" if expected else f"await {method.call}"
    script = examples.rule("conn", method.statement, method.arguments, answer, _WIDTH)
    test = examples.render_test(
        f"{examples.words_of(method.name)}_sends_its_statement",
        f"{examples.qualified_name(part, method.name)} sends this SQL with these parameters, and "
        "nothing else.",
        f"conn = FakeConnection()\n{script}\n\n{act}\n\nassert len(conn.calls) == 1",
    )
    imports = [
        "import pytest",
        f"from {fakes} import FakeConnection",
        examples.import_line(part.module.name, part.name),
        "from datetime import datetime" if "datetime(" in answer else "",
        *method.imports,
    ]
    return examples.candidate("dao", part.module, imports, test)
