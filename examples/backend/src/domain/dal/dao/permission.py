"""SQL for permissions."""

from src.domain.dal import DAL, Connection
from src.domain.dal.dao.exception import failing_as
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO


class PermissionDAO:
    """Every method raises DAOException; its detail begins with what could not be done."""

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao criar permissão")
    async def create(conn: Connection, dto: PermissionDTO.Create) -> PermissionDTO.Read:
        """Write one permission. A code that is taken is a 409."""
        row = await conn.fetch_row(
            """
            INSERT INTO permissions (code, description) VALUES ($1, $2)
            RETURNING id, code, description
            """,
            [dto.code, dto.description],
        )
        return PermissionDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar permissão")
    async def fetch_by_id(conn: Connection, permission_id: int) -> PermissionDTO.Read:
        """The permission with this id, or a 404."""
        row = await conn.fetch_row(
            "SELECT id, code, description FROM permissions WHERE id = $1", [permission_id]
        )
        return PermissionDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar permissões")
    async def fetch_all(conn: Connection) -> list[PermissionDTO.Read]:
        """Every permission, by code."""
        rows = await conn.fetch("SELECT id, code, description FROM permissions ORDER BY code")
        return [PermissionDTO.Read(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao excluir permissão")
    async def delete(conn: Connection, permission_id: int) -> None:
        """Remove a permission, or a 404. One that a role carries is a 409."""
        await conn.fetch_val("DELETE FROM permissions WHERE id = $1 RETURNING id", [permission_id])

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar papéis da permissão")
    async def list_roles(conn: Connection, permission_id: int) -> list[RoleDTO.Read]:
        """The roles that carry a permission, by name."""
        rows = await conn.fetch(
            """
            SELECT r.id, r.name, r.description
            FROM roles r
            JOIN role_permissions rp ON rp.role_id = r.id
            WHERE rp.permission_id = $1
            ORDER BY r.name
            """,
            [permission_id],
        )
        return [RoleDTO.Read(**row) for row in rows.result()]
