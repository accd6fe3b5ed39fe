"""How the tests of a route sign a caller in, on small apps whose dependencies read credentials."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.write.routed import outcomes, tried
from understudy.write import router_trials
from understudy.write.trials import Observation, Row, Trial

HEAD = """
from types import SimpleNamespace
from typing import Annotated, Any, Literal
from uuid import UUID
from fastapi import Cookie, Depends, FastAPI, Header, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
app = FastAPI()
Token = Annotated[str | None, Header(alias="Authorization")]
"""


def lines_that_sign_in(trials: list[tuple[Trial, Observation]]) -> list[str]:
    """Return the lines of the fixtures of the first trial that succeeds."""
    found = (trial for trial, seen in trials if getattr(seen.answer, "status_code", 0) == 200)
    return [line for setup in next(found).setups for line in setup.lines]


@pytest.mark.parametrize(
    ("source", "caller"),
    [
        pytest.param(
            """
            def current_user(token: Token = None) -> dict:
                raise HTTPException(401)

            @app.get("/me")
            async def me(user: Annotated[dict, Depends(current_user)]):
                if user["role"] == "admin" and user.get("user_id"):
                    return user["sub_user"]
            """,
            'caller = {"user_id": 100, "sub_user": {"id": 100, "email": "ana@example.com"}, '
            '"role": "admin"}',
            id="a dict has the keys that are read",
        ),
        pytest.param(
            """
            def current_user(token: Token = None):
                raise HTTPException(401)

            @app.get("/me")
            async def me(user=Depends(current_user)):
                return user.email if user.is_active else None
            """,
            'caller = SimpleNamespace(is_active=True, email="ana@example.com")',
            id="an object of no known class has the attributes that are read",
        ),
        pytest.param(
            """
            def check(token: Token = None):
                raise HTTPException(401)

            @app.get("/me", dependencies=[Depends(check)])
            async def me():
                return 1
            """,
            "caller = None",
            id="what nobody reads is None",
        ),
        pytest.param(
            """
            class User(BaseModel):
                id: UUID
                is_blocked: bool
                role: Literal["user", "admin"]
                deleted_at: str | None = None

            def current_user(token: Token = None) -> User:
                raise HTTPException(401)

            @app.get("/me")
            async def me(user: Annotated[User, Depends(current_user)]):
                return user
            """,
            'caller = User(id=UUID(int=100), is_blocked=False, role="admin")',
            id="a model may do most",
        ),
        pytest.param(
            """
            class Caller:
                def __init__(self, token: Token = None):
                    raise HTTPException(401)

            @app.get("/me")
            async def me(caller: Annotated[Any, Depends(Caller)]):
                return caller.name
            """,
            'caller = SimpleNamespace(name="Ana")',
            id="a class that reads the credentials itself",
        ),
        pytest.param(
            """
            class Bearer(HTTPBearer):
                async def __call__(self, request: Request) -> HTTPAuthorizationCredentials:
                    raise HTTPException(401)

            bearer = Bearer()

            @app.get("/me")
            async def me(token: dict = Depends(bearer)):
                return token.get("user")["user_uid"], token["user"]["name"]
            """,
            'token = {"user": {"user_uid": "00000000-0000-0000-0000-000000000064", "name": "Ana"}}',
            id="the parameter has another type than what the dependency says it returns",
        ),
        pytest.param(
            """
            def check(token: Token = None):
                raise HTTPException(401)

            @app.get("/me")
            async def me(_: dict = Depends(check)):
                return 1
            """,
            "caller = {}",
            id="a dict of which nothing is read",
        ),
    ],
)
def test_the_caller_is_what_the_route_needs(shop_package: Path, source: str, caller: str) -> None:
    trials = tried(shop_package, HEAD + dedent(source))["GET /me"]

    assert ("without_credentials", 401) in outcomes(trials)
    assert lines_that_sign_in(trials)[0] == caller


def test_two_dependencies_have_two_callers(shop_package: Path) -> None:
    source = """
        class User(BaseModel):
            name: str

        def current_user(token: Token = None) -> User:
            raise HTTPException(401)

        def current(token: Token = None) -> dict:
            raise HTTPException(401)

        @app.get("/me")
        async def me(
            user: Annotated[User, Depends(current_user)], me: Annotated[dict, Depends(current)]
        ):
            return me["id"]
        """

    trials = tried(shop_package, HEAD + dedent(source))["GET /me"]

    assert lines_that_sign_in(trials) == [
        'caller = User(name="Ana")',
        "app.dependency_overrides[current_user] = lambda: caller",
        'caller_2 = {"id": 100}',
        "app.dependency_overrides[current] = lambda: caller_2",
    ]


def test_a_cookie_carries_the_credentials(shop_package: Path) -> None:
    """A token that is made up is refused like none."""
    source = """
        class User(BaseModel):
            name: str

        def current_user(session_id: Annotated[str | None, Cookie()] = None) -> User:
            raise HTTPException(401)

        @app.get("/me")
        async def me(user: Annotated[User, Depends(current_user)]):
            return user
        """

    trials = tried(shop_package, HEAD + dedent(source))["GET /me"]

    (wrong,) = (
        trial
        for trial, _ in trials
        if trial.scenario == "with_an_invalid_token" and trial.purpose != "probe"
    )
    assert wrong.arguments["headers"].text == '{"Cookie": "session_id=token"}'


def test_a_route_that_nobody_may_call_is_said_to_be_left_out(shop_package: Path) -> None:
    """Only the refusal is tested, and the reason says what to do."""
    source = """
        @app.get("/me")
        async def me():
            raise HTTPException(403)
        """
    left_out: dict[str, str] = {}

    trials = tried(shop_package, HEAD + dedent(source), left_out)["GET /me"]

    assert outcomes(trials) == [("without_rows", 403)]
    assert left_out == {
        "GET /me": "no way was found to sign a caller in, so only the refusal is tested; override "
        "the dependency that refuses in a fixture: app.dependency_overrides[...] = lambda: ..."
    }


def test_of_two_ways_that_fail_the_one_is_taken_that_goes_further(
    shop_package: Path,
) -> None:
    """The caller of another route is no caller of this one."""
    source = """
        def check(token: Token = None) -> dict:
            raise HTTPException(401)

        @app.get("/all")
        async def find_all(_: dict = Depends(check)):
            return 1

        @app.get("/me")
        async def me(user: dict = Depends(check)):
            app.state.calls.append(SimpleNamespace(error=None, sent=user["id"]))
            raise RuntimeError("no row")
        """

    trials = tried(shop_package, HEAD + dedent(source))["GET /me"]

    signed = [setup.lines[0] for trial, _ in trials for setup in trial.setups]
    assert signed[-1] == 'caller = {"id": 100}'


def test_that_the_caller_is_no_row_is_no_bug(shop_package: Path) -> None:
    source = """
        def check(token: Token = None) -> dict:
            raise HTTPException(401)

        @app.get("/me")
        async def me(user: dict = Depends(check)):
            refusal = SimpleNamespace(sqlstate="23503")
            app.state.calls.append(SimpleNamespace(error=refusal, sent=user["id"]))
            raise RuntimeError("no such user")
        """

    trials = tried(shop_package, HEAD + dedent(source))["GET /me"]

    raised = [trial.purpose for trial, seen in trials if seen.raised is not None]
    assert {*raised} == {"probe"}


def test_a_row_has_to_be_there_before_anybody_is_refused(
    shop_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
        def find() -> None:
            if not app.state.rows:
                raise HTTPException(404)

        def check(token: Token = None) -> None:
            raise HTTPException(401)

        @app.get("/me", dependencies=[Depends(find), Depends(check)])
        async def me():
            return 1
        """
    found = ("with_one_row", "if one row matches", (Row("users"),))
    monkeypatch.setattr(router_trials._Trials, "_row_sets", lambda *_, **__: iter([found]))

    trials = tried(shop_package, HEAD + dedent(source))["GET /me"]

    assert outcomes(trials) == [
        ("without_credentials", 401),
        ("with_an_invalid_token", 401),
        ("without_rows", 404),
        ("with_one_row", 200),
    ]


