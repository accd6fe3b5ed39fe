"""SQL for scopes."""

from src.domain.dal import DAL, Connection
from src.domain.dal.dao.exception import failing_as
from src.domain.dto.scope import ScopeDTO, ScopeType


class ScopeDAO:
    """Every method raises DAOException, whose detail starts with the failed operation."""

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao criar escopo")
    async def create(conn: Connection, dto: ScopeDTO.Create) -> ScopeDTO.Read:
        """Insert a scope; 409 if the parent already has a scope of this name."""
        row = await conn.fetch_row(
            """
            INSERT INTO scopes (name, type, parent_id) VALUES ($1, $2, $3)
            RETURNING id, name, type, parent_id
            """,
            [dto.name, dto.type, dto.parent_id],
        )
        return ScopeDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar escopo")
    async def fetch_by_id(conn: Connection, scope_id: int) -> ScopeDTO.Read:
        """Return a scope; 404 if it does not exist."""
        row = await conn.fetch_row(
            "SELECT id, name, type, parent_id FROM scopes WHERE id = $1", [scope_id]
        )
        return ScopeDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar escopos")
    async def fetch_all(
        conn: Connection, scope_type: ScopeType | None = None
    ) -> list[ScopeDTO.Read]:
        """Return all scopes, or all scopes of one type, by name."""
        rows = await conn.fetch(
            """
            SELECT id, name, type, parent_id FROM scopes
            WHERE $1::text IS NULL OR type = $1
            ORDER BY name, id
            """,
            [scope_type],
        )
        return [ScopeDTO.Read(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar escopos subordinados")
    async def list_below(conn: Connection, scope_id: int) -> list[ScopeDTO.Node]:
        """Return the descendants of a scope, nearest first."""
        rows = await conn.fetch(
            """
            WITH RECURSIVE below AS (
                SELECT id, name, type, parent_id, 1 AS depth FROM scopes WHERE parent_id = $1
                UNION ALL
                SELECT s.id, s.name, s.type, s.parent_id, below.depth + 1
                FROM scopes s JOIN below ON s.parent_id = below.id
            )
            SELECT id, name, type, parent_id, depth FROM below ORDER BY depth, name
            """,
            [scope_id],
        )
        return [ScopeDTO.Node(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao renomear escopo")
    async def rename(conn: Connection, scope_id: int, dto: ScopeDTO.Rename) -> ScopeDTO.Read:
        """Rename a scope and return it; 404 if it does not exist."""
        row = await conn.fetch_row(
            "UPDATE scopes SET name = $2 WHERE id = $1 RETURNING id, name, type, parent_id",
            [scope_id, dto.name],
        )
        return ScopeDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao excluir escopo")
    async def delete(conn: Connection, scope_id: int) -> None:
        """Delete a scope; 404 if it does not exist, 409 if it has children or assignments."""
        await conn.fetch_val("DELETE FROM scopes WHERE id = $1 RETURNING id", [scope_id])
