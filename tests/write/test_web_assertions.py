"""What is asserted of the response of a route."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.write.kept import target
from understudy.write import web_assertions
from understudy.write.routes import RouteTarget
from understudy.write.trials import Expression, Kept, Observation, Target, Trial

NAMES = ("Ana", "Bia", "Caio", "Davi", "Eva")
USERS = [{"id": number, "name": name} for number, name in enumerate(NAMES, 101)]


def answered(*bodies: Any, **trial: Any) -> Kept:
    """Return a trial that was answered with these bodies, three times with a single one."""
    responses = [
        body if isinstance(body, httpx.Response) else httpx.Response(200, json=body)
        for body in (bodies if len(bodies) > 1 else bodies * 3)
    ]
    observed = [Observation(answer=response) for response in responses]
    return Kept(Trial(target(name="POST /users"), **trial), observed)


def asserted(*bodies: Any) -> list[str]:
    """Return the lines that assert a response, without that of its status."""
    lines, _ = web_assertions.lines(answered(*bodies))
    assert lines[0].startswith("assert response.status_code == ")
    return [*lines[1:]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"id": 1}, ['assert response.json() == {"id": 1}']),
        (
            USERS,
            [
                'assert [item["id"] for item in response.json()] == [101, 102, 103, 104, 105]',
                'assert response.json()[0] == {"id": 101, "name": "Ana"}',
            ],
        ),
        (
            {"total": 5, "items": USERS},
            [
                'assert response.json()["total"] == 5',
                'assert [item["id"] for item in response.json()["items"]] == '
                "[101, 102, 103, 104, 105]",
                'assert response.json()["items"][0] == {"id": 101, "name": "Ana"}',
            ],
        ),
        (
            [{"kind": "a"}] * 5,
            ["assert len(response.json()) == 5", 'assert response.json()[0] == {"kind": "a"}'],
        ),
        ([1, 2, 3], ["assert response.json() == [1, 2, 3]"]),
        (True, ["assert response.json() is True"]),
        (httpx.Response(200, text="pong"), ['assert response.text == "pong"']),
        (
            httpx.Response(200, text="x" * 61),
            ['assert response.headers["content-type"].startswith("text/plain")'],
        ),
        (
            httpx.Response(307, headers={"location": "/users"}),
            ['assert response.headers["location"] == "/users"'],
        ),
    ],
)
def test_a_response_is_asserted_as_a_reader_would_check_it(body: Any, expected: list[str]) -> None:
    """A long list by one column and its first item; a text if it is short."""
    assert asserted(body) == expected


def test_the_order_of_a_list_that_varies_is_not_asserted() -> None:
    users = USERS[:2]

    assert asserted(users, users[::-1], users) == [
        'assert sorted(response.json(), key=str) == sorted([{"id": 101, "name": "Ana"}, '
        '{"id": 102, "name": "Bia"}], key=str)'
    ]


def invalid(response: httpx.Response, given: str) -> Kept:
    """Return a trial of an invalid request."""
    arguments = {"path": Expression('"/users"'), "json": Expression(given)}
    return answered(response, purpose="invalid", arguments=arguments)


def refused(status: int, *errors: dict[str, Any]) -> httpx.Response:
    """Return a refusal as FastAPI words it."""
    return httpx.Response(status, json={"detail": [*errors]})


MISSING = {"loc": ["body", "name"], "type": "missing"}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            refused(422, MISSING),
            'assert [(error["loc"], error["type"]) for error in response.json()["detail"]] == '
            '[(["body", "name"], "missing")]',
        ),
        (refused(422, {"text": "no"}), 'assert response.json() == {"detail": [{"text": "no"}]}'),
        (httpx.Response(422, text="no"), 'assert response.text == "no"'),
    ],
)
def test_a_refused_request_is_asserted_by_its_errors(
    response: httpx.Response, expected: str
) -> None:
    """An app that words its refusals itself is asserted by its body."""
    assert asserted(response) == [expected]


def test_the_body_null_is_none() -> None:
    assert asserted(
        httpx.Response(200, content=b"null", headers={"content-type": "application/json"})
    ) == ["assert response.json() is None"]


def test_invalid_requests_with_several_statuses_are_one_test() -> None:
    (test,) = web_assertions.grouped(
        [invalid(refused(422, MISSING), "{}"), invalid(refused(400), "[]")]
    )

    assert test.trial.parameters == (("json", "object"), ("status", "int"), ("detail", "object"))
    assert test.trial.cases == (
        ("{}", "422", '[{"loc": ["body", "name"], "type": "missing"}]'),
        ("[]", "400", "[]"),
    )
    assert test.assertions == (
        "assert response.status_code == status",
        'assert response.json() == {"detail": detail}',
    )


def test_an_invalid_request_that_looks_like_a_bug_stays_alone() -> None:
    tests = [invalid(refused(422, MISSING), given) for given in ("{}", "[]")]
    tests[0] = replace(tests[0], suspicion="it looks like a bug")

    assert web_assertions.grouped(tests) == tests


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [("DELETE", 403, True), ("POST", 401, True), ("GET", 403, False), ("DELETE", 404, False)],
)
def test_a_refused_write_must_change_nothing(method: str, status: int, expected: bool) -> None:
    plain = target(name=f"{method} /users", layer="router")
    given = {name: getattr(plain, name) for name in Target.__dataclass_fields__}
    route = RouteTarget(**given, method=method)
    kept = Kept(Trial(route), [Observation(answer=httpx.Response(status))])

    assert web_assertions.refuses_to_write(kept) is expected


def test_a_response_of_500_looks_like_a_bug_unless_a_fault_causes_it() -> None:
    seen = Observation(answer=httpx.Response(503))

    assert web_assertions.suspicion(seen) == "the route answers 503 to a request"
    assert web_assertions.suspicion(seen, is_fault=True) == ""


def test_what_a_route_raises_is_told_in_the_words_of_the_database() -> None:
    said = "violates foreign key constraint"
    event = SimpleNamespace(error=SimpleNamespace(message=said))
    raised = RuntimeError(f"(driver.Error) <class 'Error'>: {said}\n[SQL: DELETE]")
    seen = Observation(raised=raised, events=[event])  # type: ignore[list-item] # all it asks

    assert web_assertions.suspicion(seen) == (
        "the server answers 500, as the route raises RuntimeError: violates foreign key constraint"
    )
