"""Tests for the error format and the OpenAPI description."""

import logging
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from httpx import ASGITransport, AsyncClient

from src.api.errors import add_error_handlers, responses
from src.config.factory import create_app
from src.config.settings import Settings
from src.domain.adapter.exception import AdapterException
from src.domain.dal.dao.exception import DAOException
from src.domain.dto.error import ErrorDTO

RESOURCES = ["users", "roles", "permissions", "scopes", "audit", "health"]


def failing_app(error: Exception) -> FastAPI:
    """Return an application whose only route fails."""
    app = FastAPI()
    add_error_handlers(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    return app


async def answer_of(app: FastAPI, path: str = "/") -> tuple[int, Any]:
    """Return the status and the body of the response to an exception."""
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(path)
    return response.status_code, response.json()["error"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        pytest.param(DAOException(409, "Duplicado"), 409, "Duplicado", id="DAO"),
        pytest.param(AdapterException(504, "Lento"), 504, "Lento", id="adapter"),
        pytest.param(HTTPException(418, "Bule"), 418, "Bule", id="HTTP"),
        pytest.param(KeyError("segredo"), 500, "Erro interno do servidor", id="unexpected"),
    ],
)
async def test_error_leaves_in_envelope(error: Exception, status: int, message: str) -> None:
    """The body has status, message and a list of details."""
    answered, body = await answer_of(failing_app(error))

    assert answered == status
    assert body == {"status": status, "message": message, "details": []}


@pytest.mark.asyncio
async def test_unexpected_error_is_logged_with_request(caplog: pytest.LogCaptureFixture) -> None:
    """The response has no details; the log has the request and the traceback."""
    error = KeyError("segredo")

    await answer_of(failing_app(error))

    (record,) = [record for record in caplog.records if record.name == "src.api.errors"]
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "GET /")
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@pytest.mark.asyncio
async def test_unknown_path_is_in_envelope(async_client: AsyncClient) -> None:
    """A 404 of the framework has the same format, in Portuguese."""
    response = await async_client.get("/nowhere")

    assert response.json() == {
        "error": {"status": 404, "message": "Recurso não encontrado", "details": []}
    }


@pytest.mark.asyncio
async def test_wrong_method_is_in_envelope(async_client: AsyncClient) -> None:
    """The Allow header is kept."""
    response = await async_client.delete("/health")

    assert response.json()["error"]["message"] == "Método não permitido"
    assert response.headers["Allow"] == "GET"


@pytest.mark.asyncio
async def test_broken_json_is_in_envelope(async_client: AsyncClient, identity: Any) -> None:
    """Invalid JSON is reported with its position."""
    response = await async_client.post(
        "/roles",
        headers={"Authorization": "Bearer abc", "Content-Type": "application/json"},
        content=b'{"name": ',
    )

    error = response.json()["error"]
    assert (error["status"], error["message"]) == (422, "Dados inválidos")
    assert error["details"][0]["field"] == "body.9"


def test_responses_describe_envelope() -> None:
    """All error statuses of a route have the same model."""
    assert responses(404, 409) == {
        404: {"model": ErrorDTO.Envelope, "description": "Not Found"},
        409: {"model": ErrorDTO.Envelope, "description": "Conflict"},
    }


@pytest.mark.parametrize("tag", RESOURCES)
def test_openapi_describes_tag(app: FastAPI, tag: str) -> None:
    """Every tag has a description and routes."""
    description = app.openapi()

    described = {item["name"]: item["description"] for item in description["tags"]}
    used = {
        name
        for methods in description["paths"].values()
        for operation in methods.values()
        for name in operation["tags"]
    }
    assert described[tag].endswith(".")
    assert tag in used


def test_openapi_summarises_every_operation(app: FastAPI) -> None:
    """Every route has a description."""
    operations = [
        operation for methods in app.openapi()["paths"].values() for operation in methods.values()
    ]

    assert [item["operationId"] for item in operations if not item.get("description")] == []


def test_openapi_describes_errors_by_envelope(app: FastAPI) -> None:
    """The schema has one error model; FastAPI's own is not used."""
    schemas = {
        answer["content"]["application/json"]["schema"].get("$ref")
        for methods in app.openapi()["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if status.startswith(("4", "5"))
    }

    assert schemas == {"#/components/schemas/Envelope"}


def test_openapi_describes_page_by_its_items(app: FastAPI) -> None:
    """A page of users is a model of its own."""
    description = app.openapi()

    answer = description["paths"]["/users/search"]["get"]["responses"]["200"]
    name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    items = description["components"]["schemas"][name]["properties"]["items"]["items"]
    assert items["$ref"].endswith("UserDTO__Read")


def test_openapi_declares_authorization_header(app: FastAPI) -> None:
    """The OpenAPI description declares the Authorization header."""
    assert app.openapi()["components"]["securitySchemes"] == {
        "APIKeyHeader": {
            "type": "apiKey",
            "description": "Passed on to the identity service, which decides.",
            "in": "header",
            "name": "Authorization",
        }
    }


def test_docs_are_served(client: TestClient) -> None:
    """The interactive documentation is enabled by default."""
    assert "Administração de usuários" in client.get("/docs").text


def test_docs_can_be_switched_off() -> None:
    """The documentation can be disabled."""
    app = create_app(Settings(docs_enabled=False, _env_file=None))

    assert TestClient(app).get("/docs").status_code == 404


def test_create_app_sets_log_level() -> None:
    """The log level applies to this application's loggers only."""
    logger = logging.getLogger("src")
    before = logger.level

    create_app(Settings(log_level="WARNING", _env_file=None))
    after = logger.level
    logger.setLevel(before)

    assert after == logging.WARNING


def test_main_has_an_app() -> None:
    """``src.main:app`` exists."""
    from src.main import app

    assert app.title == "Administração de usuários"
