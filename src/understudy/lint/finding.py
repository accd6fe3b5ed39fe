"""The results of a check: findings, files that could not be checked, and errors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One place where a rule is broken. Line and column count from 1."""

    path: str
    line: int
    column: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A file that could not be checked, and why, in one line."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one file.

    ``consulted`` has the state of every other file that it depends on, None for one that does not
    exist.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    problem: Problem | None = None
    consulted: tuple[tuple[str, str | None], ...] = ()


class LintError(Exception):
    """The check cannot be done; the text is the whole message."""


class UnknownRule(LintError):
    """No rule, group or name is called this."""
