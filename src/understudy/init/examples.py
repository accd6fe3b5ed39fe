"""What the example tests of all layers share: candidates, and how their text is put together."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import dedent, indent

from understudy.init.layers import Part
from understudy.init.modules import parameters
from understudy.pg.sql import one_line
from understudy.project.scopes import FunctionNode
from understudy.project.sources import Module
from understudy.script.formatting import python_literal

# The words of a module's name that only say which layer it is.
_LAYER_WORDS = {
    "router": {"router", "routers", "routes", "route", "api", "endpoints", "views", "path"},
    "service": {"service", "services", "usecase", "usecases"},
    "dao": {"dao", "daos", "repository", "repositories", "repo", "crud", "dal"},
    "dto": {"dto", "dtos", "schema", "schemas", "models", "pydantic"},
}
_INSTALLED = {"fastapi", "httpx", "pydantic", "pytest", "sqlalchemy", "sqlmodel", "understudy"}
_WIDTH = 88  # what ruff and Black allow by default
TAGS = {"INSERT": "INSERT 0 1", "UPDATE": "UPDATE 1", "DELETE": "DELETE 1"}
# The value that a test gives to an argument of a type, and the import that it needs.
_VALUES = {
    "int": ("7", ""),
    "str": ('"Ana"', ""),
    "float": ("1.5", ""),
    "bool": ("True", ""),
    "logging.Logger": ("logging.getLogger()", "import logging"),
    "uuid.UUID": ("UUID(int=7)", "from uuid import UUID"),
    "pydantic.EmailStr": ('"ana@example.com"', ""),
}


@dataclass(frozen=True)
class Candidate:
    """A test file that may pass.

    Attributes:
        layer: the layer that it shows.
        file: its name, without a folder.
        text: its content.
    """

    layer: str
    file: str
    text: str


@dataclass(frozen=True)
class LayerExamples:
    """The candidates for one layer, the best first, and the reason if there are none."""

    candidates: Sequence[Candidate]
    reason: str = ""


def examples_or_reason(candidates: Sequence[Candidate], reason: str) -> LayerExamples:
    """Return the candidates, with the reason only if there are none."""
    return LayerExamples(candidates, "" if candidates else reason)


# The code under test -----------------------------------------------------------------------------


def public_functions(part: Part) -> Iterator[FunctionNode]:
    """Yield a part that is a function, or the public methods of one that is a class."""
    nodes = part.node.body if isinstance(part.node, ast.ClassDef) else [part.node]
    for node in nodes:
        if isinstance(node, FunctionNode) and not node.name.startswith("_"):
            yield node


def qualified_name(part: Part, name: str) -> str:
    """Return the name of a public function of a part, with its class."""
    return f"{part.name}.{name}" if isinstance(part.node, ast.ClassDef) else name


def initializer(node: ast.ClassDef) -> FunctionNode | None:
    """Return the `__init__` of a class."""
    for statement in node.body:
        if isinstance(statement, FunctionNode) and statement.name == "__init__":
            return statement
    return None


def creation_parameters(node: ast.ClassDef) -> list[tuple[ast.arg, bool]] | None:
    """Return what the constructor of a class takes, each with whether it is required.

    None if the class has none of its own. A dataclass takes its fields.
    """
    init = initializer(node)
    if init is not None:
        return parameters(init)[1:]
    decorators = {ast.unparse(decorator).partition("(")[0] for decorator in node.decorator_list}
    if not {name.rpartition(".")[2] for name in decorators} & {"dataclass", "define", "frozen"}:
        return None
    return [
        (ast.arg(field.target.id, field.annotation), field.value is None)
        for field in node.body
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and "ClassVar" not in ast.unparse(field.annotation)
    ]


def kept_names(init: FunctionNode) -> dict[str, str]:
    """Return the attribute to which a function assigns each name, such as an argument's."""
    return {
        node.value.id: node.targets[0].attr
        for node in ast.walk(init)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Attribute)
        and isinstance(node.value, ast.Name)
    }


