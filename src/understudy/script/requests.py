"""The HTTP requests of a test, as its app answers them."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import CodeType
from typing import Literal

Phase = Literal["setup", "call", "teardown"]
# Of the test that runs; the plugin sets it.
phase: Phase = "call"

# A part of a path that may differ from run to run.
_VARIABLE = re.compile(
    r"(?<=/)(?:\d+|[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})(?=/|$)", re.IGNORECASE
)
# Counts what happens in a run, in requests and at the database, so that it can be ordered.
_CLOCK: Iterator[int] = itertools.count(1)


def now() -> int:
    """Return the next position in the order of all that happens."""
    return next(_CLOCK)


class _TimedClock(Iterator[int]):
    """The same clock, which keeps the time of each position."""

    def __init__(self, clock: Iterator[int], times: dict[int, float]) -> None:
        self._clock = clock
        self._times = times

    def __next__(self) -> int:
        position = next(self._clock)
        self._times[position] = time.perf_counter()
        return position


@contextmanager
def timed() -> Iterator[dict[int, float]]:
    """Keep the time of all that happens meanwhile.

    Yields:
        The seconds of each position, on the clock of `time.perf_counter`.
    """
    global _CLOCK
    before, times = _CLOCK, dict[int, float]()
    _CLOCK = _TimedClock(before, times)
    try:
        yield times
    finally:
        _CLOCK = before


@dataclass(slots=True, eq=False)
class Request:
    """A request that an app answers in a test.

    Attributes:
        method: such as "POST".
        path: its path, without the query.
        number: 1 for the first request of the phase with this method and shape.
        route: the path as the app declares it, such as "/users/{id}"; None until it is known.
        status: the status that went out; None before.
        begun: the position (see `now`) at which the app was called.
        answered: the position at which the response began to go out; None before.
        decided: the position at which the app's own code had answered, below all middleware; None
            before, and for an app that is not Starlette's.
        sent: the position at which the last of the response went out; None before.
        ended: the position at which the app returned or raised; None before.
        error: the name of the exception that the app raised, also after it has answered.
        media_type: of the response, such as "application/json"; "" if it has none.
        body: the beginning of the response.
        endpoint: the code of the function that answers it; None if the framework does not tell.
        dependencies: the names and the code of the functions that FastAPI calls for it.
        background_of: for a background task of Starlette, the request that started it.
        phase: the phase of the test that sent it.
        shape: its path with `{}` for each number and UUID.
    """

    method: str
    path: str
    number: int
    route: str | None = None
    status: int | None = None
    begun: int = field(default_factory=now)
    answered: int | None = None
    decided: int | None = None
    sent: int | None = None
    ended: int | None = None
    error: str | None = None
    media_type: str = ""
    body: bytes = b""
    endpoint: CodeType | None = None
    dependencies: dict[CodeType, str] = field(default_factory=dict)
    background_of: Request | None = None
    phase: Phase = field(default_factory=lambda: phase)
    shape: str = field(init=False)

    def __post_init__(self) -> None:
        """Derive the shape of the path."""
        self.shape = _VARIABLE.sub("{}", self.path)

    @property
    def key(self) -> str:
        """Which request of its phase it is; the same in every run, such as "POST /users/{} #1"."""
        return f"{self.method} {self.shape} #{self.number}"

    @property
    def name(self) -> str:
        """The method and the route, or the path where the route is unknown."""
        return f"{self.method} {self.route or self.path}"

    def in_background(self) -> Request:
        """Return the request for a task that it runs in the background."""
        return replace(self, background_of=self.background_of or self)


# The requests of the running test, in the order in which they began.
of_test: list[Request] = []


def begin_test() -> None:
    """Forget the requests of the last test."""
    global of_test
    of_test = []


def begin(method: str, path: str) -> Request:
    """Return a new request of the running test."""
    request = Request(method, path, 1)
    alike = (method, request.shape, phase)
    request.number += sum((other.method, other.shape, other.phase) == alike for other in of_test)
    of_test.append(request)
    return request


# The request that the running task or thread works for, also after the response; None for code that
# no request has called.
current: ContextVar[Request | None] = ContextVar("understudy_request", default=None)


def only_running() -> Request | None:
    """Return the request that an app answers now; None if there are several."""
    running = [request for request in of_test if request.ended is None]
    return running[0] if len(running) == 1 else None
