"""The HTTP requests of a test, as its app answers them."""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import CodeType

# Counts what happens in a run, in requests and at the database, so that it can be ordered.
_CLOCK = itertools.count(1)


def now() -> int:
    """Return the next position in the order of all that happens."""
    return next(_CLOCK)


@dataclass(slots=True, eq=False)
class Request:
    """A request that an app answers in a test.

    Attributes:
        method: such as "POST".
        path: its path, without the query.
        number: 1 for the first request of the test with this method and path.
        route: the path as the app declares it, such as "/users/{id}"; None until it is known.
        status: the status that went out; None before.
        begun: the position (see `now`) at which the app was called.
        answered: the position at which the response began to go out; None before.
        decided: the position at which the app's own code had answered, below all middleware; None
            before, and for an app that is not Starlette's.
        sent: the position at which the last of the response went out; None before.
        ended: the position at which the app returned or raised; None before.
        error: what the app raised, also after it has answered.
        endpoint: the code of the function that answers it; None if the framework does not tell.
        dependencies: the names and the code of the functions that FastAPI calls for it.
        background_of: for a background task of Starlette, the request that started it.
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
    error: BaseException | None = None
    endpoint: CodeType | None = None
    dependencies: dict[CodeType, str] = field(default_factory=dict)
    background_of: Request | None = None

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
    alike = sum(request.method == method and request.path == path for request in of_test)
    request = Request(method, path, alike + 1)
    of_test.append(request)
    return request


# The request that the running task or thread works for, also after the response; None for code that
# no request has called.
current: ContextVar[Request | None] = ContextVar("understudy_request", default=None)
