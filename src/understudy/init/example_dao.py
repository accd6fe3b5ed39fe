"""Example tests for DAOs on psqlpy: the SQL that a method sends, on a FakeConnection."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from understudy.init.examples import (
    Candidate,
    Layer,
    file_name,
    import_line,
    layer_of,
    quoted,
    render,
    sql_block,
    words_of,
)
from understudy.init.layers import Part
from understudy.pg.sql import one_line
from understudy.project.sources import Module

_MOST = 10
_WIDTH = 84  # what is left of a line in a function
_CONNECTION = re.compile(r"^_*(conn|connection|con|db|tx|transaction|session)$")
_METHODS = ("execute", "fetch", "fetch_row", "fetch_val")
_VALUES = {
    "int": ("7", None),
    "str": ('"Ana"', None),
    "float": ("1.5", None),
    "bool": ("True", None),
    "uuid.UUID": ("UUID(int=7)", "from uuid import UUID"),
}
_SELECTED = re.compile(r"(?is)^\s*SELECT\s+(.+?)\s+FROM\b|\bRETURNING\s+(.+?)\s*;?\s*$")


@dataclass(frozen=True)
class _Method:
    """A method that sends one statement, and the test's way to call it.

    Attributes:
        call: the source of the call, on a connection named conn.
        sends: the connection's method. `statement`: the SQL. `parameters`: their sources.
    """

    part: Part
    name: str
    call: str
    sends: str
    statement: str
    parameters: Sequence[str]
    imports: Sequence[str] = field(default_factory=tuple)


def dao_examples(parts: Sequence[Part], fakes: str) -> Layer:
    """Return tests that a method sends the statement and the parameters in its source.

    Args:
        parts: the functions and classes of the DAO layer.
        fakes: the module that FakeConnection is imported from.
    """
    methods = [method for part in parts for method in _methods(part)]
    candidates = [each for method in methods for each in _candidates(method, fakes)]
    return layer_of(
        candidates[:_MOST],
        "no method sends exactly one literal statement on a connection that it is given, with "
        "plain arguments",
    )


def _methods(part: Part) -> Iterator[_Method]:
    nodes = part.node.body if isinstance(part.node, ast.ClassDef) else [part.node]
    for node in nodes:
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
            method = _method(part, node)
            if method is not None:
                yield method


def _method(part: Part, node: ast.AsyncFunctionDef) -> _Method | None:
    kept = _kept_connection(part.node)
    own = [each.arg for each in node.args.args]
    first = own[1:] if own[:1] in (["self"], ["cls"]) else own
    if first and _CONNECTION.match(first[0]):
        connection, rest = first[0], first[1:]
    elif kept is not None and own[:1] == ["self"]:
        connection, rest = f"self.{kept}", first
    else:
        return None
    sent = _sent(part, node, connection)
    values = _values(part.module, node, rest)
    if sent is None or values is None:
        return None
    method, statement, names = sent
    if not set(names) <= set(rest):
        return None
    call = _call(part, node, connection, [values[name][0] for name in rest])
    if call is None:
        return None
    needed = [values[name][1] for name in rest]
    imports = tuple(each for each in needed if each is not None)
    parameters = [values[name][0] for name in names]
    return _Method(part, node.name, call, method, statement, parameters, imports)


def _kept_connection(node: ast.AST) -> str | None:
    """The attribute in which a class keeps the connection that __init__ is given, and no more."""
    if not isinstance(node, ast.ClassDef):
        return None
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            arguments = method.args.args[1:]
            if len(arguments) != 1 or not _CONNECTION.match(arguments[0].arg):
                return None
            for each in ast.walk(method):
                if (
                    isinstance(each, ast.Assign)
                    and isinstance(each.targets[0], ast.Attribute)
                    and isinstance(each.value, ast.Name)
                    and each.value.id == arguments[0].arg
                ):
                    return each.targets[0].attr
    return None


def _sent(
    part: Part, node: ast.AsyncFunctionDef, connection: str
) -> tuple[str, str, list[str]] | None:
    """The connection's method, the SQL and the names of the parameters of the only statement."""
    calls = [
        each
        for each in ast.walk(node)
        if isinstance(each, ast.Call)
        and isinstance(each.func, ast.Attribute)
        and ast.unparse(each.func.value) == connection
    ]
    if len(calls) != 1 or not calls[0].args:
        return None
    call = calls[0]
    assert isinstance(call.func, ast.Attribute), "the others were left out above"
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    statement = _constant(part, node, call.args[0])
    if call.func.attr not in _METHODS or statement is None or len(given) > 1:
        return None
    elements = given[0].elts if given and isinstance(given[0], ast.List) else []
    names = [each.id for each in elements if isinstance(each, ast.Name)]
    if len(names) != len(elements) or (given and not isinstance(given[0], ast.List)):
        return None
    return call.func.attr, statement, names


