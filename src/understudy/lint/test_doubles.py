"""What is known of mocks and fakes from how they are made."""

from __future__ import annotations

import ast

from understudy.project.sources import Module

_MOCK_MODULES = ("unittest.mock", "mock", "asyncmock", "asynctest")
MOCKS = frozenset({"Mock", "MagicMock", "AsyncMock", "NonCallableMock", "NonCallableMagicMock"})


def mock_class(module: Module, node: ast.AST | None) -> str | None:
    """Return the class of mock that an expression makes, such as AsyncMock; None for another."""
    if not isinstance(node, ast.Call):
        return None
    dotted = module.qualified(node.func) or ""
    home, _, name = dotted.rpartition(".")
    if name in MOCKS and (home in _MOCK_MODULES or home == "mocker"):
        return name
    # The fixture of pytest-mock: a parameter, so it has no name in the file.
    func = node.func
    if (
        isinstance(func, ast.Attribute)
        and func.attr in MOCKS
        and isinstance(func.value, ast.Name)
        and func.value.id.endswith("mocker")
    ):
        return func.attr
    return None


def answers_with_a_mock(module: Module, node: ast.expr) -> bool:
    """Whether an expression makes a mock that, called, answers with another mock."""
    if mock_class(module, node) is None or not isinstance(node, ast.Call):
        return False
    # A spec may be a class whose own method decides; arguments may set the answer.
    return not node.args and not node.keywords
