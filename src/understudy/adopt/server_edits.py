"""Changes to a file that take away what is around statements, and parameters."""

from __future__ import annotations

import ast
import re

from understudy.adopt.source_edits import Edits
from understudy.project.scopes import Function

_LINE_ENDS = "\n\n\n"  # before a function of a module


class ServerEdits(Edits):
    """The changes to one file of tests that stand on a server of their own."""

    def cut(self, start: int, end: int) -> None:
        """Remove what is between two offsets."""
        self._spans[(start, end)] = b""

    def gap_before(self, statement: ast.stmt) -> str:
        """Return the line ends that a function lacks in the place of a statement of a module."""
        before = self._source[: self.span(statement)[0]]
        return (
            "\n" * (len(_LINE_ENDS) - len(before) + len(before.rstrip(b"\r\n"))) if before else ""
        )

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
