"""Questions to the real server beside a statement of a test: before it runs, and after it.

They are asked in the transaction of the statement, each in a savepoint that is rolled back, so that
an error in one does not fail the test. They are not calls of the test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from understudy.fake_postgres.clients import Client
from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.statements import Sent
from understudy.real_postgres.reads import ReadStatements
from understudy.real_postgres.upstream import Done, Upstream
from understudy.real_postgres.upstream_replies import Reply

# Of the prepared statement and the portal of a question.
NAME = "understudy: question"


@dataclass(frozen=True, slots=True)
class Observation:
    """What is asked beside a statement.

    Attributes:
        before: the requests to send before it; none if empty.
        before_count: how many they are.
        after: the requests to send after it, if it succeeds.
        after_count: how many they are.
        note: takes the replies to `before`, that to the statement, and the replies to `after`.
    """

    before: bytes
    before_count: int
    after: bytes
    after_count: int
    note: Callable[[Sequence[Reply], Reply, Sequence[Reply]], None]


class Facts(Protocol):
    """What is known of a server.

    Attributes:
        reads: tells which statements only read.
        changed_code: whether the test has defined what may run in a query, such as a function.
    """

    reads: ReadStatements
    changed_code: bool


class Observer(Protocol):
    """Decides what is asked beside the statements of a run."""

    def is_of_interest(self, statement: str) -> bool:
        """Return whether there may be something to ask beside a statement."""

    def observe(
        self,
        statement: str,
        parameters: Sequence[int],
        values: Sequence[Sent | None],
        client: Client,
        facts: Facts,
    ) -> Observation | None:
        """Return what to ask beside a statement, which goes to the real server.

        Args:
            statement: the statement.
            parameters: the type of each parameter.
            values: the parameters.
            client: the connection that sends it.
            facts: what is known of the server.
        """

    def note_on_clone(self, statement: str, *, is_observed: bool) -> None:
        """Record a statement that a client executes on a clone."""


class ObservedRequest(Protocol):
    """A request with an observation, as the scheduler has it.

    Attributes:
        data: the messages to send.
        wanted: the number of replies.
        is_wanted: whether its client is still connected.
        is_cancelled: whether it is cancelled.
    """

    data: bytes
    wanted: int
    is_wanted: bool
    is_cancelled: bool


def ask_observed(
    upstream: Upstream,
    observation: Observation,
    request: ObservedRequest,
    before: bytes,
    done: Done,
) -> None:
    """Send a request, and what is asked beside it.

    A request that is cancelled before it is sent is not sent.

    Args:
        upstream: the connection to the real server.
        observation: what is asked beside it.
        request: the request.
        before: a request that comes first, or nothing.
        done: called with the replies to `before` and to the request.
    """

    def observed(replies: Sequence[Reply]) -> None:
        count = len(replies) - observation.before_count if before else 0
        own, answers = replies[: max(0, count)], replies[max(0, count) :]
        if upstream.is_lost:
            done([*own, replies[-1]])
        elif request.is_wanted and not request.is_cancelled:
            upstream.ask(request.data, request.wanted, partial(executed, own, answers), None)
        else:
            error = errors.error("57014", "canceling statement due to user request")
            done([*own, *[Reply(error=error, status=replies[-1].status)] * request.wanted])

    def executed(own: Sequence[Reply], answers: Sequence[Reply], replies: Sequence[Reply]) -> None:
        def finish(later: Sequence[Reply] = ()) -> None:
            observation.note(answers, replies[0], later)
            done([*own, *replies])

        if observation.after and replies[0].error is None and not upstream.is_lost:
            upstream.ask(observation.after, observation.after_count, finish, None)
        else:
            finish()

    if before or observation.before:
        wanted = observation.before_count + bool(before)
        upstream.ask(before + observation.before, wanted, observed, None)
    else:
        upstream.ask(request.data, request.wanted, partial(executed, (), ()), None)
