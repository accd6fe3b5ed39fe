"""Rules about a request: whether its response fits what became of its transactions.

They read what passed the boundary, and nothing is injected. A rule is silent unless it is certain.

- R1, response-before-commit: a response of success left before the COMMIT of what it wrote.
- R2, success-despite-error: a 2xx response although a statement failed.
- R3, commit-despite-failure: what a request wrote was committed, and it answered 500 or above.
- R4, left-open: a transaction that the request never ended.
- R5, statement-after-response: a statement on a connection of the request, after the response.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR

from understudy.script.boundary import Event
from understudy.script.budgets import short
from understudy.script.exception_clauses import catches_by_name, is_in_finally
from understudy.script.origin import Origin
from understudy.script.request_blocks import Block, blocks, failed, tables, wrote
from understudy.script.requests import Request

# A body that tells of a failure, as that of GraphQL or of a health check.
_INTERRUPTED = 1317  # by KILL QUERY
_BUSY = (1205, 3572)  # of MariaDB, of MySQL
_ERROR = re.compile(
    rb"""
      "(?:errors?|exceptions?|failed|failures?)" \s*:\s*+ (?!null|false|0\b|""|\[\s*\]|\{\s*\})
    | "(?:success|ok|healthy)" \s*:\s* false
    | "[a-z_]+" \s*:\s* "(?:error|fail|failed|failure|down|degraded|unhealthy|unavailable)"
    """,
    re.VERBOSE | re.IGNORECASE,
)
RULES = {
    "R1": "response-before-commit",
    "R2": "success-despite-error",
    "R3": "commit-despite-failure",
    "R4": "left-open",
    "R5": "statement-after-response",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has found.

    Attributes:
        rule: "R1" to "R5".
        request: the request that it is about.
        summary: what happened, in one line.
        lines: the lines of code that it is about, each with what it did.
        remedy: what to do.
    """

    rule: str
    request: Request
    summary: str
    lines: tuple[str, ...]
    remedy: str

    @property
    def key(self) -> str:
        """The rule in words, such as "response-before-commit"."""
        return RULES[self.rule]

    @property
    def setting(self) -> str:
        """The setting that has its level, such as "check_response_before_commit"."""
        return f"check_{self.key.replace('-', '_')}"

    @property
    def text(self) -> str:
        """The whole message."""
        return "\n".join([self.summary, *(f"  {line}" for line in self.lines), self.remedy])


def findings(
    events: Sequence[Event], requests: Sequence[Request], has_scope: bool = True
) -> list[Finding]:
    """Return what the rules find in a test.

    Args:
        events: what passed its boundary.
        requests: its requests.
        has_scope: whether FastAPI has `Depends(..., scope="function")`.
    """
    if not requests:
        return []
    own_events: dict[Request, list[Event]] = defaultdict(list)
    for event in events:
        if event.request is not None:
            own_events[event.request].append(event)
    own_blocks: dict[Request, dict[Block, None]] = defaultdict(dict)
    for block in blocks(events):
        for event in block.events:
            if event.request is not None:
                own_blocks[event.request.background_of or event.request][block] = None
    found: list[Finding] = []
    for request in requests:
        view = _View(request, own_events[request], list(own_blocks[request]))
        early = _response_before_commit(view)
        found += [_early_finding(view, block, has_scope) for block in early]
        for rule in (_success_despite_error, _commit_despite_failure, _left_open):
            found += rule(view)
        found += _statement_after_response(view, early)
    return found


class _View:
    """A request, its calls without those of background tasks, and the transactions of all."""

    def __init__(self, request: Request, events: list[Event], own_blocks: list[Block]) -> None:
        self.request = request
        self.events = events
        self.blocks = own_blocks

    def is_own(self, event: Event) -> bool:
        """Return whether the request itself has sent a call, while the app ran."""
        ended = self.request.ended
        return event.request is self.request and ended is not None and event.begun < ended

    def is_dependency(self, event: Event) -> bool:
        """Return whether the code after a `yield` of one of its dependencies sent a call."""
        code = event.call.origin.code
        return code in self.request.dependencies and _is_generator(event)


def _is_of(event: Event, request: Request) -> bool:
    return event.request is not None and (
        event.request is request or event.request.background_of is request
    )


def _is_generator(event: Event) -> bool:
    return bool(event.call.origin.code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR))


# R1 -----------------------------------------------------------------------------------------------


