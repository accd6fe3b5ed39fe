"""The HTTP requests of a test, as its app answers them."""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from dataclasses import dataclass, field

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
        ended: the position at which the app returned or raised; None before.
        error: what the app raised, also after it has answered.
    """

    method: str
    path: str
    number: int
    route: str | None = None
    status: int | None = None
    begun: int = field(default_factory=now)
    answered: int | None = None
    ended: int | None = None
    error: BaseException | None = None

    @property
    def name(self) -> str:
        """The method and the route, or the path where the route is unknown."""
        return f"{self.method} {self.route or self.path}"


# The request that the running task or thread works for, also after the response; None for code that
# no request has called.
current: ContextVar[Request | None] = ContextVar("understudy_request", default=None)
