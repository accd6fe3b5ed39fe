"""The public surface is what `__all__` says, for Python and for type checkers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import understudy


@pytest.mark.parametrize("name", understudy.__all__)
def test_each_name_can_be_imported(name: str) -> None:
    assert getattr(understudy, name) is not None


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(understudy.__file__).read_text(encoding="utf-8"))
    imported = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }

    assert imported == set(understudy.__all__)
    assert understudy.__all__ == sorted(understudy.__all__)


def test_another_name_is_refused_as_python_refuses_it() -> None:
    with pytest.raises(AttributeError, match=r"^module 'understudy' has no attribute 'no_such'$"):
        understudy.no_such  # type: ignore[attr-defined]  # noqa: B018
