"""UND003: pytest-asyncio's decorator instead of pytest's, with the same arguments."""

from __future__ import annotations

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor, RemoveImportsVisitor

from understudy.lint.finding import Finding

_MAKER = cst.Attribute(cst.Name("pytest_asyncio"), cst.Name("fixture"))


def rewrite(
    node: cst.CSTNode, finding: Finding, context: CodemodContext
) -> cst.BaseStatement | cst.BaseSmallStatement | cst.RemovalSentinel:
    """Return the fixture with pytest-asyncio's decorator.

    Raises:
        TypeError: the node is of another kind than the rule reports.
    """
    if not isinstance(node, cst.FunctionDef):
        raise TypeError(type(node))
    [decorator] = node.decorators  # the rule is silent where there are others
    made = decorator.decorator
    other = made.with_changes(func=_MAKER) if isinstance(made, cst.Call) else _MAKER
    AddImportsVisitor.add_needed_import(context, "pytest_asyncio")
    RemoveImportsVisitor.remove_unused_import(context, "pytest")
    RemoveImportsVisitor.remove_unused_import(context, "pytest", "fixture")
    return node.with_changes(decorators=[decorator.with_changes(decorator=other)])
