"""The requests that are tried for a route, on small apps without a database."""

from __future__ import annotations

from pathlib import Path

from tests.write.routed import kept, outcomes, tried
from understudy.write import rendering, test_file, web_assertions

OPEN = """
    from fastapi import FastAPI, HTTPException, Query
    from pydantic import BaseModel, Field

    app = FastAPI()

    class Item(BaseModel):
        name: str = Field(min_length=2, max_length=20)
        price: int = Field(ge=1)
        note: str = ""

    @app.post("/items", status_code=201)
    async def create(item: Item):
        return item

    @app.get("/items/{item_id}")
    async def show(item_id: int, size: int = Query(10, ge=1)):
        raise HTTPException(404, "no such item")

    @app.get("/broken")
    async def broken():
        return {"half": 1 / 0}
"""


def test_each_constraint_is_a_case_of_one_test(shop_package: Path) -> None:
    """The invalid bodies of a route become one parametrized test."""
    tests = kept(tried(shop_package, OPEN)["POST /items"])

    (test,) = (test for test in tests if test.trial.purpose == "invalid")
    assert test.trial.parameters == (
        ("json", "object"),
        ("place", "list[str | int]"),
        ("kind", "str"),
    )
    assert test.trial.cases == (
        ('{"price": 2}', '["body", "name"]', '"missing"'),
        ('{"name": "Ana"}', '["body", "price"]', '"missing"'),
        ('{"name": "A", "price": 2}', '["body", "name"]', '"string_too_short"'),
        ('{"name": "a" * 21, "price": 2}', '["body", "name"]', '"string_too_long"'),
        ('{"name": "Ana", "price": 0}', '["body", "price"]', '"greater_than_equal"'),
        ('{"name": "Ana", "price": 2, "note": 1}', '["body", "note"]', '"string_type"'),
    )
    assert test.assertions == (
        "assert response.status_code == 422",
        'assert [(error["loc"], error["type"]) for error in response.json()["detail"]] == '
        "[(place, kind)]",
    )


def test_a_route_that_raises_looks_like_a_bug(shop_package: Path) -> None:
    """The server would answer 500."""
    ((_, seen), *_) = tried(shop_package, OPEN)["GET /broken"]

    assert web_assertions.suspicion(seen) == (
        "the server answers 500, as the route raises ZeroDivisionError: division by zero"
    )


def test_parameters_of_path_and_query(shop_package: Path) -> None:
    """The path names a row, an optional parameter is given once, and each is broken."""
    trials = tried(shop_package, OPEN)["GET /items/{item_id}"]

    calls = [(rendering.call(trial), seen.answer.status_code) for trial, seen in trials]
    assert calls == [
        ('await async_client.get("/items/101")', 404),
        ('await async_client.get("/items/x")', 422),
        ('await async_client.get("/items/101", params={"size": 0})', 422),
        ('await async_client.get("/items/101", params={"size": "x"})', 422),
    ]


SIGNED_IN = """
    from typing import Annotated
    from fastapi import APIRouter, Depends, FastAPI, HTTPException
    from fastapi.security import OAuth2PasswordBearer
    from pydantic import BaseModel

    class User(BaseModel):
        id: int
        email: str
        is_admin: bool = False

    scheme = OAuth2PasswordBearer("token")

    def current_user(token: str = Depends(scheme)) -> User:
        raise HTTPException(401, "not a token")

    def admin(user: User = Depends(current_user)) -> User:
        if not user.is_admin:
            raise HTTPException(403, "not an admin")
        return user

    app = FastAPI()

    @app.get("/me")
    async def me(user: Annotated[User, Depends(admin)]):
        return {"email": user.email}
"""


def test_the_dependency_nearest_to_the_token_is_overridden(shop_package: Path) -> None:
    """What checks the caller's rights is tested, and taking a right is a test."""
    trials = tried(shop_package, SIGNED_IN)["GET /me"]

    assert outcomes(trials) == [
        ("without_credentials", 401),
        ("with_an_invalid_token", 401),
        ("without_rows", 200),
        ("without_admin", 403),
    ]
    (setup,) = trials[-1][0].setups
    assert setup.lines == (
        'caller = User(id=100, email="ana@example.com", is_admin=True)',
        "app.dependency_overrides[current_user] = lambda: caller",
    )
    assert trials[-1][0].script == ("caller.is_admin = False",)


STAND_IN = """
    from fastapi import Depends, FastAPI, Header, HTTPException, Request
    from shop.identity import Caller, Identity

    def identity(request: Request) -> Identity:
        return Identity()

    def token(authorization: str = Header("")) -> str:
        if not authorization:
            raise HTTPException(401)
        return authorization

    def require(right):
        async def check(
            token: str = Depends(token), identity: Identity = Depends(identity)
        ) -> Caller:
            caller = await identity.get_caller(token)
            if caller not in await identity.get_holders(right):
                raise HTTPException(403)
            return caller
        return check

    app = FastAPI()

    @app.get("/orders")
    async def orders(caller: Caller = Depends(require("orders"))):
        return []
"""


