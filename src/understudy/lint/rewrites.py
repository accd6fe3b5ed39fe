"""The fixes of the rules that have one, made with LibCST, which keeps the rest of a file as it is.

LibCST takes longer to import than a whole check: this module is only imported to fix something.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor, RemoveImportsVisitor
from libcst.metadata import MetadataWrapper, PositionProvider

from understudy.lint.finding import Finding

Rewritten = cst.BaseStatement | cst.BaseSmallStatement | cst.RemovalSentinel


class CannotFix(Exception):
    """A file cannot be rewritten; the text says why."""


def fixed_source(source: bytes, findings: Sequence[Finding]) -> bytes:
    """Return a file's source with findings fixed.

    Args:
        source: the content of the file.
        findings: what to fix in it; those of rules without a fix are left alone.

    Raises:
        CannotFix: LibCST cannot read the file, or the result is not valid Python.
    """
    try:
        wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
        context = CodemodContext(wrapper=wrapper)
        before = wrapper.module
        module = wrapper.visit(_Fixer(context, findings))
        # Imports come last: which ones are used is known only now.
        after = CodemodContext(scratch=context.scratch)
        module = AddImportsVisitor(after).transform_module(module)
        module = RemoveImportsVisitor(after).transform_module(module)
        changed = _without_new_gap(before, module).bytes
        ast.parse(changed)
    except (cst.ParserSyntaxError, SyntaxError, UnicodeError) as error:
        raise CannotFix(str(error).partition("\n")[0]) from error
    return changed


class _Fixer(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, context: CodemodContext, findings: Sequence[Finding]) -> None:
        super().__init__()
        self._context = context
        self._findings = {
            (finding.line, finding.column - 1): finding
            for finding in findings
            if finding.code in _REWRITES
        }

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        result = super().on_leave(original_node, updated_node)
        # The nodes that a fixable finding can be at.
        if not isinstance(original_node, cst.FunctionDef | cst.Return | cst.Assign):
            return result
        start = self.get_metadata(PositionProvider, original_node).start
        finding = self._findings.get((start.line, start.column))
        if finding is None:
            return result
        return _REWRITES[finding.code](updated_node, finding, self._context)  # type: ignore[return-value] # a statement for a statement


def _without_new_gap(before: cst.Module, after: cst.Module) -> cst.Module:
    """Remove the empty lines at the top of a file that a removed first import leaves there."""
    if not after.body or before.header or (before.body and before.body[0].leading_lines):
        return after
    first = after.body[0]
    leading = [line for line in first.leading_lines if line.comment is not None]
    return after.with_changes(body=[first.with_changes(leading_lines=leading), *after.body[1:]])


def _add_marker(node: cst.CSTNode, finding: Finding, context: CodemodContext) -> Rewritten:
    """Put the marker of the plugin that the finding names above every other decorator."""
    assert isinstance(node, cst.FunctionDef)
    marker = "anyio" if "anyio marker" in finding.message else "asyncio"
    AddImportsVisitor.add_needed_import(context, "pytest")
    decorator = cst.Decorator(cst.parse_expression(f"pytest.mark.{marker}"))
    return node.with_changes(decorators=[decorator, *node.decorators])


def _remove_fixture(node: cst.CSTNode, finding: Finding, context: CodemodContext) -> Rewritten:
    """Remove the fixture, and the imports that only it used."""
    for name in ("asyncio", "pytest", "pytest_asyncio"):
        RemoveImportsVisitor.remove_unused_import(context, name)
    return cst.RemoveFromParent()


def _change_decorator(node: cst.CSTNode, finding: Finding, context: CodemodContext) -> Rewritten:
    """Use pytest-asyncio's decorator instead of pytest's, with the same arguments."""
    assert isinstance(node, cst.FunctionDef)
    [decorator] = node.decorators  # with several decorators there is no finding
    made = decorator.decorator
    maker = cst.Attribute(cst.Name("pytest_asyncio"), cst.Name("fixture"))
    other = made.with_changes(func=maker) if isinstance(made, cst.Call) else maker
    AddImportsVisitor.add_needed_import(context, "pytest_asyncio")
    RemoveImportsVisitor.remove_unused_import(context, "pytest")
    RemoveImportsVisitor.remove_unused_import(context, "pytest", "fixture")
    return node.with_changes(decorators=[decorator.with_changes(decorator=other)])


def _return_false(node: cst.CSTNode, finding: Finding, context: CodemodContext) -> Rewritten:
    """Write False instead of True, or make a mock return False."""
    assert isinstance(node, cst.Return | cst.Assign)
    false = cst.Name("False")
    if isinstance(node.value, cst.Call):
        nothing = cst.SimpleWhitespace("")
        argument = cst.Arg(false, cst.Name("return_value"), cst.AssignEqual(nothing, nothing))
        return node.with_changes(value=node.value.with_changes(args=[argument]))
    return node.with_changes(value=false)


# For each rule whose `fixable` is set.
_REWRITES: dict[str, Callable[[cst.CSTNode, Finding, CodemodContext], Rewritten]] = {
    "UND001": _add_marker,
    "UND002": _remove_fixture,
    "UND003": _change_decorator,
    "UND004": _return_false,
}
