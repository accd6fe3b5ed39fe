"""SQL for roles and their permissions."""

from src.domain.dal import DAL, Connection
from src.domain.dal.dao.exception import failing_as
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO


class RoleDAO:
    """Every method raises DAOException, whose detail starts with the failed operation."""

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao criar papel")
    async def create(conn: Connection, dto: RoleDTO.Create) -> RoleDTO.Read:
        """Insert a role; 409 if the name exists."""
        row = await conn.fetch_row(
            """
            INSERT INTO roles (name, description) VALUES ($1, $2)
            RETURNING id, name, description
            """,
            [dto.name, dto.description],
        )
        return RoleDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar papel")
    async def fetch_by_id(conn: Connection, role_id: int) -> RoleDTO.Read:
        """Return a role; 404 if it does not exist."""
        row = await conn.fetch_row(
            "SELECT id, name, description FROM roles WHERE id = $1", [role_id]
        )
        return RoleDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar papéis")
    async def fetch_all(conn: Connection) -> list[RoleDTO.Read]:
        """Return all roles by name."""
        rows = await conn.fetch("SELECT id, name, description FROM roles ORDER BY name")
        return [RoleDTO.Read(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao atualizar papel")
    async def update(conn: Connection, role_id: int, dto: RoleDTO.Update) -> RoleDTO.Read:
        """Update the given fields and return the role; 404 if it does not exist."""
        row = await conn.fetch_row(
            """
            UPDATE roles
            SET name = COALESCE($2, name), description = COALESCE($3, description)
            WHERE id = $1
            RETURNING id, name, description
            """,
            [role_id, dto.name, dto.description],
        )
        return RoleDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao excluir papel")
    async def delete(conn: Connection, role_id: int) -> None:
        """Delete a role; 404 if it does not exist, 409 if it is assigned."""
        await conn.fetch_val("DELETE FROM roles WHERE id = $1 RETURNING id", [role_id])

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao conceder permissão")
    async def grant(conn: Connection, role_id: int, permission_id: int) -> None:
        """Add a permission to a role; 409 if the role already has it."""
        await conn.execute(
            "INSERT INTO role_permissions (role_id, permission_id) VALUES ($1, $2)",
            [role_id, permission_id],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao retirar permissão")
    async def revoke(conn: Connection, role_id: int, permission_id: int) -> None:
        """Remove a permission from a role; 404 if the role does not have it."""
        await conn.fetch_val(
            """
            DELETE FROM role_permissions
            WHERE role_id = $1 AND permission_id = $2
            RETURNING role_id
            """,
            [role_id, permission_id],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar permissões do papel")
    async def list_permissions(conn: Connection, role_id: int) -> list[PermissionDTO.Read]:
        """Return the permissions of a role by code."""
        rows = await conn.fetch(
            """
            SELECT p.id, p.code, p.description
            FROM permissions p
            JOIN role_permissions rp ON rp.permission_id = p.id
            WHERE rp.role_id = $1
            ORDER BY p.code
            """,
            [role_id],
        )
        return [PermissionDTO.Read(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao contar usuários do papel")
    async def count_members(conn: Connection, role_id: int) -> int:
        """Count the users who have the role in any scope."""
        count: int = await conn.fetch_val(
            "SELECT count(DISTINCT user_id) FROM assignments WHERE role_id = $1", [role_id]
        )
        return count
