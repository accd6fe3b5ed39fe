"""/scopes: the scopes of roles, and role assignments."""

from typing import Annotated

from fastapi import APIRouter, Depends

from src.api.dependencies import PathId, Scopes, Users, require
from src.api.errors import responses
from src.domain.dto.scope import ScopeDTO, ScopeType
from src.domain.dto.user import UserDTO

router = APIRouter(prefix="/scopes", tags=["scopes"])

Reader = Depends(require("scopes:read"))
Writer = Annotated[UserDTO.Read, Depends(require("scopes:write"))]
Assigner = Annotated[UserDTO.Read, Depends(require("users:assign"))]


@router.get("", dependencies=[Reader], responses=responses(401, 403, 422))
async def list_scopes(scopes: Scopes, type: ScopeType | None = None) -> list[ScopeDTO.Read]:
    """List all scopes, or all scopes of one type."""
    return await scopes.get_all(type)


@router.post("", status_code=201, responses=responses(401, 403, 404, 409, 422))
async def create_scope(dto: ScopeDTO.Create, scopes: Scopes, caller: Writer) -> ScopeDTO.Read:
    """Create a scope."""
    return await scopes.create(dto, caller)


@router.get("/{scope_id}", dependencies=[Reader], responses=responses(401, 403, 404, 422))
async def get_scope(scope_id: PathId, scopes: Scopes) -> ScopeDTO.Read:
    """Get a scope."""
    return await scopes.get(scope_id)


@router.get("/{scope_id}/below", dependencies=[Reader], responses=responses(401, 403, 404, 422))
async def list_scopes_below(scope_id: PathId, scopes: Scopes) -> list[ScopeDTO.Node]:
    """List the descendants of a scope, nearest first."""
    return await scopes.list_below(scope_id)


@router.patch("/{scope_id}", responses=responses(401, 403, 404, 409, 422))
async def rename_scope(
    scope_id: PathId, dto: ScopeDTO.Rename, scopes: Scopes, caller: Writer
) -> ScopeDTO.Read:
    """Rename a scope."""
    return await scopes.rename(scope_id, dto, caller)


@router.delete("/{scope_id}", status_code=204, responses=responses(401, 403, 404, 409, 422))
async def delete_scope(scope_id: PathId, scopes: Scopes, caller: Writer) -> None:
    """Delete an empty scope."""
    await scopes.delete(scope_id, caller)


@router.post(
    "/{scope_id}/assignments", status_code=204, responses=responses(401, 403, 404, 409, 422)
)
async def assign_role(
    scope_id: PathId, dto: UserDTO.Assign, users: Users, caller: Assigner
) -> None:
    """Assign a role in a scope to a user."""
    await users.assign(scope_id, dto, caller)


@router.delete(
    "/{scope_id}/assignments/{user_id}/{role_id}",
    status_code=204,
    responses=responses(401, 403, 404, 422),
)
async def unassign_role(
    scope_id: PathId, user_id: PathId, role_id: PathId, users: Users, caller: Assigner
) -> None:
    """Revoke a user's role in a scope."""
    await users.unassign(scope_id, UserDTO.Assign(user_id=user_id, role_id=role_id), caller)
