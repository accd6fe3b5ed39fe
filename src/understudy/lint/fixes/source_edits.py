"""Rewrites a file with LibCST, which keeps everything that it is not told to change."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Sequence
from functools import cache

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor, RemoveImportsVisitor
from libcst.metadata import MetadataWrapper, PositionProvider

from understudy.lint import fixes
from understudy.lint.finding import Finding
from understudy.lint.registry import all_rules

# What a finding may stand at: only these are looked at.
_KINDS = (cst.FunctionDef, cst.Return, cst.Assign)

Rewritten = cst.BaseStatement | cst.BaseSmallStatement | cst.RemovalSentinel
Rewrite = Callable[[cst.CSTNode, Finding, CodemodContext], Rewritten]


class CannotMend(Exception):
    """A file cannot be rewritten; the text says why."""


def mended(source: bytes, findings: Sequence[Finding]) -> bytes:
    """Return the source with findings mended.

    Args:
        source: the content of a file.
        findings: what to mend in it; those of rules without a fix are left alone.

    Raises:
        CannotMend: LibCST cannot read the file, or what came out is no Python any more.
    """
    try:
        wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
        context = CodemodContext(wrapper=wrapper)
        before = wrapper.module
        module = wrapper.visit(_Mender(context, findings))
        # Imports last: which are used shows only now.
        after = CodemodContext(scratch=context.scratch)
        module = AddImportsVisitor(after).transform_module(module)
        module = RemoveImportsVisitor(after).transform_module(module)
        changed = _without_new_gap(before, module).bytes
        ast.parse(changed)
    except (cst.ParserSyntaxError, SyntaxError, UnicodeError) as error:
        raise CannotMend(str(error).partition("\n")[0]) from error
    return changed


class _Mender(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, context: CodemodContext, findings: Sequence[Finding]) -> None:
        super().__init__()
        self._context = context
        rules = all_rules()
        self._findings = {
            (finding.line, finding.column - 1): finding
            for finding in findings
            if rules[finding.code].fixable
        }

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        result = super().on_leave(original_node, updated_node)
        if not isinstance(original_node, _KINDS):
            return result
        start = self.get_metadata(PositionProvider, original_node).start
        finding = self._findings.get((start.line, start.column))
        if finding is None:
            return result
        return _rewrite(finding.code)(updated_node, finding, self._context)  # type: ignore[return-value] # a statement for a statement


@cache
def _rewrite(code: str) -> Rewrite:
    name = all_rules()[code].name.replace("-", "_")
    rewrite: Rewrite = importlib.import_module(f"{fixes.__name__}.{name}").rewrite
    return rewrite


def _without_new_gap(before: cst.Module, after: cst.Module) -> cst.Module:
    """A first import that is taken out leaves the empty line below it at the top of the file."""
    if not after.body or before.header or (before.body and before.body[0].leading_lines):
        return after
    first = after.body[0]
    leading = [line for line in first.leading_lines if line.comment is not None]
    return after.with_changes(body=[first.with_changes(leading_lines=leading), *after.body[1:]])
