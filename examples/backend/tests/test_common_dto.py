"""Tests for shared models: pages, the audit log and errors."""

from datetime import datetime

import pytest
from pydantic import ValidationError

from src.domain.dto.audit import AuditDTO
from src.domain.dto.error import ErrorDTO
from src.domain.dto.page import Page, PageRequest
from src.domain.dto.permission import PermissionDTO


def test_page_request_wants_twenty_from_the_start() -> None:
    """Without parameters, the first page is requested."""
    assert PageRequest().model_dump() == {"limit": 20, "offset": 0}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("limit", 0, id="nothing wanted"),
        pytest.param("limit", 101, id="too much wanted"),
        pytest.param("offset", -1, id="before the start"),
        pytest.param("offset", 2**63, id="beyond bigint"),
    ],
)
def test_page_request_refuses(field: str, value: int) -> None:
    """A page has 1 to 100 items and starts at 0 or later."""
    with pytest.raises(ValidationError) as error:
        PageRequest.model_validate({field: value})

    assert error.value.errors()[0]["loc"] == (field,)


def test_page_checks_its_items() -> None:
    """A page validates its items."""
    with pytest.raises(ValidationError) as error:
        Page[PermissionDTO.Read].model_validate(
            {"items": [{"id": 1}], "total": 1, "limit": 20, "offset": 0}
        )

    assert [item["loc"] for item in error.value.errors()] == [
        ("items", 0, "code"),
        ("items", 0, "description"),
    ]


def test_page_may_be_past_the_end() -> None:
    """A page after the last one has no items and the total."""
    page: Page[PermissionDTO.Read] = Page(items=[], total=3, limit=20, offset=40)

    assert page.model_dump() == {"items": [], "total": 3, "limit": 20, "offset": 40}


def test_audit_entries_do_not_share_details() -> None:
    """Entries do not share the details dictionary."""
    first = AuditDTO.Create(actor="a@example.com", action="create", entity="user")
    second = AuditDTO.Create(actor="a@example.com", action="create", entity="user")

    first.details["name"] = "Ana"

    assert second.details == {}


def test_audit_entry_may_be_about_no_single_thing() -> None:
    """The entity ID is optional."""
    entry = AuditDTO.Create(actor="a@example.com", action="sync", entity="user")

    assert entry.entity_id is None


def test_audit_read_keeps_nested_details() -> None:
    """Details can be any JSON object."""
    entry = AuditDTO.Read(
        id=1,
        actor="a@example.com",
        action="update",
        entity="user",
        details={"fields": ["cpf", "name"]},
        created_at=datetime(2026, 1, 1),
    )

    assert entry.model_dump(mode="json")["details"] == {"fields": ["cpf", "name"]}


def test_audit_filter_restricts_nothing_by_default() -> None:
    """Without parameters, the filter matches the newest twenty entries."""
    assert AuditDTO.Filter().model_dump() == {
        "limit": 20,
        "offset": 0,
        "actor": None,
        "entity": None,
    }


def test_error_envelope_has_one_form() -> None:
    """Details default to an empty list."""
    envelope = ErrorDTO.Envelope(error=ErrorDTO.Body(status=404, message="Não encontrado"))

    assert envelope.model_dump() == {
        "error": {"status": 404, "message": "Não encontrado", "details": []}
    }