def annotated_type(module: Module, annotation: ast.expr | None) -> str:
    """Return the type in an annotation such as `int | None`, `Optional[int]`, `Annotated[int]`.

    A quoted one is read, and an alias of the project stands for its value.
    """
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return ""
    if isinstance(annotation, ast.BinOp):
        return annotated_type(module, annotation.left)
    if isinstance(annotation, ast.Subscript):
        if ast.unparse(annotation.value).rpartition(".")[2] in ("Optional", "Annotated"):
            inner = annotation.slice
            return annotated_type(module, inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
        return ""
    if annotation is None:
        return ""
    name = module.qualified(annotation) or ast.unparse(annotation)
    *home, last = name.split(".")
    there = module.project.module_called(tuple(home)) if home else None
    value = None if there is None else there.defined.get(last)
    if there is not None and isinstance(value, ast.Subscript | ast.BinOp):
        return annotated_type(there, value)
    return name


def value_for(module: Module, argument: ast.arg) -> tuple[str, str] | None:
    """Return a value for an argument and the import that it needs, or None if none is known."""
    kind = annotated_type(module, argument.annotation)
    if kind == "str" and "email" in argument.arg:
        kind = "pydantic.EmailStr"
    return _VALUES.get(kind)


# The text of a test ------------------------------------------------------------------------------


def candidate(
    layer: str, module: Module, imports: Iterable[str], test: str, about: str = ""
) -> Candidate:
    """Return a test file with one test.

    Args:
        layer: the layer.
        module: the module under test.
        imports: the lines that import what the test needs, in any order.
        test: the test function.
        about: what the file tests, if not the module.
    """
    text = render_file(f"Tests for {about or module.name}.", imports, test)
    return Candidate(layer, file_name(module, layer), text)


def render_test(
    name: str, docstring: str, steps: str, *, fixtures: str = "", is_async: bool = True
) -> str:
    """Return a test function."""
    mark = "@pytest.mark.asyncio\nasync " if is_async else ""
    head = f"{mark}def test_{name}({fixtures}) -> None:"
    if len(head.splitlines()[-1]) > _WIDTH:
        given = "".join(f"    {fixture},\n" for fixture in fixtures.split(", "))
        head = f"{mark}def test_{name}(\n{given}) -> None:"
    return f'{head}\n    """{docstring}"""\n{indent(steps, "    ")}\n'


def file_name(module: Module, layer: str) -> str:
    """Return `test_<module>_<layer>.py`, without words in the module that repeat the layer."""
    parts = [part for part in module.name.split(".") if part]
    for part in reversed(parts):
        rest = [word for word in part.split("_") if word.lower() not in _LAYER_WORDS[layer]]
        if rest:
            return f"test_{'_'.join(rest).lower()}_{layer}.py"
    return f"test_{parts[-1].lower()}_{layer}.py"


def render_file(about: str, imports: Iterable[str], test: str) -> str:
    """Return the text of a test file: its docstring, its imports in order, its test."""
    block = import_block(imports, lambda package: package not in _INSTALLED)
    head = "\n\n".join(filter(None, [f'"""{about}"""', block]))
    return f"{head}\n\n\n{test}"


def import_block(imports: Iterable[str], is_own: Callable[[str], bool]) -> str:
    """Return imports in the order of isort: the standard library, packages, the project.

    Args:
        imports: the lines, in any order.
        is_own: whether a package is the project's own.
    """
    sections: tuple[list[str], ...] = ([], [], [], [])
    for line in sorted(_merged(imports), key=lambda line: (line[:4] == "from", line.split()[1])):
        package = line.split()[1].partition(".")[0]
        if package == "__future__":
            sections[0].append(line)
        elif package in sys.stdlib_module_names:
            sections[1].append(line)
        else:
            sections[3 if is_own(package) else 2].append(line)
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _merged(imports: Iterable[str]) -> Iterator[str]:
    """Yield one import for each module: constants, then classes, then functions.

    An import with another name stays on a line of its own.
    """
    by_module: dict[str, set[str]] = {}
    for line in filter(None, imports):
        source, _, names = line.partition(" import ")
        if " as " in names:
            yield line
        else:
            by_module.setdefault(source, set()).update(names.split(", "))
    for source, found in by_module.items():
        ordered = sorted(found, key=lambda name: (not name.isupper(), name.islower(), name))
        yield f"{source} import {', '.join(ordered)}" if ordered[0] else source


def import_line(module: str, name: str) -> str:
    """Return the import of a class or function; of a nested class, that of the outermost."""
    return f"from {module} import {name.partition('.')[0]}"


def rule(fake: str, statement: str, arguments: Sequence[str], answer: str, width: int) -> str:
    """Return the script of one statement, on several lines if it is wider than `width`."""
    line = f"{fake}.on({', '.join([python_literal(one_line(statement)), *arguments])}){answer}"
    if len(line) <= width and "--" not in statement:
        return line
    given = "".join(f"    {argument},\n" for argument in (sql_block(statement, 4), *arguments))
    return f"{fake}.on(\n{given}){answer}"


def sql_block(statement: str, depth: int) -> str:
    """Return SQL as a literal of several lines, or of one if it has three quotes."""
    if '"""' in statement:
        return python_literal(statement)
    lines = dedent(statement.expandtabs(4)).strip("\n").rstrip().splitlines()
    body = indent("\n".join(line.rstrip() for line in lines), " " * depth)
    raw = "r" if "\\" in statement else ""
    return f'{raw}"""\n{body}\n{" " * depth}"""'


def words_of(name: str) -> str:
    """Return a name as a part of a test's name: "GET /users/{id}" as "get_users_id"."""
    kept = "".join(letter.lower() if letter.isalnum() else "_" for letter in name)
    return "_".join(filter(None, kept.split("_")))
