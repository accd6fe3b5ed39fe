"""The rules about a request, on events made by hand: each finds its own, and no more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import CodeType
from typing import Any

import pytest

from understudy.pg.errors import ErrorFields
from understudy.script import requests
from understudy.script.boundary import CallId, Event, Kind
from understudy.script.calls import Call, Sender
from understudy.script.request_rules import Finding, findings
from understudy.script.requests import Request, now

INSERT = "INSERT INTO users (name) VALUES ($1)"
SELECT = "SELECT id FROM users WHERE name = $1"
UNIQUE = ErrorFields("23505", "duplicate key value violates unique constraint")
SYNTAX = ErrorFields("42601", "syntax error")
ABORTED = ErrorFields("25P02", "current transaction is aborted")


def get_db() -> Any:
    yield


async def endpoint() -> None:
    pass


async def dao() -> None:
    with contextlib.suppress(KeyError):  # a name: the error is expected
        pass
    with contextlib.suppress(Exception):
        pass


def line(function: Callable[..., Any], number: int = 0) -> tuple[CodeType, int]:
    """Return an instruction of the line that comes `number` lines after a function's first."""
    code = function.__code__
    wanted = code.co_firstlineno + number
    offsets = [place for place, (line, *_) in enumerate(code.co_positions()) if line == wanted]
    return code, offsets[0] * 2


