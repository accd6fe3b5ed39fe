"""The audit log, and how a write gets into it."""

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
        """One page of the log."""
        return await self.audit_dao.search(wanted)

    async def history(self, entity: str, entity_id: int) -> list[AuditDTO.Read]:
        """Everything that was written about one thing."""
        return await self.audit_dao.list_for(entity, entity_id)

    @asynccontextmanager
    async def writing(
        self, actor: UserDTO.Read, action: str, entity: str, entity_id: int | None = None
    ) -> AsyncIterator[AuditDTO.Create]:
        """Do a write and record it, both or neither: they are one transaction.

        Yields:
            The entry that will be recorded, for the block to complete.
        """
        entry = AuditDTO.Create(
            actor=actor.email, action=action, entity=entity, entity_id=entity_id
        )
        async with DAL.transaction():
            yield entry
            await self.audit_dao.record(entry)
