"""Operations on permissions."""

from src.domain.dal.dao.permission import PermissionDAO
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.user import UserDTO
from src.domain.service.audit import AuditService


class PermissionService:
    """Coordinates permissions and the audit log."""

    def __init__(
        self,
        permission_dao: PermissionDAO | type[PermissionDAO] = PermissionDAO,
        audit: AuditService | None = None,
    ) -> None:
        self.permission_dao = permission_dao
        self.audit = audit or AuditService()

    async def get_all(self) -> list[PermissionDTO.Read]:
        """Return all permissions."""
        return await self.permission_dao.fetch_all()

    async def get(self, permission_id: int) -> PermissionDTO.Read:
        """Return one permission."""
        return await self.permission_dao.fetch_by_id(permission_id)

    async def create(self, dto: PermissionDTO.Create, actor: UserDTO.Read) -> PermissionDTO.Read:
        """Create a permission and return it as stored."""
        async with self.audit.writing(actor, "create", "permission") as entry:
            permission = await self.permission_dao.create(dto)
            entry.entity_id = permission.id
            entry.details["code"] = permission.code
        return permission

    async def delete(self, permission_id: int, actor: UserDTO.Read) -> None:
        """Delete a permission that no role has."""
        async with self.audit.writing(actor, "delete", "permission", permission_id):
            await self.permission_dao.delete(permission_id)

    async def list_roles(self, permission_id: int) -> list[RoleDTO.Read]:
        """Return the roles that have a permission; 404 if it does not exist."""
        permission = await self.permission_dao.fetch_by_id(permission_id)
        return await self.permission_dao.list_roles(permission.id)