def _constant(part: Part, node: ast.AST, value: ast.expr) -> str | None:
    """The text of an expression: a literal, or a name that is one's in the function or above it."""
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, str) else None
    if isinstance(value, ast.Name):
        for scope in (node, part.module.tree):
            found = [
                each.value
                for each in ast.walk(scope)
                if isinstance(each, ast.Assign)
                and isinstance(each.targets[0], ast.Name)
                and each.targets[0].id == value.id
            ]
            if len(found) == 1 and isinstance(found[0], ast.Constant):
                return found[0].value if isinstance(found[0].value, str) else None
    return None


def _values(
    module: Module, node: ast.AsyncFunctionDef, names: Sequence[str]
) -> Mapping[str, tuple[str, str | None]] | None:
    """A value for each argument, with the import that it needs; None where one is not simple."""
    if node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
        return None
    found = {}
    for argument in node.args.args:
        if argument.arg in names:
            annotation = argument.annotation
            if isinstance(annotation, ast.BinOp):  # int | None
                annotation = annotation.left
            kind = module.qualified(annotation) or (ast.unparse(annotation) if annotation else "")
            if kind not in _VALUES:
                return None
            found[argument.arg] = _VALUES[kind]
    return found


def _call(
    part: Part, node: ast.AsyncFunctionDef, connection: str, values: Sequence[str]
) -> str | None:
    decorators = [ast.unparse(each) for each in node.decorator_list]
    wrapped = any(each not in ("staticmethod", "classmethod") for each in decorators)
    # A project's own decorator hands the connection in; the test goes around it.
    name = f"{node.name}.__wrapped__" if wrapped else node.name
    if isinstance(part.node, ast.AsyncFunctionDef):
        return f"{name}({', '.join(['conn', *values])})"
    if connection.startswith("self."):
        return None if wrapped else f"{part.name}(conn).{name}({', '.join(values)})"
    given = ", ".join(["conn", *values])
    if node.args.args[0].arg == "self":
        return None if wrapped else f"{part.name}().{name}({given})"
    if node.args.args[0].arg == "cls" and wrapped:
        given = f"{part.name}, {given}"
    return f"{part.name}.{name}({given})"


def _candidates(method: _Method, fakes: str) -> Iterator[Candidate]:
    for answer, expected, imports in _answers(method):
        yield _candidate(method, answer, expected, [*method.imports, *imports], fakes)


def _answers(method: _Method) -> Iterator[tuple[str, str, list[str]]]:
    """The answers to try: a verb, what the method then returns ("" where unknown), imports."""
    selected = _SELECTED.search(method.statement)
    if method.sends == "fetch_val":
        yield ".value(3)", "3", []
        yield ".value(3)", "", []
    elif method.sends == "fetch_row" and selected is not None:
        row, imports = _row(selected[1] or selected[2], method)
        yield f".row({row})", "", imports
    elif selected is not None:
        yield ".rows()", "[]", []
        yield ".rows()", "", []
    else:
        verb = method.statement.split()[0].upper() if method.statement.split() else ""
        tag = {"INSERT": "INSERT 0 1", "UPDATE": "UPDATE 1", "DELETE": "DELETE 1"}.get(verb)
        if tag is not None:
            yield f'.tag("{tag}")', "", []


def _row(columns: str, method: _Method) -> tuple[str, list[str]]:
    """A row for the columns of a statement, as far as their names say what they hold."""
    values = []
    imports = []
    for column in columns.split(","):
        name = re.split(r"[\s.]+", column.strip())[-1].strip('"')
        if re.search(r"(^|_)(id|count|number|total)$", name):
            value = "7"
        elif name.endswith(("_at", "_on")):
            value = "datetime(2026, 1, 2)"
            imports = ["from datetime import datetime"]
        else:
            value = '"ana@example.com"' if "email" in name else '"Ana"'
        values.append(
            f"{name}={value}" if name.isidentifier() else f"**{{{quoted(name)}: {value}}}"
        )
    return ", ".join(values), imports


def _candidate(
    method: _Method, answer: str, expected: str, imports: Sequence[str], fakes: str
) -> Candidate:
    part = method.part
    rule = f"conn.on({', '.join([quoted(one_line(method.statement)), *method.parameters])}){answer}"
    if len(rule) > _WIDTH or "--" in method.statement:
        given = [sql_block(method.statement, 8), *method.parameters]
        rule = "conn.on(\n" + "".join(f"        {each},\n" for each in given) + f"    ){answer}"
    act = f"assert await {method.call} == {expected}" if expected else f"await {method.call}"
    shown = f"{part.name}.{method.name}" if isinstance(part.node, ast.ClassDef) else method.name
    body = f'''
@pytest.mark.asyncio
async def test_{words_of(method.name)}_sends_its_statement() -> None:
    """{shown} sends this SQL with these parameters, and nothing else."""
    conn = FakeConnection()
    {rule}

    {act}

    assert len(conn.calls) == 1
'''
    lines = [
        "import pytest",
        f"from {fakes} import FakeConnection",
        import_line(part.module.name, part.name),
        *imports,
    ]
    text = render(f"Tests for {part.module.name}.", lines, [body])
    return Candidate("dao", file_name(part.module, "dao"), text)
