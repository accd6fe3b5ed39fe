"""/users: the directory is open; every other route requires a permission."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from src.api.dependencies import AuthHeader, PathId, Users, require
from src.api.errors import responses
from src.domain.dto.page import Page
from src.domain.dto.types import Code
from src.domain.dto.user import UserDTO, UserStatus
from src.domain.service.user import UserService

router = APIRouter(prefix="/users", tags=["users"])

Reader = Depends(require("users:read"))
Writer = Annotated[UserDTO.Read, Depends(require("users:write"))]


@router.get("", response_model=list[UserDTO.Read], responses=responses(500, 503))
async def list_users() -> list[UserDTO.Read]:
    """List the name and email of every user. No permission is required."""
    return await UserService.get_all()


@router.get("/search", dependencies=[Reader], responses=responses(401, 403, 422))
async def search_users(
    wanted: Annotated[UserDTO.Filter, Query()], users: Users
) -> Page[UserDTO.Read]:
    """Search users by name and status, one page at a time."""
    return await users.search(wanted)


@router.get("/count", dependencies=[Reader], responses=responses(401, 403, 422))
async def count_users(status: UserStatus, users: Users) -> UserDTO.Count:
    """Count the users with a status."""
    return await users.count(status)


@router.get(
    "/by-permission/{permission}",
    dependencies=[Reader],
    responses=responses(401, 403, 404, 422, 502),
)
async def list_users_by_permission(
    permission: Code, scope: str, header: AuthHeader, users: Users
) -> list[UserDTO.Read]:
    """List the users who hold a permission in a scope of the identity service."""
    return await users.get_users_by_permission(permission, header, scope)


@router.post("", status_code=201, responses=responses(401, 403, 409, 422))
async def create_user(dto: UserDTO.Create, users: Users, caller: Writer) -> UserDTO.Read:
    """Create a user."""
    return await users.create(dto, caller)


@router.post("/sync", responses=responses(401, 403, 409, 422))
async def sync_users(dto: UserDTO.Sync, users: Users, caller: Writer) -> dict[str, int]:
    """Create or update up to a thousand users, all or none."""
    return {"written": await users.sync(dto, caller)}


@router.get("/{user_id}", dependencies=[Reader], responses=responses(401, 403, 404, 422))
async def get_user(user_id: PathId, users: Users) -> UserDTO.Detail:
    """Get all details of a user."""
    return await users.get(user_id)


@router.patch("/{user_id}", responses=responses(401, 403, 404, 409, 422))
async def update_user(
    user_id: PathId, dto: UserDTO.Update, users: Users, caller: Writer
) -> UserDTO.Read:
    """Update a user; omitted fields stay unchanged."""
    return await users.update(user_id, dto, caller)


@router.put("/{user_id}/status", status_code=204, responses=responses(401, 403, 404, 422))
async def change_user_status(
    user_id: PathId, dto: UserDTO.ChangeStatus, users: Users, caller: Writer
) -> None:
    """Approve, reject or reactivate a user."""
    await users.change_status(user_id, dto.status, caller)


@router.post("/{user_id}/deactivate", status_code=204, responses=responses(401, 403, 404, 422))
async def deactivate_user(user_id: PathId, users: Users, caller: Writer) -> None:
    """Deactivate a user."""
    await users.deactivate(user_id, caller)


@router.delete("/{user_id}", status_code=204, responses=responses(401, 403, 404, 422))
async def delete_user(user_id: PathId, users: Users, caller: Writer) -> None:
    """Delete a user."""
    await users.delete(user_id, caller)


@router.get(
    "/{user_id}/assignments", dependencies=[Reader], responses=responses(401, 403, 404, 422)
)
async def list_user_assignments(user_id: PathId, users: Users) -> list[UserDTO.Assignment]:
    """List the roles of a user and their scopes."""
    return await users.list_assignments(user_id)


@router.get(
    "/{user_id}/permissions", dependencies=[Reader], responses=responses(401, 403, 404, 422)
)
async def list_user_permissions(
    user_id: PathId, scope_id: Annotated[int, Query(ge=1)], users: Users
) -> list[str]:
    """List the permissions of a user in a scope."""
    return await users.list_permissions(user_id, scope_id)