class Story:
    """What happens in a test, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.requests: list[Request] = []
        self.request: Request | None = None

    def begin(self, method: str = "POST") -> None:
        self.request = Request(method, "/users", len(self.requests) + 1)
        self.request.endpoint = endpoint.__code__
        self.request.dependencies = {get_db.__code__: "get_db"}
        self.requests.append(self.request)

    def answer(self, status: int = 201) -> None:
        assert self.request is not None
        self.request.status, self.request.answered = status, now()
        self.request.sent = now()

    def end(self) -> None:
        assert self.request is not None
        self.request.ended = now()
        self.request = None

    def send(
        self,
        statement: str,
        tag: str | None = None,
        *,
        error: ErrorFields | None = None,
        connection: int = 1,
        at: tuple[CodeType, int] | None = None,
        background: bool = False,
        **more: Any,
    ) -> Event:
        first = statement.split()[0]
        kinds: dict[str, Kind] = {
            "BEGIN": "begin",
            "COMMIT": "commit",
            "SAVEPOINT": "savepoint",
            "RELEASE": "release",
            "ROLLBACK": "rollback to" if " TO " in statement else "rollback",
        }
        call = Call("execute", statement, None, None, at or line(dao))
        call.sender = Sender(connection, "u", "d", "")
        request = self.request.in_background() if self.request and background else self.request
        if tag is None and error is None:
            tag = {"INSERT": "INSERT 0 1", "UPDATE": "UPDATE 1", "SELECT": "SELECT 1"}.get(first)
        kind = kinds.get(first, "statement")
        event = Event(CallId("", kind, statement, 1), kind, call, request, "call", tag=tag)
        event.error, event.ended = error, now()
        for name, value in more.items():
            setattr(event, name, value)
        self.events.append(event)
        return event

    def play(self, *words: str, **options: Any) -> None:
        """Play words: a statement, `request`, a status, or `end`; `:` sends in the background."""
        for word in words:
            if word == "request":
                self.begin()
            elif word == "end":
                self.end()
            elif word.isdecimal():
                self.answer(int(word))
            else:
                self.send(word.removeprefix(":"), background=word[0] == ":", **options)

    def found(self) -> list[Finding]:
        return findings(self.events, self.requests)


def found(*words: str) -> list[str]:
    story = Story()
    story.play(*words)
    return [finding.rule for finding in story.found()]


def test_r1_a_response_before_the_commit() -> None:
    story = Story()
    story.play("request", "BEGIN", INSERT, "201")
    story.send("COMMIT", at=line(get_db, 1))
    story.end()
    [finding] = story.found()
    assert (finding.rule, finding.key) == ("R1", "response-before-commit")
    place = "tests/script/test_request_rules.py"
    dao_at, endpoint_at, get_db_at = (
        f"{place}:{function.__code__.co_firstlineno + plus} in {function.__name__}"
        for function, plus in ((dao, 0), (endpoint, 0), (get_db, 1))
    )
    assert finding.text == (
        "POST /users answered 201 before the COMMIT of what it wrote\n"
        f"  written at: {dao_at}\n"
        f"    {INSERT}\n"
        f"  answered by: {endpoint_at}\n"
        f"  COMMIT, after the response, at: {get_db_at}\n"
        "FastAPI runs what follows the `yield` after the response, and if COMMIT fails, the client "
        "has been told of a success.\n"
        'Run it before: Depends(get_db, scope="function"), or commit in the endpoint.'
    )
    [finding] = findings(story.events, story.requests, has_scope=False)
    assert finding.text.splitlines()[-1] == (
        'Commit in the endpoint; FastAPI 0.121 has Depends(..., scope="function") for it.'
    )


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        (("request", "BEGIN", INSERT, "COMMIT", "201", "end"), []),
        (("request", "BEGIN", SELECT, "200", "COMMIT", "end"), []),
        (("request", "BEGIN", INSERT, "200", "ROLLBACK", "end"), []),
        (("request", "BEGIN", INSERT, "400", "COMMIT", "end"), []),
        (("request", "BEGIN", INSERT, "303", "COMMIT", "end"), ["R1"]),
        # A background task with its own connection, and a task that outlives the request.
        (("request", "201", ":BEGIN", f":{INSERT}", ":COMMIT", "end"), []),
        (("request", "201", "BEGIN", INSERT, "COMMIT", "end"), []),
        (("request", "BEGIN", INSERT, "201", "end", "COMMIT"), []),
        # The transaction is the test's.
        (("BEGIN", "request", INSERT, "201", "end", "COMMIT"), []),
        (
            ("BEGIN", "request", "SAVEPOINT s1", INSERT, "201", "RELEASE s1", "end", "ROLLBACK"),
            ["R1"],
        ),
        (
            ("BEGIN", "request", "SAVEPOINT s1", INSERT, "RELEASE s1", "201", "end", "ROLLBACK"),
            [],
        ),
        # A savepoint of the request, in its own transaction.
        (("request", "BEGIN", "SAVEPOINT a", INSERT, "ROLLBACK TO a", "201", "COMMIT", "end"), []),
    ],
)
def test_r1_is_certain(words: tuple[str, ...], rules: list[str]) -> None:
    assert found(*words) == rules


def test_r1_where_an_orm_sends_everything_at_the_commit() -> None:
    story = Story()
    story.play("request", "201")
    story.play("BEGIN", INSERT, "COMMIT", at=line(get_db, 1))
    story.end()
    assert [finding.rule for finding in story.found()] == ["R1"]


def failing(*words: str, status: int = 200, error: ErrorFields = SYNTAX, **options: Any) -> Any:
    """Play words in a request, in which `!` before a statement lets it fail."""
    story = Story()
    story.begin()
    for word in words:
        if word[0] == "!":
            story.send(word[1:], error=error, **options)
        else:
            story.play(word)
    story.answer(status)
    story.end()
    return [finding.rule for finding in story.found()]


def test_r2_a_success_although_a_statement_failed() -> None:
    story = Story()
    story.play("request", "BEGIN")
    story.send(INSERT, error=UNIQUE)
    story.play("ROLLBACK", "201", "end")
    [finding] = story.found()
    assert (finding.rule, finding.key) == ("R2", "success-despite-error")
    assert finding.text == (
        "POST /users answered 201 although a statement failed: duplicate key value violates unique "
        "constraint (23505)\n"
        f"  failed at: {finding.lines[0].splitlines()[0].removeprefix('failed at: ')}\n"
        f"    {INSERT}\n"
        f"  {finding.lines[1]}\n"
        "Answer with an error, or retry. If the statement may fail, say so in SQL: ON CONFLICT DO "
        "NOTHING, or a savepoint around it."
    )


@pytest.mark.parametrize(
    ("words", "options", "rules"),
    [
        (("!" + SELECT,), {}, ["R2"]),
        (("BEGIN", "!" + INSERT, "ROLLBACK"), {}, ["R2"]),
        (("BEGIN", INSERT, "!COMMIT"), {}, ["R2"]),
        (("!" + INSERT,), {"status": 404}, []),
        (("!" + INSERT,), {"status": 207}, []),
        # Retried, on the same or a new transaction.
        (("!" + SELECT, SELECT), {}, []),
        (("BEGIN", "!" + INSERT, "ROLLBACK", "BEGIN", INSERT, "COMMIT"), {}, []),
        (("BEGIN", INSERT, "!COMMIT", "BEGIN", INSERT, "COMMIT"), {}, []),
        # Undone by a savepoint.
        (("BEGIN", "SAVEPOINT a", "!" + INSERT, "ROLLBACK TO SAVEPOINT a", "COMMIT"), {}, []),
        # Get or create, and another statement for the same.
        (("!" + INSERT, SELECT), {"error": UNIQUE}, []),
        (("!" + INSERT, "SELECT id FROM orders"), {}, ["R2"]),
        (("!" + SELECT, "SELECT id FROM orders"), {}, []),
        # A violated constraint, which code may expect: without anything that says otherwise.
        (("!" + INSERT,), {"error": UNIQUE}, []),
        (("!" + INSERT,), {"error": UNIQUE, "status": 201}, ["R2"]),
        (("!" + INSERT,), {"error": UNIQUE, "at": line(dao, 2)}, []),
        (("!" + INSERT,), {"error": UNIQUE, "at": line(dao, 4)}, ["R2"]),
        (
            ("BEGIN", "INSERT INTO a VALUES (1)", "!" + INSERT, "ROLLBACK"),
            {"error": UNIQUE},
            ["R2"],
        ),
        # No table: a health check. A transaction without writes. What failed before.
        (("!SELECT 1",), {}, []),
        (("BEGIN", SELECT, "!COMMIT"), {}, []),
        (("BEGIN", "!" + INSERT, "ROLLBACK"), {"error": ABORTED}, []),
        (("!SELECT id FROM users FOR UPDATE NOWAIT",), {"error": ErrorFields("55P03", "x")}, []),
        (("!" + SELECT,), {"error": ErrorFields("57014", "due to user request")}, []),
        (("!" + SELECT,), {"error": ErrorFields("57014", "due to statement timeout")}, ["R2"]),
    ],
)
def test_r2_is_certain(words: tuple[str, ...], options: Any, rules: list[str]) -> None:
    assert failing(*words, **options) == rules


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ('{"data": null, "errors": [{"message": "no"}]}', []),
        ('{"success": false}', []),
        ('{"database": "down"}', []),
        ('{"error" : "no"}', []),
        ('{"data": {}, "errors": []}', ["R2"]),
        ('{"error": null, "success": true}', ["R2"]),
        ("[]", ["R2"]),
    ],
)
def test_r2_a_body_that_tells_of_the_failure(body: str, rules: list[str]) -> None:
    story = Story()
    story.begin("GET")
    story.send(SELECT, error=SYNTAX)
    story.play("200")
    assert story.request is not None
    story.request.body = body.encode()
    story.end()
    assert [finding.rule for finding in story.found()] == rules
    story.requests[0].media_type = "text/html"
    assert story.found() == []


def test_r2_after_the_response_or_outside_of_a_request_is_nothing() -> None:
    story = Story()
    story.send(INSERT, error=SYNTAX)
    story.play("request", "200")
    story.send(INSERT, error=SYNTAX)
    story.send(INSERT, error=SYNTAX, background=True)
    story.end()
    assert story.found() == []


def test_r2_a_lost_connection() -> None:
    story = Story()
    story.begin()
    story.send(INSERT, tag="", is_lost=True)
    story.play("200", "end")
    assert story.found()[0].summary == "POST /users answered 200 although its connection was lost"


def test_r3_what_a_failed_request_has_committed() -> None:
    story = Story()
    story.play("request", "BEGIN", INSERT, "COMMIT", "500", "end")
    [finding] = story.found()
    assert (finding.rule, finding.key) == ("R3", "commit-despite-failure")
    dao_at = f"tests/script/test_request_rules.py:{dao.__code__.co_firstlineno} in dao"
    assert finding.text == (
        "POST /users failed with 500, and what it wrote was committed\n"
        f"  written at: {dao_at}\n"
        f"    {INSERT}\n"
        f"  COMMIT at: {dao_at}\n"
        f"  {finding.lines[2]}\n"
        "A client that tries again writes it twice. Commit last, in one transaction that is rolled "
        "back if the request fails."
    )


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        (("request", INSERT, "503", "end"), ["R3"]),
        (("request", "BEGIN", INSERT, "ROLLBACK", "500", "end"), []),
        (("request", "BEGIN", SELECT, "COMMIT", "500", "end"), []),
        (("request", INSERT, "400", "end"), []),
        # What tells of the failure: by middleware, or in the background.
        (("request", "500", INSERT, "end"), []),
        (("request", "500", f":{INSERT}", "end"), []),
    ],
)
def test_r3_is_certain(words: tuple[str, ...], rules: list[str]) -> None:
    assert found(*words) == rules


def test_r3_what_is_written_because_of_the_failure_is_left_alone() -> None:
    story = Story()
    story.begin()
    story.send(SELECT, error=SYNTAX)
    story.send("INSERT INTO log VALUES (1)")
    story.play("500", "end", "request")
    story.send("INSERT INTO log VALUES (1)", is_handling=True)
    story.play("500", "end", "request")
    assert story.request is not None
    story.request.decided = now()
    story.send("INSERT INTO log VALUES (1)")
    story.play("500", "end")
    assert story.found() == []


def test_r3_a_request_that_raised() -> None:
    story = Story()
    story.play("request", INSERT)
    assert story.request is not None
    story.request.error = "ValueError"
    story.end()
    assert story.found()[0].summary == (
        "POST /users failed with 500, and what it wrote was committed"
    )


def test_r4_a_transaction_that_was_never_ended() -> None:
    story = Story()
    story.play("request", "BEGIN", INSERT, "201", "end")
    [finding] = story.found()
    assert (finding.rule, finding.key) == ("R4", "left-open")
    assert finding.text == (
        "POST /users left a transaction open\n"
        f"  begun at: tests/script/test_request_rules.py:{dao.__code__.co_firstlineno} in dao\n"
        f"  {finding.lines[1]}\n"
        "Commit it, roll it back, or give its connection back to its pool."
    )


def test_r5_a_background_task_on_the_connection_of_the_request() -> None:
    story = Story()
    story.play("request", "BEGIN", SELECT, "200", f":{SELECT}", "ROLLBACK", "end")
    [finding] = story.found()
    assert (finding.rule, finding.key) == ("R5", "statement-after-response")
    assert finding.text == (
        "POST /users had answered 200 when a background task sent a statement on its connection\n"
        f"  sent at: tests/script/test_request_rules.py:{dao.__code__.co_firstlineno} in dao\n"
        f"    {SELECT}\n"
        f"  {finding.lines[1]}\n"
        "Open a connection or a session in the background task: that of the request is held until "
        "it ends."
    )


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        # The code after the `yield` ends the transaction that the task has begun.
        (("request", "200", ":BEGIN", f":{SELECT}", "ROLLBACK", "end"), ["R5"]),
        (("request", "200", ":BEGIN", f":{SELECT}", ":ROLLBACK", "end"), []),
        (("request", "200", f":{SELECT}", "end"), []),
        (("request", "BEGIN", SELECT, "200", ":SELECT pg_advisory_unlock(1)", "COMMIT", "end"), []),
        (("request", "BEGIN", SELECT, "200", SELECT, "COMMIT", "end"), []),
        (("request", "BEGIN", INSERT, "200", f":{INSERT}", "COMMIT", "end"), ["R1", "R5"]),
        # One transaction of the test, for several requests and their tasks.
        (("BEGIN", "request", SELECT, "200", "end", "request", SELECT, "200", "end"), []),
        (("BEGIN", "request", SELECT, "200", f":{SELECT}", "end"), []),
    ],
)
def test_r5_is_certain(words: tuple[str, ...], rules: list[str]) -> None:
    assert found(*words) == rules


def test_r5_a_dependency_that_writes_after_its_yield() -> None:
    story = Story()
    story.play("request", "200")
    story.send(INSERT, at=line(get_db, 1))
    story.end()
    [finding] = story.found()
    assert finding.rule == "R5"
    assert finding.remedy == (
        "Send it before the response: if it fails, the client has been told of a success."
    )


def test_a_test_without_requests_has_no_findings() -> None:
    story = Story()
    story.play("BEGIN", INSERT)
    assert story.found() == []
    assert requests.current.get() is None
