"""SQL for the audit log. Entries are never updated or deleted."""

from src.domain.dal import DAL, Connection
from src.domain.dal.dao.exception import failing_as
from src.domain.dto.audit import AuditDTO
from src.domain.dto.page import Page


class AuditDAO:
    """Every method raises DAOException, whose detail starts with the failed operation."""

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao registrar auditoria")
    async def record(conn: Connection, entry: AuditDTO.Create) -> None:
        """Insert an entry."""
        await conn.execute(
            """
            INSERT INTO audit_log (actor, action, entity, entity_id, details)
            VALUES ($1, $2, $3, $4, $5)
            """,
            [entry.actor, entry.action, entry.entity, entry.entity_id, entry.details],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao consultar auditoria")
    async def search(conn: Connection, wanted: AuditDTO.Filter) -> Page[AuditDTO.Read]:
        """Return one page of the entries by actor and entity type, newest first."""
        restriction = [wanted.actor, wanted.entity]
        rows = await conn.fetch(
            """
            SELECT id, actor, action, entity, entity_id, details, created_at
            FROM audit_log
            WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR entity = $2)
            ORDER BY id DESC
            LIMIT $3 OFFSET $4
            """,
            [*restriction, wanted.limit, wanted.offset],
        )
        total = await conn.fetch_val(
            """
            SELECT count(*)
            FROM audit_log
            WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR entity = $2)
            """,
            restriction,
        )
        return Page(
            items=[AuditDTO.Read(**row) for row in rows.result()],
            total=total,
            limit=wanted.limit,
            offset=wanted.offset,
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao consultar histórico")
    async def list_for(conn: Connection, entity: str, entity_id: int) -> list[AuditDTO.Read]:
        """Return the entries about one entity, oldest first."""
        rows = await conn.fetch(
            """
            SELECT id, actor, action, entity, entity_id, details, created_at
            FROM audit_log
            WHERE entity = $1 AND entity_id = $2
            ORDER BY id
            """,
            [entity, entity_id],
        )
        return [AuditDTO.Read(**row) for row in rows.result()]
