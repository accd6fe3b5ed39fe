"""Where the DAO layer has its SQL and its parameters, as places in its source files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.mutants.mutant import Spot

BACKEND = Path(__file__).parents[2] / "examples" / "backend"
_CALLS = frozenset({"execute", "execute_many", "fetch", "fetch_row", "fetch_val"})


@dataclass(frozen=True)
class Statement:
    """A statement in a method.

    Attributes:
        spot: the method it stands in.
        call: which method of the connection it is given to.
        start: where in the file its text begins.
        parameters: the (start, end) of each parameter in the file, list by list: more than one
            list where a list is built from another.
    """

    spot: Spot
    call: str
    start: int
    text: str
    parameters: list[list[tuple[int, int]]] = field(default_factory=list)


def statements(folder: Path = BACKEND / "src/domain/dal/dao") -> Iterator[Statement]:
    """Every statement of every DAO in a folder, in the order of files and lines."""
    for file in sorted(folder.glob("*.py")):
        source = file.read_text(encoding="utf-8")
        places = _Places(source)
        for owner in ast.parse(source).body:
            if not isinstance(owner, ast.ClassDef):
                continue
            for method in owner.body:
                if isinstance(method, ast.AsyncFunctionDef):
                    spot = Spot(file, f"src.domain.dal.dao.{file.stem}", owner.name, method.name)
                    yield from _in_method(spot, method, places)


def _in_method(spot: Spot, method: ast.AsyncFunctionDef, places: _Places) -> Iterator[Statement]:
    variables = {
        node.targets[0].id: node.value
        for node in ast.walk(method)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.List)
    }
    taken: set[str] = set()  # a list that two calls share is changed for both at once
    for node in ast.walk(method):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in _CALLS or not isinstance(node.args[0], ast.Constant):
            continue
        text = str(node.args[0].value)
        found = Statement(spot, node.func.attr, places.inside(node.args[0], text), text)
        for each in node.args[1:]:
            found.parameters.extend(_lists(each, variables, taken, places))
        yield found


def _lists(
    node: ast.expr, variables: dict[str, ast.List], taken: set[str], places: _Places
) -> Iterator[list[tuple[int, int]]]:
    if isinstance(node, ast.ListComp):
        node = node.elt
    if isinstance(node, ast.Name) and node.id in variables and node.id not in taken:
        taken.add(node.id)
        node = variables[node.id]
    if isinstance(node, ast.List):
        for item in node.elts:
            if isinstance(item, ast.Starred):
                yield from _lists(item.value, variables, taken, places)
        plain = [places.of(item) for item in node.elts if not isinstance(item, ast.Starred)]
        if plain:
            yield plain


class _Places:
    """Offsets in a text for the lines and columns, in bytes, that `ast` gives."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def of(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._offset(node.lineno, node.col_offset),
            self._offset(node.end_lineno, node.end_col_offset),
        )

    def inside(self, node: ast.expr, text: str) -> int:
        """Where the text of a literal begins, which must have no escapes in it."""
        start, end = self.of(node)
        found = self._source.index(text, start)
        if not start < found <= end - len(text):
            raise ValueError(f"a literal that is not spelt as it reads: {text!r}")
        return found

    def _offset(self, line: int, column: int) -> int:
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)
