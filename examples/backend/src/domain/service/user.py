"""Operations on users."""

from src.domain.adapter.user import UserAdapter
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.page import Page
from src.domain.dto.user import UserDTO, UserStatus
from src.domain.service.audit import AuditService


class UserService:
    """Coordinates the identity service, the database and the audit log.

    The methods of a DAO are static, so ``user_dao`` may be the class or an instance. A test passes
    a fake with the methods it needs.
    """

    def __init__(
        self,
        user_adapter: UserAdapter,
        user_dao: UserDAO | type[UserDAO] = UserDAO,
        audit: AuditService | None = None,
    ) -> None:
        self.user_adapter = user_adapter
        self.user_dao = user_dao
        self.audit = audit or AuditService()

    @staticmethod
    async def get_all() -> list[UserDTO.Read]:
        """Return all users, without a service instance."""
        return await UserDAO.fetch_all()

    async def get_all_users(self) -> list[UserDTO.Read]:
        """Return all users."""
        return await self.user_dao.fetch_all()

    async def get_users_by_permission(
        self, permission_id: str, auth_header: str, permission_scope: str
    ) -> list[UserDTO.Read]:
        """Return this backend's own records of the users who hold a permission."""
        holders = await self.user_adapter.get_users_by_permission(
            permission_id, auth_header, permission_scope
        )
        if not holders:
            return []
        return await self.user_dao.fetch_by_ids([user.id for user in holders])

    async def search(self, wanted: UserDTO.Filter) -> Page[UserDTO.Read]:
        """Return one page of the matching users."""
        return await self.user_dao.search(wanted)

    async def count(self, status: UserStatus) -> UserDTO.Count:
        """Count the users with a status."""
        return UserDTO.Count(status=status, count=await self.user_dao.count_by_status(status))

    async def get(self, user_id: int) -> UserDTO.Detail:
        """Return all details of a user."""
        return await self.user_dao.fetch_detail(user_id)

    async def create(self, dto: UserDTO.Create, actor: UserDTO.Read) -> UserDTO.Read:
        """Create a user and return it as stored."""
        async with self.audit.writing(actor, "create", "user") as entry:
            await self.user_dao.create(dto)
            user = await self.user_dao.fetch_by_email(dto.email)
            entry.entity_id = user.id
        return user

    async def sync(self, dto: UserDTO.Sync, actor: UserDTO.Read) -> int:
        """Create or update all users or none; return the number of users."""
        async with self.audit.writing(actor, "sync", "user") as entry:
            await self.user_dao.sync(dto.users)
            entry.details["count"] = len(dto.users)
        return len(dto.users)

    async def update(self, user_id: int, dto: UserDTO.Update, actor: UserDTO.Read) -> UserDTO.Read:
        """Update a user. The log contains the names of the fields, not their values."""
        async with self.audit.writing(actor, "update", "user", user_id) as entry:
            user = await self.user_dao.update(user_id, dto)
            entry.details["fields"] = sorted(dto.model_dump(exclude_none=True))
        return user

    async def change_status(self, user_id: int, status: UserStatus, actor: UserDTO.Read) -> None:
        """Approve, reject or reactivate a user."""
        async with self.audit.writing(actor, "change_status", "user", user_id) as entry:
            await self.user_dao.change_status(user_id, status)
            entry.details["status"] = status

    async def deactivate(self, user_id: int, actor: UserDTO.Read) -> None:
        """Deactivate a user."""
        async with self.audit.writing(actor, "deactivate", "user", user_id):
            await self.user_dao.deactivate(user_id)

    async def delete(self, user_id: int, actor: UserDTO.Read) -> None:
        """Delete a user."""
        async with self.audit.writing(actor, "delete", "user", user_id):
            await self.user_dao.delete(user_id)

    async def assign(self, scope_id: int, dto: UserDTO.Assign, actor: UserDTO.Read) -> None:
        """Assign a role in a scope to a user."""
        async with self.audit.writing(actor, "assign", "user", dto.user_id) as entry:
            await self.user_dao.assign(scope_id, dto)
            entry.details.update(role_id=dto.role_id, scope_id=scope_id)

    async def unassign(self, scope_id: int, dto: UserDTO.Assign, actor: UserDTO.Read) -> None:
        """Revoke a user's role in a scope."""
        async with self.audit.writing(actor, "unassign", "user", dto.user_id) as entry:
            await self.user_dao.unassign(scope_id, dto)
            entry.details.update(role_id=dto.role_id, scope_id=scope_id)

    async def list_assignments(self, user_id: int) -> list[UserDTO.Assignment]:
        """Return the roles of a user; 404 if the user does not exist."""
        user = await self.user_dao.fetch_by_id(user_id)
        return await self.user_dao.list_assignments(user.id)

    async def list_permissions(self, user_id: int, scope_id: int) -> list[str]:
        """Return the permissions of a user in a scope; 404 if the user does not exist."""
        user = await self.user_dao.fetch_by_id(user_id)
        return await self.user_dao.list_permissions(user.id, scope_id)
