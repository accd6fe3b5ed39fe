"""Changes to a Python file, by the positions of its syntax tree; everything else stays as it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import TypeGuard

from understudy.project import parsing
from understudy.project.imports import with_imports, without_unused
from understudy.project.scopes import Function
from understudy.project.sources import Module

_LINE_ENDS = "\n\n\n"  # before a function of a module
_NEWLINE = re.compile(rb"[ \t]*\r?\n")


class Edits:
    """The changes to one file.

    Args:
        module: the file.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self._spans: dict[tuple[int, int], bytes] = {}
        self._removed: set[ast.AST] = set()
        self._imports: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._spans or self._removed)

    @cached_property
    def _source(self) -> bytes:
        return self.module.text.encode()

    @cached_property
    def _lines(self) -> list[int]:
        """The offset of the beginning of each line."""
        ends = [match.end() for match in re.finditer(rb"\r\n|\r|\n", self._source)]
        return [0, *ends]

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return the offsets of the beginning and of the end of a node, in bytes."""
        assert isinstance(node, ast.expr | ast.stmt | ast.keyword | ast.arg)
        assert node.end_lineno is not None, "the tree was parsed from text"
        assert node.end_col_offset is not None, "likewise"
        start = self._lines[node.lineno - 1] + node.col_offset
        return start, self._lines[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.AST) -> str:
        """Return the source of a node."""
        start, end = self.span(node)
        return self._source[start:end].decode()

    def replace(self, node: ast.AST, text: str) -> None:
        """Put a text in the place of a node."""
        self._spans[self.span(node)] = text.encode()

    def remove(self, statement: ast.stmt) -> None:
        """Remove a statement, and the blocks that have nothing left but opened a connection."""
        self._removed.add(statement)

    def cut(self, start: int, end: int) -> None:
        """Remove what is between two offsets."""
        self._spans[(start, end)] = b""

    def remove_arguments(self, call: ast.Call, gone: Sequence[ast.AST]) -> None:
        """Remove arguments of a call, with the commas between them."""
        arguments: list[ast.expr | ast.keyword] = sorted(
            [*call.args, *call.keywords], key=lambda argument: self.span(argument)[0]
        )
        kept = [argument for argument in arguments if argument not in gone]
        if not kept:
            start, end = self.span(arguments[0])[0], self.span(call)[1] - 1
            opened = self._source[:start].rstrip()
            self.cut(len(opened), end)
            return
        for index, argument in enumerate(arguments):
            if argument not in gone:
                continue
            start, end = self.span(argument)
            before = self.span(arguments[index - 1])[1] if index else start
            if any(later in kept for later in arguments[index + 1 :]):
                end = self.span(arguments[index + 1])[0]
            elif b"\n" not in self._source[before:start]:
                start = before
            else:  # on a line of its own
                start = self._source.rfind(b"\n", 0, start)
                end += self._source[end:].startswith(b",")
            self.cut(start, end)

    def remove_pair(self, given: ast.Dict, value: ast.expr) -> None:
        """Remove a pair of a dict, with the comma after it."""
        at = given.values.index(value)
        key = given.keys[at]
        assert key is not None, "a pair"
        start, end = self.span(key)[0], self.span(value)[1]
        comma = re.compile(rb"\s*,[ \t]*(\r\n|\n)?[ \t]*").match(self._source, end)
        self.cut(start, comma.end() if comma else end)

    def is_gone(self, node: ast.AST) -> bool:
        """Whether a node is replaced or removed."""
        if node in self._removed or any(
            above in self._removed for above in self.module.above(node)
        ):
            return True
        start, end = self.span(node)
        return any(first <= start and end <= last for first, last in self._spans)

    def add_parameter(self, function: Function, name: str) -> None:
        """Give a function one more parameter, before the others; `self` stays the first."""
        if any(parameter.arg == name for parameter in function.parameters):
            return
        given = [*function.node.args.posonlyargs, *function.node.args.args]
        skipped = 1 if function.in_class is not None and given else 0
        if len(given) > skipped:
            at = self.span(given[skipped])[0]
            self._spans[(at, at)] = f"{name}, ".encode()
        elif given:
            at = self.span(given[0])[1]
            self._spans[(at, at)] = f", {name}".encode()
        else:
            start = self.span(function.node)[0]
            head = re.compile(rb"def\s+" + function.name.encode() + rb"[^(]*\(")
            match = head.search(self._source, start)
            assert match is not None, "it is a function"
            others = bool(function.parameters)
            self._spans[(match.end(), match.end())] = f"{name}{', ' if others else ''}".encode()

    def remove_parameter(self, function: Function, name: str) -> None:
        """Remove a parameter of a function, with the comma after it or before it."""
        given = function.node.args
        parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        at = next(i for i, parameter in enumerate(parameters) if parameter.arg == name)
        start, end = self.span(parameters[at])
        if at + 1 < len(parameters):
            end = self.span(parameters[at + 1])[0]
        elif at:
            start = self.span(parameters[at - 1])[1]
        self.cut(start, end)

    def unwrap(self, block: ast.With | ast.AsyncWith) -> None:
        """Remove the first line of a block, and one level of indentation of what is in it."""
        start = self.span(block)[0]
        line = self._source.rfind(b"\n", 0, start) + 1
        body = self.span(block.body[0])[0]
        header = self._source.index(b"\n", self._end_of_header(block)) + 1
        self.cut(line, min(header, body))
        depth = block.body[0].col_offset - block.col_offset
        strings = self._long_strings(block)
        indented = re.compile(rb"(?m)^[ \t]+(?=\S)")
        for match in indented.finditer(self._source, header, self.span(block)[1]):
            if not any(first < match.start() <= last for first, last in strings):
                self.cut(match.start(), match.start() + depth)

    def _end_of_header(self, block: ast.With | ast.AsyncWith) -> int:
        last = block.items[-1]
        return self.span(last.optional_vars or last.context_expr)[1]

    def _long_strings(self, block: ast.With | ast.AsyncWith) -> list[tuple[int, int]]:
        """Return the spans of the strings of several lines, which keep their indentation."""
        return [
            self.span(node)
            for node in ast.walk(block)
            if isinstance(node, ast.Constant | ast.JoinedStr)
            and node.end_lineno is not None
            and node.end_lineno > node.lineno
        ]

    def gap_before(self, statement: ast.stmt) -> str:
        """Return the line ends that a function lacks in the place of a statement of a module."""
        before = self._source[: self.span(statement)[0]]
        return (
            "\n" * (len(_LINE_ENDS) - len(before) + len(before.rstrip(b"\r\n"))) if before else ""
        )

    def add_import(self, line: str) -> None:
        """Add an import, unless the file has it."""
        if line not in self._imports:
            self._imports.append(line)

    def result(self) -> str:
        """Return the new text: without imports of libraries that only the old text used.

        Raises:
            Unreadable: It is not valid Python, which is an error of Understudy.
        """
        spans = dict(self._spans)
        for start, end, new in self._removals():
            spans = {place: kept for place, kept in spans.items() if not start <= place[0] < end}
            spans[(start, end)] = new
        parts, at = [], 0
        for (start, end), new in sorted(spans.items(), key=lambda one: (one[0][0], -one[0][1])):
            if start < at:
                continue  # inside of what another change has replaced
            parts += [self._source[at:start], new]
            at = end
        changed = b"".join([*parts, self._source[at:]]).decode()
        text = without_unused(self.module, with_imports(changed, self._imports))
        if not self.module.text.startswith(("\n", "\r\n")):
            text = text.lstrip("\r\n")
        parsing.parsed(text)
        return text

    def _removals(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield the spans to remove, each with what stands in its place."""
        gone = self._with_emptied_blocks()
        for above in {self.module.parents.get(node) for node in gone if node} - gone:
            for field in ("body", "orelse", "finalbody"):
                block = getattr(above, field, [])
                if not isinstance(block, list):
                    continue
                rest = [one for one in block if one not in gone and not _is_docstring(one)]
                needs_pass = not rest and not isinstance(above, ast.Module)
                for is_gone, group in groupby(block, key=gone.__contains__):
                    run = list(group)
                    if is_gone:
                        is_last = needs_pass and run[-1] is block[-1]
                        yield self._removal(run[0], run[-1], leaves_pass=is_last)

    def _with_emptied_blocks(self) -> set[ast.AST | None]:
        """Return the statements to remove, and blocks that only opened a connection for them."""
        gone: set[ast.AST | None] = set(self._removed)
        waiting: list[ast.AST] = list(self._removed)
        while waiting:
            block = self.module.parents.get(waiting.pop())
            if block not in gone and _only_connects(block) and gone.issuperset(block.body):
                gone.add(block)
                waiting.append(block)
        return gone

    def _removal(
        self, first: ast.stmt, last: ast.stmt, *, leaves_pass: bool
    ) -> tuple[int, int, bytes]:
        """Return the span of statements, with the smaller of the gaps around them."""
        start, end = self.span(first)[0], self.span(last)[1]
        decorators = getattr(first, "decorator_list", [])
        if decorators:
            start = self._lines[decorators[0].lineno - 1] + first.col_offset
        if leaves_pass:
            return start, end, b"pass"
        line = self._source.rfind(b"\n", 0, start) + 1
        rest = re.compile(rb"[ \t]*(#[^\r\n]*)?(\r?\n|$)").match(self._source, end)
        if self._source[line:start].strip() or rest is None:
            return start, end, b""  # other statements are on the line
        end = rest.end()
        gap = re.compile(rb"([ \t]*\r?\n)*").match(self._source, end)
        after = gap.end() - end if gap is not None else 0
        block = getattr(self.module.parents.get(first), "body", [])
        if after or last is block[-1]:
            line = self._with_comments(first, line)
        before = len(self._source[:line]) - len(self._source[:line].rstrip())
        before -= len(_NEWLINE.match(self._source, line - before)[0]) if before else 0  # type: ignore[index] # it is white space with a line end
        if after <= before or first is block[0]:
            return line, end + after, b""
        return line - before, end, b""

    def _with_comments(self, first: ast.stmt, line: int) -> int:
        """Return where the comments of a statement begin, those directly above it."""
        if isinstance(first, ast.FunctionDef | ast.AsyncFunctionDef):
            return line  # what is above may be the heading of a section
        comment = re.compile(rb"[ \t]*#[^\r\n]*\r?\n$")
        while True:
            above = self._source.rfind(b"\n", 0, max(line - 1, 0)) + 1
            if line == 0 or comment.match(self._source[above:line]) is None:
                return line
            line = above


def _only_connects(node: ast.AST | None) -> TypeGuard[ast.With | ast.AsyncWith]:
    """Whether a block opens a connection or a transaction: `with engine.begin() as conn:`."""
    return isinstance(node, ast.With | ast.AsyncWith) and all(
        isinstance(item.context_expr, ast.Call)
        and parsing.last_name(item.context_expr) in ("begin", "connect", "cursor")
        for item in node.items
    )


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
