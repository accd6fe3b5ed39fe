"""The statements of a run by the time that they took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from understudy.run_report.assembly import Finished
from understudy.script.formatting import counted, shape, shortened

_LONGEST = 100  # characters of a statement


@dataclass
class _Times:
    """The calls of a statement.

    Attributes:
        seconds: how long each took.
        slowest: the slowest one: its seconds, place and test.
    """

    seconds: list[float] = field(default_factory=list)
    slowest: tuple[float, str, str] = (-1.0, "", "")


def durations(finished: Sequence[Finished], most: int) -> Iterator[str]:
    """Yield the lines on the statements that took the most time, the slowest first.

    Statements that differ in literals only are one. The time of a statement is that from its
    arrival at the server to its answer.

    Args:
        finished: the tests of the run.
        most: the number of statements.
    """
    found: dict[str, _Times] = {}
    for one in finished:
        for event in one.test.events:
            if event.statement is None or event.seconds is None:
                continue
            times = found.setdefault(shape(one.statements[event.statement]), _Times())
            times.seconds.append(event.seconds)
            times.slowest = max(times.slowest, (event.seconds, event.place, one.test.id))
    ordered = sorted(found.items(), key=lambda item: (-sum(item[1].seconds), item[0]))
    for statement, times in ordered[:most]:
        calls = counted(len(times.seconds), "call")
        seconds, place, test = times.slowest
        yield f"{sum(times.seconds):8.3f}s in {calls}: {shortened(statement, _LONGEST)}"
        yield f"{'':10}slowest {seconds:.3f}s at {place or 'an unknown place'}, in {test}"
    if len(ordered) > most:
        yield f"{counted(len(ordered) - most, 'more statement')} not shown"
