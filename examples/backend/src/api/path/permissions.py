"""/permissions: permissions and the roles that have them."""

from typing import Annotated

from fastapi import APIRouter, Depends

from src.api.dependencies import PathId, Permissions, require
from src.api.errors import responses
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.user import UserDTO

router = APIRouter(prefix="/permissions", tags=["permissions"])

Reader = Depends(require("permissions:read"))
Writer = Annotated[UserDTO.Read, Depends(require("permissions:write"))]


@router.get("", dependencies=[Reader], responses=responses(401, 403))
async def list_permissions(permissions: Permissions) -> list[PermissionDTO.Read]:
    """List all permissions by code."""
    return await permissions.get_all()


@router.post("", status_code=201, responses=responses(401, 403, 409, 422))
async def create_permission(
    dto: PermissionDTO.Create, permissions: Permissions, caller: Writer
) -> PermissionDTO.Read:
    """Create a permission."""
    return await permissions.create(dto, caller)


@router.get("/{permission_id}", dependencies=[Reader], responses=responses(401, 403, 404, 422))
async def get_permission(permission_id: PathId, permissions: Permissions) -> PermissionDTO.Read:
    """Get a permission."""
    return await permissions.get(permission_id)


@router.delete("/{permission_id}", status_code=204, responses=responses(401, 403, 404, 409, 422))
async def delete_permission(
    permission_id: PathId, permissions: Permissions, caller: Writer
) -> None:
    """Delete a permission that no role has."""
    await permissions.delete(permission_id, caller)


@router.get(
    "/{permission_id}/roles", dependencies=[Reader], responses=responses(401, 403, 404, 422)
)
async def list_permission_roles(
    permission_id: PathId, permissions: Permissions
) -> list[RoleDTO.Read]:
    """List the roles that have a permission."""
    return await permissions.list_roles(permission_id)
