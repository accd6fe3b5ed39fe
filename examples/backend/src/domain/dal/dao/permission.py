"""SQL for permissions."""

from src.domain.dal import DAL, Connection
from src.domain.dal.dao.exception import failing_as
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO


class PermissionDAO:
    """Every method raises DAOException, whose detail starts with the failed operation."""

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao criar permissão")
    async def create(conn: Connection, dto: PermissionDTO.Create) -> PermissionDTO.Read:
        """Insert a permission; 409 if the code exists."""
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
        """Return a permission; 404 if it does not exist."""
        row = await conn.fetch_row(
            "SELECT id, code, description FROM permissions WHERE id = $1", [permission_id]
        )
        return PermissionDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar permissões")
    async def fetch_all(conn: Connection) -> list[PermissionDTO.Read]:
        """Return all permissions by code."""
        rows = await conn.fetch("SELECT id, code, description FROM permissions ORDER BY code")
        return [PermissionDTO.Read(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao excluir permissão")
    async def delete(conn: Connection, permission_id: int) -> None:
        """Delete a permission; 404 if it does not exist, 409 if a role has it."""
        await conn.fetch_val("DELETE FROM permissions WHERE id = $1 RETURNING id", [permission_id])

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar papéis da permissão")
    async def list_roles(conn: Connection, permission_id: int) -> list[RoleDTO.Read]:
        """Return the roles that have a permission, by name."""
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
