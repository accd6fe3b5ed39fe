"""The audit log on a real PostgreSQL."""

from typing import Any

import pytest

from src.domain.dal.dao.audit import AuditDAO
from src.domain.dto.audit import AuditDTO

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("database")]


@pytest.mark.asyncio
async def test_log_is_searched_by_actor_and_entity() -> None:
    """Both must match if both are given, and the newest entries come first."""
    for actor, entity in (("ana", "user"), ("ana", "role"), ("bia", "user"), ("ana", "user")):
        await AuditDAO.record(AuditDTO.Create(actor=actor, action="create", entity=entity))

    everything, of_ana, of_users, both, second = [
        await AuditDAO.search(wanted)
        for wanted in (
            AuditDTO.Filter(),
            AuditDTO.Filter(actor="ana"),
            AuditDTO.Filter(entity="user"),
            AuditDTO.Filter(actor="ana", entity="user"),
            AuditDTO.Filter(limit=1, offset=1),
        )
    ]

    pages = (everything, of_ana, of_users, both, second)
    assert [page.total for page in pages] == [4, 3, 3, 2, 4]
    assert [len(page.items) for page in pages] == [4, 3, 3, 2, 1]
    ids = [entry.id for entry in everything.items]
    assert ids == sorted(ids, reverse=True)
    assert [entry.id for entry in both.items] == [ids[0], ids[3]]
    assert second.items == everything.items[1:2]


@pytest.mark.asyncio
async def test_history_is_that_of_one_entity(real_postgres: Any) -> None:
    """The oldest entry comes first, whatever else was written about others."""
    for number, entity, entity_id in (
        (9, "user", 7),
        (8, "user", 7),
        (7, "role", 7),
        (6, "user", 5),
    ):
        real_postgres.insert("audit_log", id=number, entity=entity, entity_id=entity_id)

    history = await AuditDAO.list_for("user", 7)

    assert [entry.id for entry in history] == [8, 9]
