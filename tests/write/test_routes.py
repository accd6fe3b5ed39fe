"""The routes of a module as targets."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from understudy.init.findings import Findings, look
from understudy.write import routes
from understudy.write.request_bodies import Body, body_of
from understudy.write.routes import RouteTarget
from understudy.write.trials import LeftOut, Target

SHOP = """
    from fastapi import APIRouter, Body, FastAPI
    from pydantic import BaseModel, Field

    router = APIRouter(prefix="/items")

    class Item(BaseModel):
        name: str = Field(min_length=2)
        price: int = Field(3, ge=1)

    @router.get("/{item_id}")
    async def show(item_id: int): ...

    @router.post("")
    def create(item: Item): ...

    @router.delete("")
    async def clear(item: Item): ...

    @router.put("/{item_id}/picture")
    async def draw(item_id: int, picture: bytes = Body(media_type="image/png")): ...

    app = FastAPI()
    app.include_router(router)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose module `shop` can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("shop", None)


def found(project: Path, source: str, settings: str = "") -> tuple[list[Target], list[LeftOut]]:
    """Return the targets of the module `shop`."""
    findings = written(project, source, settings)
    return routes.targets(importlib.import_module("shop"), findings)


def written(project: Path, source: str, settings: str = "") -> Findings:
    """Write the module `shop`, and return what the project consists of."""
    (project / "shop.py").write_text(dedent(source), encoding="utf-8")
    (project / "pyproject.toml").write_text(f"[tool.understudy]\n{settings}", encoding="utf-8")
    importlib.invalidate_caches()
    return look(project)


def test_each_operation_is_a_target(project: Path) -> None:
    """A target has the path of the app, and the call with the client's method."""
    targets, left_out = found(project, SHOP)

    assert [(target.name, target.call) for target in targets] == [
        ("GET /items/{item_id}", "await async_client.get(ARGUMENTS)"),
        ("POST /items", "await async_client.post(ARGUMENTS)"),
        ("DELETE /items", 'await async_client.request("DELETE", ARGUMENTS)'),
    ]
    assert [(one.name, one.reason) for one in left_out] == [
        (
            "PUT /items/{item_id}/picture",
            "it takes image/png; write its tests by hand, with `content=` of the client",
        )
    ]


def test_bodies_come_from_the_model(project: Path) -> None:
    """The smallest body, the full one, and those that break a constraint."""
    targets, _ = found(project, SHOP)
    (target,) = (target for target in targets if target.name == "POST /items")
    assert isinstance(target, RouteTarget)

    body = body_of(target)

    assert body is not None
    assert body.smallest == {"name": "Ana"}
    assert body.full == {"name": "Ana", "price": 2}
    assert [*body.broken()] == [
        ("name", {}),
        ("name", {"name": "A"}),
        ("price", {"name": "Ana", "price": 0}),
    ]


def test_an_app_without_openapi(project: Path) -> None:
    """The routes of another framework are left out, with what to do."""
    source = """
        from starlette.applications import Starlette
        from starlette.routing import Route

        class router:
            @staticmethod
            def get(path):
                return lambda function: function

        @router.get("/items")
        async def show(request): ...

        app = Starlette(routes=[Route("/items", show)])
    """

    _, left_out = found(project, source)

    assert [(one.name, one.reason) for one in left_out] == [
        (
            "GET /items",
            "the app is not FastAPI's, so it has no OpenAPI description that says what its routes "
            "take; write their tests with `async_client` by hand",
        )
    ]


def test_the_setting_that_points_the_app_at_the_database(project: Path) -> None:
    """It is added to the table, if the app says which variable it reads."""
    source = SHOP + '\n    import os\n    URL = os.environ["DATABASE_URL"]\n    import asyncpg\n'

    change = routes.missing_setting(written(project, source, 'driver = "asyncpg"\n'))

    assert change is not None
    assert change.after == (
        '[tool.understudy]\nreal_postgres_env = {DATABASE_URL = "{dsn}"}\ndriver = "asyncpg"\n'
    )


