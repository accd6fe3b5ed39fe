"""Operations on scopes."""

from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.scope import ScopeDAO
from src.domain.dto.scope import ScopeDTO, ScopeType
from src.domain.dto.user import UserDTO
from src.domain.service.audit import AuditService

# A department belongs to an organization, a project to an organization or a department.
_PARENTS = {
    ScopeType.DEPARTMENT: {ScopeType.ORGANIZATION},
    ScopeType.PROJECT: {ScopeType.ORGANIZATION, ScopeType.DEPARTMENT},
}


class ScopeService:
    """Coordinates scopes and the audit log, and keeps the tree valid."""

    def __init__(
        self,
        scope_dao: ScopeDAO | type[ScopeDAO] = ScopeDAO,
        audit: AuditService | None = None,
    ) -> None:
        self.scope_dao = scope_dao
        self.audit = audit or AuditService()

    async def get_all(self, scope_type: ScopeType | None = None) -> list[ScopeDTO.Read]:
        """Return all scopes, or all scopes of one type."""
        return await self.scope_dao.fetch_all(scope_type)

    async def get(self, scope_id: int) -> ScopeDTO.Read:
        """Return one scope."""
        return await self.scope_dao.fetch_by_id(scope_id)

    async def list_below(self, scope_id: int) -> list[ScopeDTO.Node]:
        """Return the descendants of a scope; 404 if the scope does not exist."""
        scope = await self.scope_dao.fetch_by_id(scope_id)
        return await self.scope_dao.list_below(scope.id)

    async def create(self, dto: ScopeDTO.Create, actor: UserDTO.Read) -> ScopeDTO.Read:
        """Create a scope and return it as stored.

        Raises:
            DAOException: 404 if the parent does not exist, 422 if it has the wrong type.
        """
        async with self.audit.writing(actor, "create", "scope") as entry:
            if dto.parent_id is not None:
                parent = await self.scope_dao.fetch_by_id(dto.parent_id)
                if parent.type not in _PARENTS[dto.type]:
                    raise DAOException(
                        422, f"Erro ao criar escopo: {dto.type} não cabe em {parent.type}"
                    )
            scope = await self.scope_dao.create(dto)
            entry.entity_id = scope.id
        return scope

    async def rename(
        self, scope_id: int, dto: ScopeDTO.Rename, actor: UserDTO.Read
    ) -> ScopeDTO.Read:
        """Rename a scope."""
        async with self.audit.writing(actor, "rename", "scope", scope_id) as entry:
            scope = await self.scope_dao.rename(scope_id, dto)
            entry.details["name"] = dto.name
        return scope

    async def delete(self, scope_id: int, actor: UserDTO.Read) -> None:
        """Delete an empty scope."""
        async with self.audit.writing(actor, "delete", "scope", scope_id):
            await self.scope_dao.delete(scope_id)