def test_a_service_that_knows_the_caller_is_stood_in_for(shop_package: Path) -> None:
    """If the dependency has no name, what it calls is a dummy."""
    (shop_package / "shop/identity.py").write_text(
        "from pydantic import BaseModel\n"
        "class Caller(BaseModel):\n"
        "    id: int\n"
        "class Identity:\n"
        "    async def get_caller(self, token: str) -> Caller:\n"
        "        raise ConnectionError('no network')\n"
        "    async def get_holders(self, right: str) -> list[Caller]:\n"
        "        raise ConnectionError('no network')\n"
    )

    trials = tried(shop_package, STAND_IN)["GET /orders"]

    assert outcomes(trials) == [
        ("without_credentials", 401),
        ("without_rows", 200),
        ("when_get_holders_finds_nothing", 403),
    ]
    (setup,) = trials[-1][0].setups
    assert setup.lines == (
        "identity_dummy = dummy(Identity)",
        'identity_dummy.on("get_caller").returns(Caller(id=100)).optional()',
        'identity_dummy.on("get_holders").returns([Caller(id=100)]).optional()',
        "app.dependency_overrides[identity] = lambda: identity_dummy",
    )


def test_the_body_takes_what_the_code_compares_it_with(shop_package: Path) -> None:
    (shop_package / "shop/rules.py").write_text(
        "def is_closed(kind: str) -> bool:\n    return kind == 'closed'\n"
    )
    trials = tried(
        shop_package,
        """
        from fastapi import FastAPI, HTTPException
        from pydantic import BaseModel
        from shop.rules import is_closed
        app = FastAPI()
        class Order(BaseModel):
            kind: str
        @app.post("/orders")
        async def order(body: Order) -> None:
            if is_closed(body.kind):
                raise HTTPException(410)
        """,
    )

    assert ("with_kind_closed", 410) in outcomes(trials["POST /orders"])


def test_an_id_that_the_constructor_does_not_take_is_set(shop_package: Path) -> None:
    trials = tried(
        shop_package,
        """
        from dataclasses import dataclass, field
        from typing import Annotated
        from fastapi import Depends, FastAPI, Header, HTTPException
        app = FastAPI()
        @dataclass
        class User:
            id: int = field(init=False)
            name: str
        def current_user(authorization: Annotated[str | None, Header()] = None) -> User:
            raise HTTPException(401)
        @app.get("/me")
        async def me(user: Annotated[User, Depends(current_user)]) -> int:
            return user.id
        """,
    )["GET /me"]

    assert [seen.answer.json() for _, seen in trials if seen.answer.status_code == 200][-1] == 100


def test_a_fixture_does_all_that_it_has_to(shop_package: Path) -> None:
    """The written fixture overrides the dependency before it returns the caller."""
    trials = tried(shop_package, SIGNED_IN)["GET /me"]

    text = test_file.merged("", "shop.web", "router", kept(trials), []).text

    assert (
        '    caller = User(id=100, email="ana@example.com", is_admin=True)\n'
        "    app.dependency_overrides[current_user] = lambda: caller\n"
        "    return caller\n"
    ) in text


PARAMETERS = """
    from uuid import UUID
    from fastapi import FastAPI, Query

    app = FastAPI()

    @app.get("/items")
    async def items(kind: str, size: int = 10, tags: list[str] = Query([])):
        return {"kind": kind, "size": size}

    @app.get("/people/{name}/files/{key}")
    async def file(name: str, key: UUID):
        return name
"""


def test_each_parameter_of_a_query_is_given_and_left_out(shop_package: Path) -> None:
    trials = tried(shop_package, PARAMETERS)["GET /items"]

    calls = {rendering.call(trial): seen.answer.status_code for trial, seen in trials}
    assert (
        calls.items()
        >= {
            'await async_client.get("/items", params={"kind": "kind"})': 200,
            'await async_client.get("/items", params={"kind": "kind", "size": 2})': 200,
            'await async_client.get("/items", params={"kind": "kind", "size": "x"})': 422,
            'await async_client.get("/items")': 422,
        }.items()
    )


def test_a_path_names_a_row_by_the_type_of_its_key(shop_package: Path) -> None:
    ((trial, _), *_) = tried(shop_package, PARAMETERS)["GET /people/{name}/files/{key}"]

    assert rendering.call(trial) == (
        'await async_client.get("/people/Ana/files/00000000-0000-0000-0000-000000000065")'
    )
