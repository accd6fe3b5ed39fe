"""What the rules on state left behind have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator

from understudy.lint import collected
from understudy.lint.module import Module
from understudy.lint.tree import Function


def per_test_functions(module: Module) -> Iterator[Function]:
    """The functions that run once for each test: tests, and fixtures of function scope."""
    seen = collected.of(module)
    yield from seen.tests
    for fixture in seen.fixtures.values():
        if fixture.scope == "function":
            yield fixture.function


def is_restored(module: Module, pattern: str) -> bool:
    """Whether the file, or a conftest.py that counts for it, has code that matches a pattern."""
    looked_for = re.compile(pattern)
    texts = [module.text, *(each.text for each in collected.of(module).conftests)]
    return any(looked_for.search(each) for each in texts)
