"""Constants that the code under test compares its values with, near the arcs that are open."""

from __future__ import annotations

import ast
import builtins
import datetime as dt
import inspect
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from understudy.project import parsing

_FLIPPED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
_NEAR = 2  # lines between a comparison and the branch that it decides
_NOW = re.compile(r"\b(now|utcnow|today)\b")
_TIMES = (dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC), dt.datetime(2999, 1, 1, 12, tzinfo=dt.UTC))
_LABELS = ("code", "name", "key", "slug", "permission", "scope", "role")
_LISTED = (tuple, list, set, frozenset)


@dataclass(frozen=True)
class Constant:
    """A value to plant, so that a branch is taken.

    Attributes:
        name: the name of the compared value: `status` of `row["status"]` and of `user.status`.
        root: the variable that it is a part of: `row`.
        value: the value; a length if `is_length`.
        line: the line of the comparison.
        is_length: whether the length of the value is compared.
    """

    name: str
    root: str
    value: Any
    line: int
    is_length: bool = False


def constants(function: Callable[..., Any], near: Collection[int]) -> Iterator[Constant]:
    """Yield the constants of a function's comparisons.

    Args:
        function: the function.
        near: the lines in which open arcs begin; without any, all comparisons count.
    """
    tree = parsing.tree_of(function)
    if tree is None:
        return
    ast.increment_lineno(tree, inspect.getsourcelines(function)[1] - 1)
    reader = _Reader(function)
    seen: set[str] = set()
    for node in ast.walk(tree):
        line: int = getattr(node, "lineno", 0)
        end: int = getattr(node, "end_lineno", None) or line
        if not line or (near and not any(line - _NEAR <= n <= end + _NEAR for n in near)):
            continue
        for found in reader.of(node):
            if repr(found) not in seen:
                seen.add(repr(found))
                yield found


class _Reader:
    def __init__(self, function: Callable[..., Any]) -> None:
        closure = inspect.getclosurevars(function) if inspect.isfunction(function) else None
        self._names: dict[str, Any] = dict(vars(builtins)) | getattr(function, "__globals__", {})
        self._names |= closure.nonlocals if closure else {}

    def of(self, node: ast.AST) -> Iterator[Constant]:
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield from self._comparison(node.left, node.ops[0], node.comparators[0])
        elif isinstance(node, ast.Match):
            for case in node.cases:
                yield from self._pattern(node.subject, case.pattern)
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            for tested in _tested(node.test):
                for value in (None, True, False, 0, ""):
                    yield from self._planted(tested, value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            known, value = self._constant(node.args[0])
            if node.func.attr in ("startswith", "endswith") and known and isinstance(value, str):
                yield from self._planted(node.func.value, value)

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Iterator[Constant]:
        known, value = self._constant(right)
        subject, kind = left, type(op)
        if not known:
            known, value = self._constant(left)
            subject, kind = right, _FLIPPED.get(type(op), type(op))
        if not known:
            yield from self._time(left, right)
            return
        if isinstance(op, ast.In | ast.NotIn) and isinstance(value, str) and subject is right:
            # `permission in permissions`: the rows of a list, of which only the value is known.
            for name in dict.fromkeys([*filter(None, [_named(left)[0]]), *_LABELS]):
                yield Constant(name, "", value, left.lineno)
            return
        if isinstance(op, ast.In | ast.NotIn) and isinstance(value, _LISTED):
            for one in list(value)[:3]:
                yield from self._planted(subject, one)
            return
        yield from self._planted(subject, value)
        if kind in (ast.Lt, ast.Gt, ast.LtE, ast.GtE) and isinstance(value, int | float):
            yield from self._planted(subject, value + 1)
            yield from self._planted(subject, value - 1)

    def _time(self, left: ast.expr, right: ast.expr) -> Iterator[Constant]:
        """Yield a time in the past and one in the future for what is compared with now."""
        for subject, other in ((left, right), (right, left)):
            if _is_now(other) and not _is_now(subject):
                for value in _TIMES:
                    yield from self._planted(subject, value)

    def _pattern(self, subject: ast.expr, pattern: ast.pattern) -> Iterator[Constant]:
        if isinstance(pattern, ast.MatchOr):
            for one in pattern.patterns:
                yield from self._pattern(subject, one)
        elif isinstance(pattern, ast.MatchSingleton):
            yield from self._planted(subject, pattern.value)
        elif isinstance(pattern, ast.MatchValue):
            known, value = self._constant(pattern.value)
            if known:
                yield from self._planted(subject, value)

    def _planted(self, subject: ast.expr, value: Any) -> Iterator[Constant]:
        is_length = False
        if isinstance(subject, ast.NamedExpr):
            subject = subject.target
        if isinstance(subject, ast.Call):
            called, given = subject.func, subject.args
            if isinstance(called, ast.Name) and called.id == "len" and given:
                subject, is_length = given[0], True
            elif isinstance(called, ast.Attribute):
                if called.attr == "get" and given and isinstance(given[0], ast.Constant):
                    subject = ast.Subscript(called.value, given[0])
                elif called.attr in ("lower", "upper", "strip", "casefold"):
                    subject = called.value
        name, root = _named(subject)
        if name:
            yield Constant(name, root, value, getattr(subject, "lineno", 0), is_length)

    def _constant(self, node: ast.expr) -> tuple[bool, Any]:
        """Return whether an expression is a constant, and its value."""
        if isinstance(node, ast.Constant):
            return True, node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            known, value = self._constant(node.operand)
            is_number = known and isinstance(value, int | float)
            return is_number, -value if is_number else None
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            found = [self._constant(one) for one in node.elts]
            return all(known for known, _ in found), [value for _, value in found]
        if isinstance(node, ast.Name) and node.id in self._names:
            value = self._names[node.id]
            return not callable(value), value
        if isinstance(node, ast.Attribute):
            owner = node.value
            if isinstance(owner, ast.Name) and owner.id in self._names:
                found_value = inspect.getattr_static(self._names[owner.id], node.attr, None)
                is_plain = found_value is not None and not callable(found_value)
                value = getattr(self._names[owner.id], node.attr, None) if is_plain else None
                return value is not None, value
        return False, None


def _is_now(node: ast.expr) -> bool:
    return _NOW.search(ast.unparse(node)) is not None


def _tested(test: ast.expr) -> Iterator[ast.expr]:
    """Yield the values whose truth a test asks for."""
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _tested(value)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _tested(test.operand)
    elif isinstance(test, ast.Name | ast.Attribute | ast.Subscript | ast.NamedExpr):
        yield test


def _named(node: ast.expr) -> tuple[str, str]:
    """Return the last name of an expression such as `row["status"]`, and its variable."""
    root: ast.expr = node
    while isinstance(root, ast.Attribute | ast.Subscript | ast.Await):
        root = root.value
    variable = root.id if isinstance(root, ast.Name) else ""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value), variable
    if isinstance(node, ast.Attribute):
        return node.attr, variable
    return (node.id, variable) if isinstance(node, ast.Name) else ("", variable)