def test_the_reason_names_the_dependency_that_refuses(shop_package: Path) -> None:
    source = """
        def current_user(token: Token = None) -> str:
            raise HTTPException(401)

        @app.get("/me")
        async def me(user: Annotated[str, Depends(current_user)]):
            raise HTTPException(403)
        """
    left_out: dict[str, str] = {}

    tried(shop_package, HEAD + dedent(source), left_out)

    assert left_out["GET /me"].endswith("app.dependency_overrides[current_user] = lambda: ...")


def test_a_route_that_raises_once_the_caller_is_signed_in_is_tested(shop_package: Path) -> None:
    source = """
        def check(token: Token = None) -> None:
            raise HTTPException(401)

        @app.get("/me", dependencies=[Depends(check)])
        async def me():
            return 1 / 0
        """

    trials = tried(shop_package, HEAD + dedent(source))["GET /me"]

    (raised, *_) = (
        (trial, seen.raised) for trial, seen in trials if seen.raised and trial.purpose != "probe"
    )
    assert raised[0].scenario == "without_rows"
    assert isinstance(raised[1], ZeroDivisionError)


OF_A_NOTE = """
class User(BaseModel):
    id: int
    role: Literal["member", "admin"]

def current_user(token: Token = None) -> User:
    if token is None:
        raise HTTPException(401, "not signed in")
    raise HTTPException(401, "unknown token")

def admin(user: User = Depends(current_user)) -> User:
    if user.role != "admin":
        raise HTTPException(403, "not allowed")
    return user

@app.get("/me")
async def me(user: User = Depends(admin)):
    return user.id
"""


def test_each_reason_of_a_refusal_is_tried(shop_package: Path) -> None:
    """Nobody, a token that is made up, and a caller with another role."""
    trials = tried(shop_package, HEAD + OF_A_NOTE)["GET /me"]

    assert {
        (trial.scenario, seen.answer.json()["detail"])
        for trial, seen in trials
        if trial.purpose != "probe" and seen.answer.status_code in (401, 403)
    } == {
        ("without_credentials", "not signed in"),
        ("with_an_invalid_token", "unknown token"),
        ("with_another_role", "not allowed"),
    }
