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

    @cached_property
    def writes(self) -> list[Event]:
        """The statements that have changed rows, unless they were undone."""
        return [event for event in self.events if wrote(event) and event not in self.undone]


def failed(event: Event) -> bool:
    """Return whether a call was answered with an error, or not at all."""
    return event.error is not None or event.is_lost


def wrote(event: Event) -> bool:
    """Return whether it is certain that a statement has changed rows."""
    if event.kind != "statement" or failed(event) or not event.tag:
        return False
    count = event.tag.split()[-1]
    if not count.isdecimal() or int(count) == 0:
        return False
    return is_write(event.call.statement)


def tables(statement: str) -> frozenset[str]:
    """Return the names after FROM, INTO, JOIN and UPDATE, without their schema."""
    tokens = sql.tokens(statement)
    found = set()
    for place, token in enumerate(tokens):
        if token.upper() not in _BEFORE_TABLE:
            continue
        name = place + 1
        while name < len(tokens) and tokens[name].upper() in _BETWEEN:
            name += 1
        while name + 2 < len(tokens) and tokens[name + 1] == ".":
            name += 2
        if name < len(tokens) and (tokens[name][0].isalpha() or tokens[name][0] in '_"'):
            found.add(tokens[name].strip('"').lower())
    return frozenset(found)


def blocks(events: Iterable[Event]) -> list[Block]:
    """Return the transactions and single statements of all connections, as they began."""
    found: list[Block] = []
    open_blocks: dict[int | None, Block] = {}
    for event in events:
        connection = event.call.connection
        block = open_blocks.get(connection)
        if event.kind == "connect":
            open_blocks.pop(connection, None)
        elif event.kind == "begin" or block is None:
            if event.is_drivers and event.kind == "statement":
                continue
            block = Block([event])
            if event.kind == "begin":
                open_blocks[connection] = block
            elif event.kind == "statement":
                block.end, block.is_committed = event, not failed(event)
            else:
                continue
            found.append(block)
        else:
            _add(block, event)
            if block.end is not None:
                del open_blocks[connection]
    return found


def _add(block: Block, event: Event) -> None:
    """Add an event to an open transaction."""
    if event.is_drivers and event.kind == "statement" and not failed(event):
        return
    block.events.append(event)
    if event.kind in ("commit", "rollback") or event.is_lost:
        block.end = event
        block.is_committed = event.kind == "commit" and not failed(event)
        if event.tag == "ROLLBACK":
            block.is_committed = False
    elif event.kind == "rollback to":
        block.undone.update(_since_savepoint(block.events))


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
