"""What routes depend on: the services, the page wanted, and the caller's permission."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request
from fastapi.security import APIKeyHeader

from src.domain.adapter.user import UserAdapter
from src.domain.dto.user import UserDTO
from src.domain.service.audit import AuditService
from src.domain.service.permission import PermissionService
from src.domain.service.role import RoleService
from src.domain.service.scope import ScopeService
from src.domain.service.user import UserService

# Where the permissions that this API asks for are held in the identity service.
ADMINISTRATION = "administration"

_authorization = APIKeyHeader(
    name="Authorization",
    auto_error=False,
    description="Passed on to the identity service, which decides.",
)


async def user_adapter(request: Request) -> UserAdapter:
    """The adapter that the lifespan opened."""
    adapter: UserAdapter = request.app.state.user_adapter
    return adapter


Adapter = Annotated[UserAdapter, Depends(user_adapter)]


async def auth_header(header: Annotated[str | None, Depends(_authorization)]) -> str:
    """The caller's Authorization header; without one the request is a 401."""
    if not header:
        raise HTTPException(
            401, "Cabeçalho Authorization ausente", headers={"WWW-Authenticate": "Bearer"}
        )
    return header


AuthHeader = Annotated[str, Depends(auth_header)]


def require(permission: str) -> Callable[[Adapter, AuthHeader], Awaitable[UserDTO.Read]]:
    """A dependency that lets through callers who hold ``permission``, and says who they are."""

    async def caller_with_permission(adapter: Adapter, header: AuthHeader) -> UserDTO.Read:
        caller = await adapter.get_caller(header)
        holders = await adapter.get_users_by_permission(permission, header, ADMINISTRATION)
        if caller.id not in {holder.id for holder in holders}:
            raise HTTPException(403, f"Permissão necessária: {permission}")
        return caller

    return caller_with_permission


async def user_service(adapter: Adapter) -> UserService:
    """The service of the users' routes."""
    return UserService(user_adapter=adapter)


async def role_service() -> RoleService:
    """The service of the roles' routes."""
    return RoleService()


async def permission_service() -> PermissionService:
    """The service of the permissions' routes."""
    return PermissionService()


async def scope_service() -> ScopeService:
    """The service of the scopes' routes."""
    return ScopeService()


async def audit_service() -> AuditService:
    """The service of the audit log's routes."""
    return AuditService()


Users = Annotated[UserService, Depends(user_service)]
Roles = Annotated[RoleService, Depends(role_service)]
Permissions = Annotated[PermissionService, Depends(permission_service)]
Scopes = Annotated[ScopeService, Depends(scope_service)]
Audit = Annotated[AuditService, Depends(audit_service)]
PathId = Annotated[int, Path(ge=1, le=2**63 - 1)]
