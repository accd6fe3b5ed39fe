"""Snapshots of transactions: pg_snapshot, and txid_snapshot, its older name.

Their values are texts as PostgreSQL writes them: "xmin:xmax:running,running"; asyncpg has tuples.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from understudy.pg.codecs import messages
from understudy.pg.codecs.codec import Codec, Reader, invalid, refusal, unfit

_PARTS = re.compile(r"(\d+):(\d+):((?:\d+(?:,|\Z))*)", re.ASCII)
_LARGEST = 2**64
Snapshot = tuple[int, int, Sequence[int]]


def _parsed(text: str) -> Snapshot | None:
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    running = [int(each) for each in found[3].split(",") if each]
    return int(found[1]), int(found[2]), running


def _is_sane(snapshot: Snapshot, *, past: int) -> bool:
    """Say whether those that run are sorted and between the others, which are no zeros.

    Args:
        snapshot: what was read.
        past: 1 where a running one may be the last number, as it may in bytes; 0 where not.
    """
    first, last, running = snapshot
    return (
        0 < first <= last < _LARGEST
        and list(running) == sorted(running)
        and all(first <= each < last + past for each in running)
    )


def _text(snapshot: Snapshot) -> str:
    first, last, running = snapshot
    return f"{first}:{last}:{','.join(str(each) for each in dict.fromkeys(running))}"


def _read(text: str) -> str:
    snapshot = _parsed(text)
    if snapshot is None or not _is_sane(snapshot, past=0):
        raise invalid("pg_snapshot", text)  # of both, as they are one
    return _text(snapshot)


def _receive(data: bytes) -> str:
    reader = Reader(data)
    count = reader.number(4)
    # PostgreSQL's own limit: what fits into one piece of memory.
    if not 0 <= count <= (2**30 - 25) // 8:
        raise refusal("22P03", messages.bad_snapshot())
    first, last = reader.number(8, signed=False), reader.number(8, signed=False)
    if not _is_sane((first, last, ()), past=0):
        raise refusal("22P03", messages.bad_snapshot())
    running: list[int] = []
    for _ in range(count):
        running.append(reader.number(8, signed=False))
        if not _is_sane((first, last, running[-2:]), past=1):
            raise refusal("22P03", messages.bad_snapshot())
    reader.end()
    return _text((first, last, running))


def _fit(value: Any) -> Snapshot:
    is_tuple = isinstance(value, tuple) and len(value) == 3 and isinstance(value[2], (tuple, list))
    text = _text(value) if is_tuple else value
    snapshot = _parsed(text) if isinstance(text, str) else None
    if snapshot is None or not _is_sane(snapshot, past=1):
        raise unfit("pg_snapshot", value)
    return snapshot


def _send(value: Any) -> bytes:
    first, last, running = _fit(value)
    numbers = [first, last, *dict.fromkeys(running)]
    return (len(numbers) - 2).to_bytes(4) + b"".join(each.to_bytes(8) for each in numbers)


SNAPSHOT = Codec(_read, _receive, lambda value: _text(_fit(value)), _send)
