"""A rule: its name, its reasons, examples, and the function that finds violations."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from understudy.project.sources import Module

# The groups that are on by default.
DEFAULT_GROUPS = ("bugs",)
GROUPS = {
    "bugs": "the test does not test what it seems to, or breaks another one",
    "database": "what was asked of the database, and what happens when it fails, is not looked at",
    "design": "the test knows too much of how the code is made, or waits for time to pass",
    "style": "how tests are named and written",
}


class Found(NamedTuple):
    """A place where a rule is violated, and the message about it."""

    node: ast.expr | ast.stmt | ast.excepthandler
    message: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One pitfall.

    Attributes:
        code: UND and three digits; never reused for another rule.
        name: a few words with hyphens.
        group: a key of ``GROUPS``.
        why: one line: what goes wrong.
        instead: what to do about it; one or two sentences.
        wrong: an example; each line with a finding ends with ``# <code>``.
        right: the same without findings.
        files: other files that both examples need, by path.
        path: the file name of the examples.
        right_path: the file name of the right one, if the name is what makes it right.
        check: yields the violations in a module.
        fixable: whether `rewrites.py` has a fix for it.
    """

    code: str
    name: str
    group: str
    why: str
    instead: str
    wrong: str
    right: str
    check: Callable[[Module], Iterator[Found]]
    files: Mapping[str, str] = field(default_factory=dict)
    path: str = "tests/test_users.py"
    right_path: str | None = None
    fixable: bool = False
