"""Statements that one line sends repeatedly, and the statement whose rows it may loop over."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from understudy.pg import sql
from understudy.project import parsing
from understudy.script.boundary import Event
from understudy.script.budgets import sent
from understudy.script.origin import Origin
from understudy.script.request_blocks import failed

# A statement for many rows at once, a page, or a queue that is worked off: as many as there are.
_FOR_SEVERAL = frozenset({"ANY", "OFFSET", "LOCKED", "IN"})
_LOOPS = (
    ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """A statement of one line, in one request or in the body of a test.

    Attributes:
        request: the key of the request; "" for the body.
        statement: its shape.
        origin: the line.
    """

    request: str
    statement: str
    origin: Origin

    @property
    def place(self) -> tuple[str, Origin]:
        """The site in every test."""
        return self.statement, self.origin


@dataclass(frozen=True, slots=True)
class Repeat:
    """A statement that is sent repeatedly.

    Attributes:
        site: where it is sent.
        events: its calls.
        source: the statement whose rows it may loop over: its latest call before.
        rows: how many rows that has returned, in all of its calls.
    """

    site: Site
    events: Sequence[Event]
    source: Event
    rows: int


def site_of(event: Event) -> Site:
    """Return where a statement was sent."""
    return Site(event.id.request, event.id.statement, event.call.origin)


def by_site(events: Iterable[Event]) -> dict[Site, list[Event]]:
    """Return the statements of a test's body, without those of its fixtures, by their site."""
    found: dict[Site, list[Event]] = {}
    for event in sent(events):
        if event.phase == "call" and not failed(event):
            found.setdefault(site_of(event), []).append(event)
    return found


def rows_of(events: Iterable[Event]) -> int:
    """Return how many rows SELECTs have returned."""
    counts = [(event.tag or "").partition(" ") for event in events]
    return sum(int(count) for tag, _, count in counts if tag == "SELECT" and count.isdecimal())


def repeats(
    events: Sequence[Event], test_file: Path, test: Callable[..., object] | None
) -> list[Repeat]:
    """Find the statements that are sent repeatedly, after a statement with as many rows.

    Args:
        events: those of a test.
        test_file: the file of the test, whose own statements are not looked at, unless an app that
            is defined there sends them.
        test: its function.
    """
    sites = by_site(events)
    loops = has_loop(test)
    found = []
    for site, own in sites.items():
        is_tests = not site.request and Path(site.origin.code.co_filename) == test_file
        if len(own) < 2 or is_tests or _is_for_several(site.statement):
            continue
        repeat = _with_source(site, own, sites)
        if repeat is None:
            continue
        # Outside of a request, the test itself may loop over the rows.
        source = repeat.source.call.origin.code
        if site.request or not loops or _is_within(site.origin.code, source):
            found.append(repeat)
    return found


def has_loop(test: Callable[..., object] | None) -> bool:
    """Return whether a function may call the app in a loop of its own.

    A loop that only inserts rows does not count.
    """
    tree = parsing.tree_of(inspect.unwrap(test)) if test else None
    if tree is None:
        return True  # it cannot be read
    is_async = inspect.iscoroutinefunction(test)
    return any(
        isinstance(loop, _LOOPS) and any(_may_call(node, is_async) for node in ast.walk(loop))
        for loop in ast.walk(tree)
    )


def _may_call(node: ast.AST, is_async: bool) -> bool:
    if is_async:
        return isinstance(node, ast.Await | ast.AsyncFor)
    return isinstance(node, ast.Call) and getattr(node.func, "attr", None) != "insert"


def _is_within(code: CodeType, other: CodeType) -> bool:
    """Return whether code is that of a function, or of a comprehension in it."""
    own, others = (one.co_qualname.partition(".<locals>.<")[0] for one in (code, other))
    return code.co_filename == other.co_filename and own == others


def _is_for_several(statement: str) -> bool:
    words = {token.upper() for token in sql.tokens(statement)}
    return not _FOR_SEVERAL.isdisjoint(words)


def _with_source(site: Site, own: Sequence[Event], sites: dict[Site, list[Event]]) -> Repeat | None:
    """Return the repeat with the latest statement before it that has enough rows."""
    first = own[0].begun
    candidates = []
    for other, calls in sites.items():
        before = [event for event in calls if event.begun < first]
        rows = rows_of(calls)
        if other != site and other.request == site.request and before and rows >= len(own):
            candidates.append(Repeat(site, own, before[-1], rows))
    return max(candidates, key=lambda repeat: repeat.source.begun, default=None)
