"""The transactions of a test, read from what passed its boundary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from understudy.pg import sql
from understudy.pg.writes import is_write
from understudy.script.boundary import Event

# What a table's name follows.
_BEFORE_TABLE = frozenset({"FROM", "INTO", "JOIN", "UPDATE", "USING", "COPY"})
_BETWEEN = frozenset({"ONLY", "LATERAL"})


@dataclass(eq=False)
class Block:
    """A transaction, or a statement outside of one.

    Attributes:
        events: from BEGIN to COMMIT or ROLLBACK, without what drivers send on their own.
        undone: those that a ROLLBACK TO has undone.
        end: what ended it; None while it is open.
        is_committed: whether it took effect.
    """

    events: list[Event] = field(default_factory=list)
    undone: set[Event] = field(default_factory=set)
    end: Event | None = None
    is_committed: bool = False

    @property
    def begin(self) -> Event:
        """The event that began it."""
        return self.events[0]

    def add(self, event: Event) -> None:
        """Add a call of its connection, which may end it."""
        self.events.append(event)
        first = self.begin
        is_own_end = event.kind in ("release", "rollback to") and (
            first.kind == "savepoint" and _savepoint(event) == _savepoint(first)
        )
        if event.kind in ("commit", "rollback") or event.is_lost or is_own_end:
            self.end = event
            is_commit = event.kind in ("commit", "release")
            self.is_committed = is_commit and not failed(event) and event.tag != "ROLLBACK"
        elif event.kind == "rollback to":
            self.undone.update(_since_savepoint(self.events))

    @cached_property
    def writes(self) -> list[Event]:
        """The statements that have changed rows, unless they were undone."""
        return [event for event in self.events if wrote(event) and event not in self.undone]


def failed(event: Event) -> bool:
    """Return whether a call was answered with an error, or not at all."""
    return event.error is not None or event.is_lost


def wrote(event: Event) -> bool:
    """Return whether it is certain that a statement has changed rows."""
    if event.kind != "statement" or failed(event) or event.tag is None:
        return False
    # Without a count: a driver that wants one row has got it from RETURNING.
    count = event.tag.rpartition(" ")[2] or "1"
    return count.isdecimal() and int(count) > 0 and is_write(event.call.shape)


def tables(statement: str) -> frozenset[str]:
    """Return the names after FROM, INTO, JOIN and UPDATE, without their schema."""
    tokens = sql.tokens(statement)
    before = (place for place, token in enumerate(tokens) if token.upper() in _BEFORE_TABLE)
    return frozenset(filter(None, (table_after(tokens, place) for place in before)))


def table_after(tokens: sql.Tokens, place: int) -> str:
    """Return the table that is named after a word such as INTO, without its schema; "" for none."""
    name = place + 1
    while name < len(tokens) and tokens[name].upper() in _BETWEEN:
        name += 1
    while name + 2 < len(tokens) and tokens[name + 1] == ".":
        name += 2
    is_name = name < len(tokens) and (tokens[name][0].isalpha() or tokens[name][0] in '_"')
    return tokens[name].strip('"').lower() if is_name else ""


def blocks(events: Iterable[Event]) -> list[Block]:
    """Return the transactions and single statements of all connections, as they began.

    A test may keep one transaction around its requests. Then the savepoint of a request is what its
    transaction would be.
    """
    found: list[Block] = []
    # Of each connection, the open transaction, and the savepoint that stands for one.
    open_blocks: dict[int | None, list[Block]] = {}
    for event in events:
        around = open_blocks.setdefault(event.call.connection, [])
        if event.kind == "connect":
            around.clear()
        elif event.is_drivers and event.kind == "statement" and not failed(event):
            continue
        elif event.kind == "begin" or _stands_for_begin(event, around):
            around.append(Block([event]))
            found.append(around[-1])
        elif around and (event.kind in ("commit", "rollback") or event.is_lost):
            for block in around:
                block.add(event)
            around.clear()
        elif around:
            around[-1].add(event)
            if around[-1].end is not None:
                around.pop()
        elif event.kind == "statement":
            found.append(Block([event], end=event, is_committed=not failed(event)))
    return found


def _stands_for_begin(event: Event, around: Sequence[Block]) -> bool:
    is_tests = len(around) == 1 and around[0].begin.request is None
    return event.kind == "savepoint" and is_tests and event.request is not None


def _since_savepoint(events: Sequence[Event]) -> list[Event]:
    """Return the events since the savepoint to which the last one goes back."""
    name = _savepoint(events[-1])
    for place in range(len(events) - 2, 0, -1):
        if events[place].kind == "savepoint" and _savepoint(events[place]) == name:
            return list(events[place:-1])
    return []


def _savepoint(event: Event) -> str:
    """Return the name in SAVEPOINT and ROLLBACK TO."""
    return [token for token in sql.tokens(event.call.statement) if token != ";"][-1]
