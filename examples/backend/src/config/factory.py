"""The application factory."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from src.api.errors import add_error_handlers
from src.api.path import audit, health, permissions, roles, scopes, users
from src.config.settings import Settings
from src.domain.adapter.user import UserAdapter
from src.domain.dal import DAL

_TAGS = [
    {"name": "users", "description": "Usuários: cadastro, situação e atribuições."},
    {"name": "roles", "description": "Papéis e as permissões que carregam."},
    {"name": "permissions", "description": "Permissões, na forma recurso:ação."},
    {"name": "scopes", "description": "Escopos em árvore, e os papéis atribuídos em cada um."},
    {"name": "audit", "description": "Quem escreveu o quê."},
    {"name": "health", "description": "Se a aplicação e o banco respondem."},
]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build an application.

    It starts without a database, because connections are opened on demand.

    Args:
        settings: read from the environment if omitted.
    """
    settings = settings or Settings()
    logging.getLogger("src").setLevel(settings.log_level)

    tls = httpx.create_ssl_context()  # slow: it reads every installed certificate

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        identity = httpx.AsyncClient(
            base_url=str(settings.identity_url), timeout=settings.identity_timeout, verify=tls
        )
        async with DAL.pool(settings), identity:
            app.state.user_adapter = UserAdapter(identity)
            yield

    app = FastAPI(
        title="Administração de usuários",
        version="0.1.0",
        openapi_tags=_TAGS,
        openapi_url="/openapi.json" if settings.docs_enabled else None,
        lifespan=lifespan,
    )
    add_error_handlers(app)
    for module in (users, roles, permissions, scopes, audit, health):
        app.include_router(module.router)
    return app
