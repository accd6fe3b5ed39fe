"""The audit log: who wrote what."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from src.domain.dto.page import PageRequest


class AuditDTO:
    """The forms an entry of the audit log takes."""

    class Create(BaseModel):
        """An entry to be written."""

        actor: str
        action: str
        entity: str
        entity_id: int | None = None
        details: dict[str, Any] = Field(default_factory=dict)

    class Read(Create):
        """An entry as it is stored."""

        id: int
        created_at: datetime

    class Filter(PageRequest):
        """Which entries are wanted; what is left out does not restrict."""

        actor: str | None = None
        entity: str | None = None
