"""The SQL statements and parameters of the DAO layer, with their positions in the source files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.mutants.mutant import Method

BACKEND = Path(__file__).parents[2] / "examples" / "backend"
_CALLS = frozenset({"execute", "execute_many", "fetch", "fetch_row", "fetch_val"})


@dataclass(frozen=True)
class Statement:
    """A statement in a method.

    Attributes:
        method: the DAO method.
        call: the name of the connection's method that gets the statement.
        start: the offset of its text in the file.
        text: the statement.
        parameters: for each list of parameters, the (start, end) of each parameter in the file.
            There is more than one list if a list is built from another one.
    """

    method: Method
    call: str
    start: int
    text: str
    parameters: list[list[tuple[int, int]]] = field(default_factory=list)


def statements(folder: Path = BACKEND / "src/domain/dal/dao") -> Iterator[Statement]:
    """Return every statement of every DAO in a folder, in the order of files and lines."""
    for file in sorted(folder.glob("*.py")):
        source = file.read_text(encoding="utf-8")
        offsets = _Offsets(source)
        for owner in ast.parse(source).body:
            if not isinstance(owner, ast.ClassDef):
                continue
            for node in owner.body:
                if isinstance(node, ast.AsyncFunctionDef):
                    module = f"src.domain.dal.dao.{file.stem}"
                    yield from _in_method(
                        Method(file, module, owner.name, node.name), node, offsets
                    )


def _in_method(
    method: Method, definition: ast.AsyncFunctionDef, offsets: _Offsets
) -> Iterator[Statement]:
    variables = {
        node.targets[0].id: node.value
        for node in ast.walk(definition)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.List)
    }
    taken: set[str] = set()  # a list that two calls share is one list
    for node in ast.walk(definition):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in _CALLS or not isinstance(node.args[0], ast.Constant):
            continue
        text = str(node.args[0].value)
        found = Statement(method, node.func.attr, offsets.start_of_text(node.args[0], text), text)
        for argument in node.args[1:]:
            found.parameters.extend(_lists(argument, variables, taken, offsets))
        yield found


def _lists(
    node: ast.expr, variables: dict[str, ast.List], taken: set[str], offsets: _Offsets
) -> Iterator[list[tuple[int, int]]]:
    if isinstance(node, ast.ListComp):
        node = node.elt
    if isinstance(node, ast.Name) and node.id in variables and node.id not in taken:
        taken.add(node.id)
        node = variables[node.id]
    if isinstance(node, ast.List):
        for item in node.elts:
            if isinstance(item, ast.Starred):
                yield from _lists(item.value, variables, taken, offsets)
        plain = [offsets.range_of(item) for item in node.elts if not isinstance(item, ast.Starred)]
        if plain:
            yield plain


class _Offsets:
    """Converts the lines and columns (in bytes) of `ast` to offsets in a text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def range_of(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._offset(node.lineno, node.col_offset),
            self._offset(node.end_lineno, node.end_col_offset),
        )

    def start_of_text(self, node: ast.expr, text: str) -> int:
        """Return the offset of the text of a literal without escapes."""
        start, end = self.range_of(node)
        found = self._source.index(text, start)
        if not start < found <= end - len(text):
            raise ValueError(f"a literal with escapes: {text!r}")
        return found

    def _offset(self, line: int, column: int) -> int:
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)
