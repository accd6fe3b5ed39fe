"""/roles: named sets of permissions."""

from typing import Annotated

from fastapi import APIRouter, Depends

from src.api.dependencies import PathId, Roles, require
from src.api.errors import responses
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.user import UserDTO

router = APIRouter(prefix="/roles", tags=["roles"])

Reader = Depends(require("roles:read"))
Writer = Annotated[UserDTO.Read, Depends(require("roles:write"))]


@router.get("", dependencies=[Reader], responses=responses(401, 403))
async def list_roles(roles: Roles) -> list[RoleDTO.Read]:
    """List all roles by name."""
    return await roles.get_all()


@router.post("", status_code=201, responses=responses(401, 403, 409, 422))
async def create_role(dto: RoleDTO.Create, roles: Roles, caller: Writer) -> RoleDTO.Read:
    """Create a role."""
    return await roles.create(dto, caller)


@router.get("/{role_id}", dependencies=[Reader], responses=responses(401, 403, 404, 422))
async def get_role(role_id: PathId, roles: Roles) -> RoleDTO.Read:
    """Get a role."""
    return await roles.get(role_id)


@router.patch("/{role_id}", responses=responses(401, 403, 404, 409, 422))
async def update_role(
    role_id: PathId, dto: RoleDTO.Update, roles: Roles, caller: Writer
) -> RoleDTO.Read:
    """Update a role; omitted fields stay unchanged."""
    return await roles.update(role_id, dto, caller)


@router.delete("/{role_id}", status_code=204, responses=responses(401, 403, 404, 409, 422))
async def delete_role(role_id: PathId, roles: Roles, caller: Writer) -> None:
    """Delete a role that is not assigned."""
    await roles.delete(role_id, caller)


@router.get(
    "/{role_id}/permissions", dependencies=[Reader], responses=responses(401, 403, 404, 422)
)
async def list_role_permissions(role_id: PathId, roles: Roles) -> list[PermissionDTO.Read]:
    """List the permissions of a role."""
    return await roles.list_permissions(role_id)


@router.put(
    "/{role_id}/permissions/{permission_id}",
    status_code=204,
    responses=responses(401, 403, 409, 422),
)
async def grant_permission(
    role_id: PathId, permission_id: PathId, roles: Roles, caller: Writer
) -> None:
    """Add a permission to a role."""
    await roles.grant(role_id, permission_id, caller)


@router.delete(
    "/{role_id}/permissions/{permission_id}",
    status_code=204,
    responses=responses(401, 403, 404, 422),
)
async def revoke_permission(
    role_id: PathId, permission_id: PathId, roles: Roles, caller: Writer
) -> None:
    """Remove a permission from a role."""
    await roles.revoke(role_id, permission_id, caller)
