"""Dependencies of the routes: the services and the caller's permission."""

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

# The scope in the identity service that holds the permissions of this API.
ADMINISTRATION = "administration"

_authorization = APIKeyHeader(
    name="Authorization",
    auto_error=False,
    description="Passed on to the identity service, which decides.",
)


async def user_adapter(request: Request) -> UserAdapter:
    """Return the adapter that the lifespan opened."""
    adapter: UserAdapter = request.app.state.user_adapter
    return adapter


Adapter = Annotated[UserAdapter, Depends(user_adapter)]


async def auth_header(header: Annotated[str | None, Depends(_authorization)]) -> str:
    """Return the caller's Authorization header; 401 if it is missing."""
    if not header:
        raise HTTPException(
            401, "Cabeçalho Authorization ausente", headers={"WWW-Authenticate": "Bearer"}
        )
    return header


AuthHeader = Annotated[str, Depends(auth_header)]


def require(permission: str) -> Callable[[Adapter, AuthHeader], Awaitable[UserDTO.Read]]:
    """Create a dependency that returns the caller; 403 without ``permission``."""

    async def caller_with_permission(adapter: Adapter, header: AuthHeader) -> UserDTO.Read:
        caller = await adapter.get_caller(header)
        holders = await adapter.get_users_by_permission(permission, header, ADMINISTRATION)
        if caller.id not in {holder.id for holder in holders}:
            raise HTTPException(403, f"Permissão necessária: {permission}")
        return caller

    return caller_with_permission


async def user_service(adapter: Adapter) -> UserService:
    """Create the service of the user routes."""
    return UserService(user_adapter=adapter)


async def role_service() -> RoleService:
    """Create the service of the role routes."""
    return RoleService()


async def permission_service() -> PermissionService:
    """Create the service of the permission routes."""
    return PermissionService()


async def scope_service() -> ScopeService:
    """Create the service of the scope routes."""
    return ScopeService()


async def audit_service() -> AuditService:
    """Create the service of the audit log routes."""
    return AuditService()


Users = Annotated[UserService, Depends(user_service)]
Roles = Annotated[RoleService, Depends(role_service)]
Permissions = Annotated[PermissionService, Depends(permission_service)]
Scopes = Annotated[ScopeService, Depends(scope_service)]
Audit = Annotated[AuditService, Depends(audit_service)]
PathId = Annotated[int, Path(ge=1, le=2**63 - 1)]
