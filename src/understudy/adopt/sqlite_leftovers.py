"""What of SQLite adopting leaves in a project, each with what to do by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence

from understudy.adopt.adoption import Place, Refusal
from understudy.adopt.source_edits import Edits
from understudy.adopt.targets import Target
from understudy.project.sources import Module

_URL = re.compile(r"sqlite(\+\w+)?:/")
_STATEMENT = re.compile(r"(?i)\bPRAGMA\s+\w+|\bsqlite_(master|schema|sequence)\b")


def leftovers(
    target: Target, edits: Sequence[tuple[Module, Edits]], handled: Collection[ast.AST]
) -> Iterator[Refusal]:
    """Yield the uses of SQLite that the tests still have.

    Args:
        target: the database that they move to.
        edits: the files of the tests, each with its changes.
        handled: the expressions that are URLs of what was rewritten or refused.
    """
    for module, changed in edits:
        for name in sorted({*module.imports.values()}):
            if name.partition(".")[0] == "sqlite3" or "dialects.sqlite" in name:
                yield Refusal(
                    Place(module.path, _line(module, name), f"an import of {name}"),
                    "What uses it is only for SQLite.",
                    "Look at the tests that use it.",
                )
                break
        for node in module.scope.all(ast.Constant):
            if not isinstance(node.value, str) or changed.is_gone(node) or _is_text(module, node):
                continue
            if _STATEMENT.search(node.value):
                yield Refusal(
                    Place(module.path, node.lineno, "a statement of SQLite"),
                    f"{target.database.name} does not have it.",
                    "Remove it, or ask information_schema instead.",
                )
            elif _URL.match(node.value) and node not in handled:
                yield Refusal(
                    Place(module.path, node.lineno, "a URL of SQLite"),
                    "No engine of the tests takes it after the rewrite.",
                    f"Remove it, or use {target.real}.dsn if a test needs a URL.",
                )


def _line(module: Module, name: str) -> int:
    top = name.partition(".")[0]
    for node in (*module.scope.all(ast.Import), *module.scope.all(ast.ImportFrom)):
        if top in ast.unparse(node):
            return node.lineno
    return 1


def _is_text(module: Module, node: ast.AST) -> bool:
    """Whether a string is a docstring."""
    return isinstance(module.parents.get(node), ast.Expr)