def _response_before_commit(view: _View) -> list[Block]:
    """Find transactions that wrote and were committed when a response of success was out."""
    request = view.request
    if request.answered is None or not 200 <= (request.status or 0) < 400:
        return []
    return [block for block in view.blocks if _is_late(view, block, request.answered)]


def _is_late(view: _View, block: Block, answered: int) -> bool:
    commit = block.end
    if commit is None or commit.kind not in ("commit", "release") or commit.begun < answered:
        return False
    writes = [event for event in block.writes if view.is_own(event)]
    if not writes or not view.is_own(commit):
        return False
    # Sent by COMMIT's own line, as an ORM does, all may come after the response. Then it could also
    # be a task that the request has started, unless the line is a dependency's.
    return any(event.begun < answered for event in writes) or view.is_dependency(commit)


def _early_finding(view: _View, block: Block, has_scope: bool) -> Finding:
    request, commit = view.request, block.end
    assert commit is not None
    written = next(event for event in block.writes if view.is_own(event))
    where = commit.call.origin
    remedy = "Commit before the response: if COMMIT fails, the client has been told of a success."
    if where.code in request.dependencies and _is_generator(commit):
        name = request.dependencies[where.code]
        remedy = (
            "FastAPI runs what follows the `yield` after the response, and if COMMIT fails, the "
            "client has been told of a success.\n"
        )
        remedy += (
            f'Run it before: Depends({name}, scope="function"), or commit in the endpoint.'
            if has_scope
            else 'Commit in the endpoint; FastAPI 0.121 has Depends(..., scope="function") for it.'
        )
    return Finding(
        "R1",
        request,
        f"{request.name} answered {request.status} before the COMMIT of what it wrote",
        (
            f"written at: {_at(written)}",
            *_answered_by(request),
            f"COMMIT, after the response, at: {where.place}",
        ),
        remedy,
    )


# R2 -----------------------------------------------------------------------------------------------


def _success_despite_error(view: _View) -> Iterator[Finding]:
    """Find failed statements that a response of success says nothing of."""
    request = view.request
    status = request.status or 0
    # 207 names several outcomes. So may a body, and a page shows what went wrong.
    if request.answered is None or not 200 <= status < 300 or status == 207:
        return
    if request.media_type == "text/html" or _ERROR.search(request.body):
        return
    for block in view.blocks:
        for event in block.events:
            if not failed(event) or not view.is_own(event) or event.begun > request.answered:
                continue
            # In a failed transaction every other statement fails as well.
            is_first = event.error is None or event.error.sqlstate != "25P02"
            if is_first and event not in block.undone and not _is_expected(view, block, event):
                yield _error_finding(request, event)


def _is_expected(view: _View, block: Block, event: Event) -> bool:
    """Return whether it is possible that the code deals with a failed statement."""
    sqlstate = event.error.sqlstate if event.error is not None else ""
    message = event.error.message if event.error is not None else ""
    code = getattr(event.error, "code", None)  # of MySQL
    statement = event.call.shape
    if event.kind == "commit":
        return not block.writes or any(
            other.kind == "commit" and not failed(other) and other.begun > event.begun
            for other in view.events
        )
    named = tables(statement)
    is_cancelled = (sqlstate == "57014" and "user request" in message) or code == _INTERRUPTED
    is_busy = (sqlstate == "55P03" or code in _BUSY) and "NOWAIT" in statement.upper()
    if event.kind != "statement" or not named or is_cancelled or is_busy:
        return True
    reads = statement.lstrip("( \n\t")[:6].upper() in ("SELECT", "TABLE")
    for other in view.events:
        if other.kind != "statement" or failed(other) or other.is_drivers or other in block.events:
            continue
        if other.id.statement == event.id.statement:
            return True  # retried, or one of several rows
        later = tables(other.call.shape) if other.begun > event.begun else frozenset()
        # get-or-create, or another way to read
        if later & named or (reads and later):
            return True
    return sqlstate.startswith("23") and not _is_surprising(view.request, block, event)


def _is_surprising(request: Request, block: Block, event: Event) -> bool:
    """Return whether a violated constraint is nothing that the code expects.

    Code that names the error expects it: a row that exists already may be a success. But it did not
    create anything, and what its transaction wrote before is lost.
    """
    if request.status == 201 or block.writes:
        return True
    return catches_by_name(event.call.origin) is False


