"""UND004: an exit that answers False."""

from __future__ import annotations

import libcst as cst
from libcst.codemod import CodemodContext

from understudy.lint.finding import Finding

_FALSE = cst.Name("False")
_ANSWER = cst.Arg(
    _FALSE,
    cst.Name("return_value"),
    cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
)


def rewrite(
    node: cst.CSTNode, finding: Finding, context: CodemodContext
) -> cst.BaseStatement | cst.BaseSmallStatement | cst.RemovalSentinel:
    """Return the statement with False for True, or for the mock that a mock returns.

    Raises:
        TypeError: the node is of another kind than the rule reports.
    """
    if not isinstance(node, cst.Return | cst.Assign):
        raise TypeError(type(node))
    if isinstance(node.value, cst.Call):
        return node.with_changes(value=node.value.with_changes(args=[_ANSWER]))
    return node.with_changes(value=_FALSE)
