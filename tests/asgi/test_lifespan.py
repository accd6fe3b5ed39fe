"""The lifespan around the clients, with apps written in plain ASGI that do it wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.asgi import AppError, SyncClient, lifespan, open_async_client

ROOT = Path(__file__).parent
RUN_BY_BOTH = (
    "`client` and `async_client` run the app's lifespan, as a server does. For an app that has"
    " none, define these fixtures in conftest.py."
)


def app_of(*steps: object) -> Callable[..., Any]:
    """An app whose lifespan sends these messages in turn, one for each it receives."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        for step in steps:
            await receive()
            if isinstance(step, BaseException):
                raise step
            await send(step)

    return app


STARTED = {"type": "lifespan.startup.complete"}
STOPPED = {"type": "lifespan.shutdown.complete"}


async def open_and_close(app: Callable[..., Any]) -> None:
    async with open_async_client(app, ROOT):
        pass


async def refusal(app: Callable[..., Any]) -> str:
    with pytest.raises(AppError) as caught:
        await open_and_close(app)
    return str(caught.value)


async def test_a_good_lifespan() -> None:
    await open_and_close(app_of(STARTED, STOPPED))


async def test_a_startup_that_raises_keeps_its_exception() -> None:
    reason = ConnectionError("refused")
    with pytest.raises(AppError) as caught:
        await open_and_close(app_of(reason))
    assert caught.value.__cause__ is reason
    assert str(caught.value).startswith(
        "The app did not start: its lifespan raised\n  ConnectionError: refused\n  at test_lifespan"
    )


async def test_one_exception_of_a_task_group_is_shown_as_itself() -> None:
    group = ExceptionGroup("unhandled errors in a TaskGroup", [OSError("no route")])
    assert (await refusal(app_of(group))).split("\n")[1] == "  OSError: no route"


async def test_two_exceptions_of_a_task_group_are_shown_as_a_group() -> None:
    group = ExceptionGroup("unhandled errors in a TaskGroup", [OSError("a"), OSError("b")])
    assert (await refusal(app_of(group))).split("\n")[1] == (
        "  ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)"
    )


async def test_a_startup_that_is_refused() -> None:
    failed = {"type": "lifespan.startup.failed", "message": "no licence\nask the office\n"}
    assert await refusal(app_of(failed)) == (
        "The app did not start: it answered lifespan.startup.failed\n  no licence\n  ask the office"
    )
    assert await refusal(app_of({"type": "lifespan.startup.failed"})) == (
        "The app did not start: it answered lifespan.startup.failed\n  (it gave no reason)"
    )


async def test_a_startup_without_an_answer() -> None:
    async def web_only(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return

    assert await refusal(web_only) == (
        "The app did not start: it returned without answering lifespan.startup.\n" + RUN_BY_BOTH
    )


async def test_an_app_that_fails_before_its_lifespan_begins() -> None:
    async def web_only(scope: Any, receive: Any, send: Any) -> None:
        raise NotImplementedError(scope["type"])

    assert (await refusal(web_only)).startswith(
        "The app did not start: its lifespan raised\n"
        "  NotImplementedError: lifespan\n"
        "  at test_lifespan.py:"
    )


async def test_a_startup_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifespan, "TIMEOUT", 0.05)

    async def hangs(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(1000)

    assert await refusal(hangs) == (
        "The app did not start within 0.05 seconds.\n"
        "Its lifespan awaits something that does not happen."
    )


async def test_a_shutdown_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifespan, "TIMEOUT", 0.05)

    async def hangs(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(STARTED)
        await asyncio.sleep(1000)

    assert await refusal(hangs) == (
        "The app did not shut down within 0.05 seconds.\n"
        "Its lifespan awaits something that does not happen."
    )


async def test_a_time_out_of_the_apps_own_is_not_taken_for_ours() -> None:
    assert (await refusal(app_of(TimeoutError("db")))).startswith(
        "The app did not start: its lifespan raised\n  TimeoutError: db\n"
    )


async def test_a_shutdown_that_raises() -> None:
    assert (await refusal(app_of(STARTED, OSError("pool is closed")))).startswith(
        "The app did not shut down: its lifespan raised\n  OSError: pool is closed\n"
    )


async def test_a_shutdown_that_is_refused() -> None:
    failed = {"type": "lifespan.shutdown.failed", "message": "busy"}
    assert await refusal(app_of(STARTED, failed)) == (
        "The app did not shut down: it answered lifespan.shutdown.failed\n  busy"
    )


async def test_a_lifespan_that_ends_early() -> None:
    assert await refusal(app_of(STARTED)) == (
        "The app did not shut down: it returned without answering lifespan.shutdown.\n"
        + RUN_BY_BOTH
    )


async def test_what_the_body_raises_goes_before_the_shutdown() -> None:
    ended = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(STARTED)
        try:
            await receive()
        finally:
            ended.append(True)

    with pytest.raises(KeyError, match="body"):
        async with open_async_client(app, ROOT):
            raise KeyError("body")
    assert ended == [True]


async def test_each_request_has_a_state_of_its_own() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["shared"] = []
            await receive()
            await send(STARTED)
            await receive()
            await send(STOPPED)
            return
        assert "own" not in scope["state"]
        scope["state"]["own"] = True
        scope["state"]["shared"].append(1)
        body = str(len(scope["state"]["shared"])).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async with open_async_client(app, ROOT) as client:
        assert [(await client.get("/")).text for _ in range(2)] == ["1", "2"]


def test_the_sync_client_starts_and_stops_once_until_told_again() -> None:
    events = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        events.append((await receive())["type"])
        await send(STARTED)
        events.append((await receive())["type"])
        await send(STOPPED)

    client = SyncClient(app, ROOT)
    client.stop()
    assert events == []
    client.start()
    client.start()
    assert events == ["lifespan.startup"]
    client.stop()
    client.stop()
    assert events == ["lifespan.startup", "lifespan.shutdown"]
    client.start()
    client.stop()
    assert len(events) == 4


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [{"type": "lifespan.startup.failed", "message": "no licence"}],
            "The app did not start: it answered lifespan.startup.failed\n  no licence",
        ),
        (
            [],
            "The app did not start: it returned without answering lifespan.startup.\n"
            + RUN_BY_BOTH,
        ),
    ],
)
def test_the_sync_client_says_the_same(steps: list[object], message: str) -> None:
    client = SyncClient(app_of(*steps), ROOT)
    with pytest.raises(AppError) as caught:
        client.start()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [STARTED, {"type": "lifespan.shutdown.failed", "message": "busy"}],
            "The app did not shut down: it answered lifespan.shutdown.failed\n  busy",
        ),
        (
            [STARTED],
            "The app did not shut down: it returned without answering lifespan.shutdown.\n"
            + RUN_BY_BOTH,
        ),
    ],
)
def test_the_sync_client_says_the_same_of_the_end(steps: list[object], message: str) -> None:
    client = SyncClient(app_of(*steps), ROOT)
    client.start()
    with pytest.raises(AppError) as caught:
        client.stop()
    assert str(caught.value) == message