def test_a_setting_that_is_there_stays(project: Path) -> None:
    """Nothing is added beside the project's own choice."""
    source = SHOP + '\n    import os\n    URL = os.environ["DATABASE_URL"]\n    import asyncpg\n'
    settings = 'fake_postgres_env = {DATABASE_URL = "{dsn}"}\n'

    assert routes.missing_setting(written(project, source, settings)) is None


BODIES = """
    import dataclasses
    from typing import Annotated

    import pydantic.dataclasses
    from fastapi import Body, FastAPI
    from pydantic import BaseModel, Field, model_validator

    app = FastAPI()

    class Item(BaseModel):
        name: str = Field(min_length=2)
        price: int = 1

    @pydantic.dataclasses.dataclass
    class Point:
        x: int = Field(ge=1)

    @dataclasses.dataclass
    class Plain:
        x: int

    @app.post("/both")
    async def both(item: Item, count: Annotated[int, Body()]): ...

    @app.post("/embedded")
    async def embedded(item: Annotated[Item, Body(embed=True)]): ...

    @app.post("/point")
    async def point(point: Point): ...

    @app.post("/plain")
    async def plain(plain: Plain): ...

    @app.post("/ids")
    async def ids(ids: list[int]): ...
"""


def bodies(project: Path) -> dict[str, Body]:
    """Return the body of each route of BODIES."""
    targets, left_out = found(project, BODIES)
    assert left_out == []
    made = {one.name: body_of(one) for one in targets if isinstance(one, RouteTarget)}
    return {name.removeprefix("POST /"): body for name, body in made.items() if body is not None}


def test_the_keys_around_a_model_stay(project: Path) -> None:
    """A body with two parameters, and one that is embedded, have the model under its name."""
    found = bodies(project)

    assert found["both"].smallest == {"item": {"name": "Ana"}, "count": 2}
    assert found["both"].full == {"item": {"name": "Ana", "price": 2}, "count": 2}
    assert [body for _, body in found["both"].broken()][:2] == [
        {"item": {}, "count": 2},
        {"item": {"name": "A"}, "count": 2},
    ]
    assert found["embedded"].smallest == {"item": {"name": "Ana"}}


def test_a_dataclass_of_pydantic_is_a_model(project: Path) -> None:
    body = bodies(project)["point"]

    assert [*body.broken()] == [("x", {}), ("x", {"x": 0})]


def test_a_body_without_a_model_comes_from_the_description(project: Path) -> None:
    """Each of its keys is left out once."""
    found = bodies(project)

    assert found["plain"].smallest == {"x": 1}
    assert [*found["plain"].broken()] == [("x", {})]
    assert [*found["plain"].variations()] == []
    assert found["ids"].smallest == [1]
    assert [*found["ids"].broken()] == []


ROUTE = """
    from fastapi import APIRouter, FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    router = APIRouter()

    @router.get("/items")
    async def show() -> int:
        return 1
"""


@pytest.mark.parametrize(
    ("app", "settings", "reason"),
    [
        (
            "import asyncpg",
            "",
            'no app is configured; add app = "module:attribute" to [tool.understudy]',
        ),
        (
            "import asyncpg",
            'app = "shop:app"\n',
            "The app 'shop:app' cannot be loaded: the module 'shop' (shop.py) has no attribute "
            "'app'.",
        ),
        ("app = FastAPI()", "", "the app shop:app does not include its router"),
    ],
)
def test_a_route_without_an_app_is_left_out(
    project: Path, app: str, settings: str, reason: str
) -> None:
    targets, left_out = found(project, f"{ROUTE}\n    {app}\n", settings)

    assert targets == []
    assert [(one.name, one.reason) for one in left_out] == [("GET /items", reason)]


def test_of_two_routes_of_a_path_the_first_answers(project: Path) -> None:
    again = """
    @router.get("/items")
    async def again() -> int:
        return 2

    app = FastAPI()
    app.include_router(router)
    """

    targets, _ = found(project, ROUTE + again)

    assert [target.function.__name__ for target in targets] == ["show"]


def test_an_app_that_accepts_only_some_hosts_is_asked_by_one_of_them(project: Path) -> None:
    app = """
    app = FastAPI()
    app.include_router(router)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["*.example.com"])
    """

    (target,), _ = found(project, ROUTE + app)

    assert isinstance(target, RouteTarget)
    assert target.shared["headers"] == {"Host": "example.com"}
