"""Operations on the audit log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from src.domain.dal import DAL
from src.domain.dal.dao.audit import AuditDAO
from src.domain.dto.audit import AuditDTO
from src.domain.dto.page import Page
from src.domain.dto.user import UserDTO


class AuditService:
    """Reads the audit log and writes to it."""

    def __init__(self, audit_dao: AuditDAO | type[AuditDAO] = AuditDAO) -> None:
        self.audit_dao = audit_dao

    async def search(self, wanted: AuditDTO.Filter) -> Page[AuditDTO.Read]:
        """Return one page of the log."""
        return await self.audit_dao.search(wanted)

    async def history(self, entity: str, entity_id: int) -> list[AuditDTO.Read]:
        """Return the entries about one entity."""
        return await self.audit_dao.list_for(entity, entity_id)

    @asynccontextmanager
    async def writing(
        self, actor: UserDTO.Read, action: str, entity: str, entity_id: int | None = None
    ) -> AsyncIterator[AuditDTO.Create]:
        """Run the block and record an entry about it, in one transaction.

        Yields:
            The entry to record; the block can complete it.
        """
        entry = AuditDTO.Create(
            actor=actor.email, action=action, entity=entity, entity_id=entity_id
        )
        async with DAL.transaction():
            yield entry
            await self.audit_dao.record(entry)
