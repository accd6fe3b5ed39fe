"""What took effect in the database, as far as the events of a run tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from understudy.script.boundary import CallId, Event
from understudy.script.request_blocks import blocks


def committed(events: Iterable[Event], effective: CallId | None = None) -> list[Event]:
    """Return the writes that took effect.

    Args:
        events: of one run of a test, in the order in which they began.
        effective: the call that took effect although its connection was lost.
    """
    found = []
    for block in blocks(events):
        if block.is_committed:
            found += block.writes
        elif effective is not None and block.end is not None and block.end.id == effective:
            found += block.writes or [block.end]
    return found


def written_by_commit(events: Iterable[Event]) -> Mapping[CallId, list[Event]]:
    """Return what each COMMIT made permanent; without those of transactions that only read."""
    return {
        block.end.id: block.writes
        for block in blocks(events)
        if block.is_committed and block.end is not None and block.end.kind == "commit"
        if block.writes
    }
