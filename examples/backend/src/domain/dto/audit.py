"""Models of the audit log."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from src.domain.dto.page import PageRequest


class AuditDTO:
    """Models of an audit log entry."""

    class Create(BaseModel):
        """A new entry."""

        actor: str
        action: str
        entity: str
        entity_id: int | None = None
        details: dict[str, Any] = Field(default_factory=dict)

    class Read(Create):
        """A stored entry."""

        id: int
        created_at: datetime

    class Filter(PageRequest):
        """A filter for entries; omitted fields match everything."""

        actor: str | None = None
        entity: str | None = None
