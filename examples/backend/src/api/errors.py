"""Error handlers: every error response is an ``ErrorDTO.Envelope``."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from src.domain.dto.error import ErrorDTO
from src.domain.exception import DomainException

logger = logging.getLogger(__name__)

# Translations of the messages that FastAPI and Starlette raise themselves.
_SENTENCES = {
    "Not Found": "Recurso não encontrado",
    "Method Not Allowed": "Método não permitido",
}


def responses(*status_codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route for its OpenAPI description."""
    return {
        status_code: {
            "model": ErrorDTO.Envelope,
            "description": HTTPStatus(status_code).phrase,
        }
        for status_code in status_codes
    }


def _envelope(
    status_code: int,
    message: str,
    details: list[ErrorDTO.Detail] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body = ErrorDTO.Body(status=status_code, message=message, details=details or [])
    return JSONResponse(
        ErrorDTO.Envelope(error=body).model_dump(), status_code=status_code, headers=headers
    )


def _detail(error: Mapping[str, Any]) -> ErrorDTO.Detail:
    """Convert one pydantic error, without pydantic's prefix for a ValueError."""
    message = str(error["msg"]).removeprefix("Value error, ")
    return ErrorDTO.Detail(field=".".join(str(part) for part in error["loc"]), message=message)


def add_error_handlers(app: FastAPI) -> None:
    """Register handlers that answer every error with an envelope."""

    @app.exception_handler(DomainException)
    async def domain_error(_: Request, error: DomainException) -> JSONResponse:
        return _envelope(error.status_code, error.detail)

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        return _envelope(422, "Dados inválidos", [_detail(item) for item in error.errors()])

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        message = _SENTENCES.get(error.detail, error.detail)
        return _envelope(error.status_code, message, headers=error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        logger.error("%s %s", request.method, request.url.path, exc_info=error)
        return _envelope(500, "Erro interno do servidor")
