"""The requests that an app answers are noted, whichever client of Starlette or httpx sends them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, WebSocket
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import StreamingResponse

from understudy.asgi import SyncClient, app_requests
from understudy.script import requests
from understudy.script.requests import Request

seen: list[tuple[str, Request | None]] = []


def see(place: str) -> None:
    seen.append((place, requests.current.get()))


async def dependency() -> Any:
    see("dependency")
    yield
    see("exit")


def make_app() -> FastAPI:
    app = FastAPI()

    @app.post("/users/{id}", status_code=201)
    async def add(id: int, tasks: BackgroundTasks, _: None = Depends(dependency)) -> None:
        see("endpoint")
        tasks.add_task(see, "background")

    @app.get("/thread")
    def thread() -> None:
        see("thread")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> Any:
            for part in "ab":
                see(part)
                yield part

        return StreamingResponse(parts())

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(404)

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("broken")

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        see("socket")
        await socket.close()

    return app


@pytest.fixture(autouse=True)
def _begin() -> Iterator[None]:
    app_requests.observe()
    requests.begin_test()
    seen.clear()
    yield
    requests.begin_test()


@pytest.mark.parametrize("client", ["httpx", "starlette"])
async def test_a_request_and_the_order_of_its_response(client: str) -> None:
    app = make_app()
    if client == "httpx":
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as caller:
            for _ in range(2):
                assert (await caller.post("/users/7?x=1")).status_code == 201
        assert transport.app is app
    else:
        test_client = SyncClient(app, Path()).client
        for _ in range(2):
            assert test_client.post("/users/7?x=1").status_code == 201
    first, second = requests.of_test
    assert (first.name, first.path, first.number) == ("POST /users/{id}", "/users/7", 1)
    assert (second.status, second.number, second.error) == (201, 2, None)
    assert first.endpoint is not None
    assert first.endpoint.co_name == "add"
    assert list(first.dependencies.values()) == ["dependency"]
    assert None not in (first.answered, first.decided, first.sent, first.ended)
    assert first.begun < first.answered < first.sent < first.ended  # type: ignore[operator] # above
    assert [place for place, _ in seen[:4]] == ["dependency", "endpoint", "background", "exit"]
    assert [request is first for _, request in seen[:4]] == [True, True, False, True]
    background = seen[2][1]
    assert background is not None
    assert background.background_of is first
    assert requests.current.get() is None


def test_threads_streams_errors_and_sockets() -> None:
    app = make_app()
    app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))
    client = type(SyncClient(app, Path()).client)(app, raise_server_exceptions=False)
    statuses = [client.get(path).status_code for path in ("/thread", "/stream", "/missing", "/no")]
    assert statuses == [200, 200, 404, 404]
    assert client.get("/broken").status_code == 500
    with client.websocket_connect("/ws"):
        pass
    thread, stream, missing, no, broken = requests.of_test
    assert [request for _, request in seen] == [thread, stream, stream, None]
    assert (stream.name, missing.status, no.name) == ("GET /stream", 404, "GET /no")
    assert broken.status == 500
    assert broken.error == "ValueError"
    assert (missing.media_type, missing.body) == ("application/json", b'{"detail":"Not Found"}')
    assert (stream.media_type, stream.body) == ("", b"ab")
    assert broken.decided is not None
    assert broken.answered is not None
    assert broken.decided < broken.answered


def test_the_route_of_an_included_router_in_a_mounted_app() -> None:
    router, outer, app, mounted = APIRouter(prefix="/users"), APIRouter(), FastAPI(), FastAPI()

    @router.get("/{id}")
    def user(id: int) -> None:
        pass

    outer.include_router(router, prefix="/v1", dependencies=[Depends(dependency)])
    mounted.include_router(outer)
    app.mount("/sub", mounted)
    app.include_router(outer)
    client = SyncClient(app, Path()).client
    paths = ["/v1/users/7", "/sub/v1/users/7"]
    assert [client.get(path).status_code for path in paths] == [200, 200]
    names = ["GET /v1/users/{id}", "GET /sub/v1/users/{id}"]
    assert [request.name for request in requests.of_test] == names
    for request in requests.of_test:
        assert list(request.dependencies.values()) == ["dependency"]


async def other() -> Any:
    yield


def test_a_dependency_that_the_test_overrides_goes_by_its_own_name() -> None:
    app = make_app()
    app.dependency_overrides[dependency] = other
    SyncClient(app, Path()).client.post("/users/7")
    assert requests.of_test[0].dependencies == {other.__code__: "dependency"}
