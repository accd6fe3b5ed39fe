"""What can be done with users."""

from src.domain.adapter.user import UserAdapter
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.page import Page
from src.domain.dto.user import UserDTO, UserStatus
from src.domain.service.audit import AuditService


class UserService:
    """Coordinates the identity service, the database and the audit log.

    A DAO's methods are static, so the class itself serves as ``user_dao`` just as an instance
    does; a test passes whatever has the methods it needs.
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
        """The whole directory, for whoever has no service at hand."""
        return await UserDAO.fetch_all()

    async def get_all_users(self) -> list[UserDTO.Read]:
        """The whole directory."""
        return await self.user_dao.fetch_all()

    async def get_users_by_permission(
        self, permission_id: str, auth_header: str, permission_scope: str
    ) -> list[UserDTO.Read]:
        """Those of the users who hold a permission that this backend knows, as it knows them."""
        holders = await self.user_adapter.get_users_by_permission(
            permission_id, auth_header, permission_scope
        )
        if not holders:
            return []
        return await self.user_dao.fetch_by_ids([user.id for user in holders])

    async def search(self, wanted: UserDTO.Filter) -> Page[UserDTO.Read]:
        """One page of the users wanted."""
        return await self.user_dao.search(wanted)

    async def count(self, status: UserStatus) -> UserDTO.Count:
        """How many users have a status."""
        return UserDTO.Count(status=status, count=await self.user_dao.count_by_status(status))

    async def get(self, user_id: int) -> UserDTO.Detail:
        """Everything about one user."""
        return await self.user_dao.fetch_detail(user_id)

    async def create(self, dto: UserDTO.Create, actor: UserDTO.Read) -> UserDTO.Read:
        """Write a user and return them as stored."""
        async with self.audit.writing(actor, "create", "user") as entry:
            await self.user_dao.create(dto)
            user = await self.user_dao.fetch_by_email(dto.email)
            entry.entity_id = user.id
        return user

    async def sync(self, dto: UserDTO.Sync, actor: UserDTO.Read) -> int:
        """Write all users or none; return how many."""
        async with self.audit.writing(actor, "sync", "user") as entry:
            await self.user_dao.sync(dto.users)
            entry.details["count"] = len(dto.users)
        return len(dto.users)

    async def update(self, user_id: int, dto: UserDTO.Update, actor: UserDTO.Read) -> UserDTO.Read:
        """Change a user. The log names the fields, not their content."""
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
        """Make a user inactive."""
        async with self.audit.writing(actor, "deactivate", "user", user_id):
            await self.user_dao.deactivate(user_id)

    async def delete(self, user_id: int, actor: UserDTO.Read) -> None:
        """Remove a user."""
        async with self.audit.writing(actor, "delete", "user", user_id):
            await self.user_dao.delete(user_id)

    async def assign(self, scope_id: int, dto: UserDTO.Assign, actor: UserDTO.Read) -> None:
        """Give a user a role within a scope."""
        async with self.audit.writing(actor, "assign", "user", dto.user_id) as entry:
            await self.user_dao.assign(scope_id, dto)
            entry.details.update(role_id=dto.role_id, scope_id=scope_id)

    async def unassign(self, scope_id: int, dto: UserDTO.Assign, actor: UserDTO.Read) -> None:
        """Take a role within a scope from a user."""
        async with self.audit.writing(actor, "unassign", "user", dto.user_id) as entry:
            await self.user_dao.unassign(scope_id, dto)
            entry.details.update(role_id=dto.role_id, scope_id=scope_id)

    async def list_assignments(self, user_id: int) -> list[UserDTO.Assignment]:
        """The roles of a user; a user who does not exist is a 404, not an empty list."""
        user = await self.user_dao.fetch_by_id(user_id)
        return await self.user_dao.list_assignments(user.id)

    async def list_permissions(self, user_id: int, scope_id: int) -> list[str]:
        """What a user may do within a scope; a user who does not exist is a 404."""
        user = await self.user_dao.fetch_by_id(user_id)
        return await self.user_dao.list_permissions(user.id, scope_id)
