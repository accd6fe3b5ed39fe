"""Operations on roles."""

from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.role import RoleDAO
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.user import UserDTO
from src.domain.service.audit import AuditService


class RoleService:
    """Coordinates roles and the audit log."""

    def __init__(
        self,
        role_dao: RoleDAO | type[RoleDAO] = RoleDAO,
        audit: AuditService | None = None,
    ) -> None:
        self.role_dao = role_dao
        self.audit = audit or AuditService()

    async def get_all(self) -> list[RoleDTO.Read]:
        """Return all roles."""
        return await self.role_dao.fetch_all()

    async def get(self, role_id: int) -> RoleDTO.Read:
        """Return one role."""
        return await self.role_dao.fetch_by_id(role_id)

    async def create(self, dto: RoleDTO.Create, actor: UserDTO.Read) -> RoleDTO.Read:
        """Create a role and return it as stored."""
        async with self.audit.writing(actor, "create", "role") as entry:
            role = await self.role_dao.create(dto)
            entry.entity_id = role.id
        return role

    async def update(self, role_id: int, dto: RoleDTO.Update, actor: UserDTO.Read) -> RoleDTO.Read:
        """Update a role."""
        async with self.audit.writing(actor, "update", "role", role_id) as entry:
            role = await self.role_dao.update(role_id, dto)
            entry.details.update(dto.model_dump(exclude_none=True))
        return role

    async def delete(self, role_id: int, actor: UserDTO.Read) -> None:
        """Delete a role that is not assigned.

        Raises:
            DAOException: 409 that says how many users have it, rather than which constraint.
        """
        async with self.audit.writing(actor, "delete", "role", role_id):
            if members := await self.role_dao.count_members(role_id):
                raise DAOException(409, f"Erro ao excluir papel: {members} usuário(s) o possuem")
            await self.role_dao.delete(role_id)

    async def list_permissions(self, role_id: int) -> list[PermissionDTO.Read]:
        """Return the permissions of a role; 404 if the role does not exist."""
        role = await self.role_dao.fetch_by_id(role_id)
        return await self.role_dao.list_permissions(role.id)

    async def grant(self, role_id: int, permission_id: int, actor: UserDTO.Read) -> None:
        """Add a permission to a role."""
        async with self.audit.writing(actor, "grant", "role", role_id) as entry:
            await self.role_dao.grant(role_id, permission_id)
            entry.details["permission_id"] = permission_id

    async def revoke(self, role_id: int, permission_id: int, actor: UserDTO.Read) -> None:
        """Remove a permission from a role."""
        async with self.audit.writing(actor, "revoke", "role", role_id) as entry:
            await self.role_dao.revoke(role_id, permission_id)
            entry.details["permission_id"] = permission_id