def _error_finding(request: Request, event: Event) -> Finding:
    if event.error is None:
        what = "although its connection was lost"
    elif event.kind == "commit":
        what = f"although COMMIT failed: {event.error.message} ({event.error.sqlstate})"
    else:
        what = f"although a statement failed: {event.error.message} ({event.error.sqlstate})"
    skipping = "INSERT IGNORE" if event.database == "mysql" else "ON CONFLICT DO NOTHING"
    return Finding(
        "R2",
        request,
        f"{request.name} answered {request.status} {what}",
        (f"failed at: {_at(event)}", *_answered_by(request)),
        f"Answer with an error, or retry. If the statement may fail, say so in SQL: {skipping}, or "
        "a savepoint around it.",
    )


# R3 -----------------------------------------------------------------------------------------------


def _commit_despite_failure(view: _View) -> Iterator[Finding]:
    """Find what was committed although the request failed."""
    request = view.request
    status = request.status if request.status is not None else 500 if request.error else 0
    if status < 500:
        return
    # What is written after the failure tells of it: an entry in a log, a state of a job.
    failures = [event.begun for event in view.events if failed(event)]
    failures += [position for position in (request.decided, request.answered) if position]
    first = min(failures, default=None)
    for block in view.blocks:
        if not block.is_committed or block.end is None or not view.is_own(block.end):
            continue
        for event in block.writes:
            if view.is_own(event) and not _is_afterwards(view, event, first):
                yield _commit_finding(request, status, event, block.end)
                break


def _is_afterwards(view: _View, event: Event, failure: int | None) -> bool:
    if view.is_dependency(event):
        return event.is_handling and not is_in_finally(event.call.origin)
    if failure is not None and event.begun > failure:
        return True
    return event.is_handling and not is_in_finally(event.call.origin)


def _commit_finding(request: Request, status: int, event: Event, end: Event) -> Finding:
    lines = [f"written at: {_at(event)}"]
    if end is not event:
        lines.append(f"COMMIT at: {end.call.origin.place}")
    return Finding(
        "R3",
        request,
        f"{request.name} failed with {status}, and what it wrote was committed",
        (*lines, *_answered_by(request)),
        "A client that tries again writes it twice. Commit last, in one transaction that is rolled "
        "back if the request fails.",
    )


# R4 -----------------------------------------------------------------------------------------------


def _left_open(view: _View) -> Iterator[Finding]:
    """Find transactions that were never ended."""
    for block in view.blocks:
        transaction = block.begin.call.transaction
        is_open = block.end is None and block.begin.kind == "begin"
        if transaction is not None and transaction.state != "open":
            continue  # its connection was closed
        if is_open and view.is_own(block.begin) and not failed(block.begin):
            yield Finding(
                "R4",
                view.request,
                f"{view.request.name} left a transaction open",
                (f"begun at: {block.begin.call.origin.place}", *_answered_by(view.request)),
                "Commit it, roll it back, or give its connection back to its pool.",
            )


# R5 -----------------------------------------------------------------------------------------------


def _statement_after_response(view: _View, early: Sequence[Block]) -> Iterator[Finding]:
    """Find the first statement after the response in each transaction of the request."""
    sent = view.request.sent
    if sent is None:
        return
    for block in view.blocks:
        if not _is_of(block.begin, view.request):
            continue  # a transaction of the test, which all may share
        own = [event for event in block.events if view.is_own(event)]
        for event in block.events:
            if event.kind != "statement" or event.begun < sent or not _is_of(event, view.request):
                continue
            if event.request is not view.request and own and tables(event.call.shape):
                yield _after_finding(view.request, event, "a background task")
                break
            exits = view.is_own(event) and wrote(event) and view.is_dependency(event)
            if exits and block not in early:
                yield _after_finding(view.request, event, "a dependency")
                break


def _after_finding(request: Request, event: Event, sender: str) -> Finding:
    remedies = {
        "a background task": "Open a connection or a session in the background task: that of the "
        "request is held until it ends.",
        "a dependency": "Send it before the response: if it fails, the client has been told of a "
        "success.",
    }
    return Finding(
        "R5",
        request,
        f"{request.name} had answered {request.status} when {sender} sent a statement on its "
        "connection",
        (f"sent at: {_at(event)}", *_answered_by(request)),
        remedies[sender],
    )


def _at(event: Event) -> str:
    return f"{event.call.origin.place}\n    {short(event)}"


def _answered_by(request: Request) -> tuple[str, ...]:
    if request.endpoint is None:
        return ()
    return (f"answered by: {Origin(request.endpoint, request.endpoint.co_firstlineno).place}",)
