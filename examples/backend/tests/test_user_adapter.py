"""Tests for the adapter of the identity service, with httpx's mock transport."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from src.domain.adapter.exception import AdapterException
from src.domain.adapter.user import UserAdapter
from src.domain.dto.user import UserDTO

ANA = {"id": 7, "name": "Ana", "email": "ana@example.com"}


def adapter_of(handler: Callable[[httpx.Request], httpx.Response]) -> UserAdapter:
    """Return an adapter whose requests are answered by ``handler``."""
    client = httpx.AsyncClient(base_url="http://identity", transport=httpx.MockTransport(handler))
    return UserAdapter(client)


def answering(status_code: int, body: Any = None) -> UserAdapter:
    """Return an adapter whose requests all get the same response."""
    return adapter_of(lambda _: httpx.Response(status_code, json=body))


def failing(error: Exception) -> UserAdapter:
    """Return an adapter whose requests all fail."""

    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    return adapter_of(handler)


@pytest.mark.asyncio
async def test_get_caller_passes_header_on() -> None:
    """The header reaches the identity service unchanged."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=ANA)

    await adapter_of(handler).get_caller("Bearer abc")

    assert seen[0].headers["Authorization"] == "Bearer abc"
    assert str(seen[0].url) == "http://identity/me"


@pytest.mark.asyncio
async def test_get_caller_returns_user() -> None:
    """The response is converted to a DTO; unknown fields are ignored."""
    caller = await answering(200, {**ANA, "roles": ["admin"]}).get_caller("Bearer abc")

    assert caller == UserDTO.Read(id=7, name="Ana", email="ana@example.com")


@pytest.mark.asyncio
async def test_get_users_by_permission_asks_within_scope() -> None:
    """The permission is in the path, the scope in the query."""
    seen: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, json=[])

    await adapter_of(handler).get_users_by_permission("users:write", "Bearer abc", "matriz")

    assert str(seen[0]) == "http://identity/permissions/users:write/users?scope=matriz"


@pytest.mark.asyncio
async def test_get_users_by_permission_keeps_path_in_its_place() -> None:
    """Special characters in a permission are escaped."""
    seen: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(200, json=[])

    await adapter_of(handler).get_users_by_permission("../me?x=", "Bearer abc", "matriz")

    assert seen == [b"/permissions/..%2Fme%3Fx%3D/users?scope=matriz"]


@pytest.mark.asyncio
async def test_get_users_by_permission_returns_all() -> None:
    """Every item is converted to a DTO, in the same order."""
    bia = {"id": 8, "name": "Bia", "email": "bia@example.com"}

    users = await answering(200, [ANA, bia]).get_users_by_permission("a:b", "Bearer abc", "matriz")

    assert [user.name for user in users] == ["Ana", "Bia"]


@pytest.mark.asyncio
async def test_get_users_by_permission_of_nobody_is_empty() -> None:
    """A permission without holders returns an empty list."""
    assert await answering(200, []).get_users_by_permission("a:b", "Bearer abc", "matriz") == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answered", "status_code", "detail"),
    [
        (401, 401, "Erro de autorização: credenciais inválidas ou expiradas"),
        (403, 403, "Erro de autorização: acesso negado pelo serviço de identidade"),
        (404, 404, "Erro de autorização: permissão desconhecida pelo serviço de identidade"),
        (400, 502, "Serviço de identidade respondeu com status 400"),
        (500, 502, "Serviço de identidade respondeu com status 500"),
        (302, 502, "Serviço de identidade respondeu com status 302"),
    ],
)
async def test_answer_other_than_success(answered: int, status_code: int, detail: str) -> None:
    """401, 403 and 404 are passed on; every other status is a 502."""
    with pytest.raises(AdapterException) as exc:
        await answering(answered).get_caller("Bearer abc")

    assert (exc.value.status_code, exc.value.detail) == (status_code, detail)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "status_code", "detail"),
    [
        pytest.param(
            httpx.ReadTimeout("slow"),
            504,
            "Serviço de identidade não respondeu a tempo",
            id="slow answer",
        ),
        pytest.param(
            httpx.ConnectTimeout("slow"),
            504,
            "Serviço de identidade não respondeu a tempo",
            id="slow connection",
        ),
        pytest.param(
            httpx.ConnectError("refused"),
            502,
            "Serviço de identidade indisponível",
            id="nobody there",
        ),
        pytest.param(
            httpx.RemoteProtocolError("closed"),
            502,
            "Serviço de identidade indisponível",
            id="hung up",
        ),
    ],
)
async def test_no_answer(error: Exception, status_code: int, detail: str) -> None:
    """A timeout is a 504, a connection error a 502; the cause is kept."""
    with pytest.raises(AdapterException) as exc:
        await failing(error).get_caller("Bearer abc")

    assert (exc.value.status_code, exc.value.detail) == (status_code, detail)
    assert exc.value.__cause__ is error


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"id": "seven", "name": "Ana", "email": "a@b.c"}, id="id in words"),
        pytest.param({"name": "Ana"}, id="fields missing"),
        pytest.param([ANA], id="a list for one user"),
        pytest.param(None, id="null"),
    ],
)
async def test_get_caller_refuses_answer_of_other_shape(body: Any) -> None:
    """An invalid response is a 502."""
    with pytest.raises(AdapterException) as exc:
        await answering(200, body).get_caller("Bearer abc")

    assert (exc.value.status_code, exc.value.detail) == (
        502,
        "Resposta inválida do serviço de identidade",
    )


@pytest.mark.asyncio
async def test_get_caller_refuses_answer_that_is_no_json() -> None:
    """An HTML response with status 200 is a 502."""
    adapter = adapter_of(lambda _: httpx.Response(200, html="<h1>Entrar</h1>"))

    with pytest.raises(AdapterException) as exc:
        await adapter.get_caller("Bearer abc")

    assert exc.value.status_code == 502
