"""UND002: the fixture goes, and with it the imports that only it used."""

from __future__ import annotations

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import RemoveImportsVisitor

from understudy.lint.finding import Finding


def rewrite(
    node: cst.CSTNode, finding: Finding, context: CodemodContext
) -> cst.BaseStatement | cst.BaseSmallStatement | cst.RemovalSentinel:
    """Remove the fixture."""
    for name in ("asyncio", "pytest", "pytest_asyncio"):
        RemoveImportsVisitor.remove_unused_import(context, name)
    return cst.RemoveFromParent()
