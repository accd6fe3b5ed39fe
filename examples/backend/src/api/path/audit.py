"""/audit: the read-only audit log."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from src.api.dependencies import Audit, PathId, require
from src.api.errors import responses
from src.domain.dto.audit import AuditDTO
from src.domain.dto.page import Page

router = APIRouter(
    prefix="/audit",
    tags=["audit"],
    dependencies=[Depends(require("audit:read"))],
    responses=responses(401, 403, 422),
)


@router.get("")
async def search_audit(
    wanted: Annotated[AuditDTO.Filter, Query()], audit: Audit
) -> Page[AuditDTO.Read]:
    """List one page of the log, newest first."""
    return await audit.search(wanted)


@router.get("/{entity}/{entity_id}")
async def get_history(entity: str, entity_id: PathId, audit: Audit) -> list[AuditDTO.Read]:
    """List the entries about one entity, oldest first."""
    return await audit.history(entity, entity_id)
