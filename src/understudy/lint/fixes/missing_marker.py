"""UND001: the marker, above every other decorator."""

from __future__ import annotations

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor

from understudy.lint.finding import Finding


def rewrite(
    node: cst.CSTNode, finding: Finding, context: CodemodContext
) -> cst.BaseStatement | cst.BaseSmallStatement | cst.RemovalSentinel:
    """Return the test with the marker of the plugin that the finding names.

    Raises:
        TypeError: the node is of another kind than the rule reports.
    """
    if not isinstance(node, cst.FunctionDef):
        raise TypeError(type(node))
    marker = "anyio" if "anyio marker" in finding.message else "asyncio"
    AddImportsVisitor.add_needed_import(context, "pytest")
    decorator = cst.Decorator(cst.parse_expression(f"pytest.mark.{marker}"))
    return node.with_changes(decorators=[decorator, *node.decorators])
