"""Tests for the models of users."""

from datetime import datetime
from typing import Any

import pytest
from faker import Faker
from pydantic import ValidationError

from src.domain.dto.scope import ScopeType
from src.domain.dto.user import UserDTO, UserStatus


def first_error(error: ValidationError) -> tuple[Any, str]:
    """Return the field and the type of the only error."""
    (only,) = error.errors()
    return ".".join(str(part) for part in only["loc"]), only["type"]


def test_create_accepts_faker_person(faker: Faker) -> None:
    """A Brazilian name, email and CPF are accepted, and the CPF is stored as digits."""
    name, email, cpf = faker.name(), faker.email(), faker.ssn()

    dto = UserDTO.Create(name=name, email=email, cpf=cpf)

    assert dto.model_dump() == {
        "name": name,
        "email": email,
        "cpf": cpf.replace(".", "").replace("-", ""),
    }


def test_create_without_cpf_leaves_it_empty() -> None:
    """The CPF is optional."""
    assert UserDTO.Create(name="Ana", email="ana@example.com").cpf is None


def test_create_with_null_cpf_leaves_it_empty() -> None:
    """JSON null is the same as omitting it."""
    dto = UserDTO.Create.model_validate({"name": "Ana", "email": "ana@example.com", "cpf": None})

    assert dto.cpf is None


def test_create_strips_name() -> None:
    """Leading and trailing whitespace is removed."""
    assert UserDTO.Create(name="  Ana Lima ", email="ana@example.com").name == "Ana Lima"


def test_create_lowers_email() -> None:
    """Email addresses are compared in lower case."""
    assert UserDTO.Create(name="Ana", email=" Ana@Example.COM ").email == "ana@example.com"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("A", "string_too_short", id="one letter"),
        pytest.param("    ", "string_too_short", id="only space"),
        pytest.param("x" * 121, "string_too_long", id="121 letters"),
        pytest.param(7, "string_type", id="a number"),
        pytest.param(None, "string_type", id="null"),
    ],
)
def test_create_refuses_name(name: Any, kind: str) -> None:
    """A name has 2 to 120 letters."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Create.model_validate({"name": name, "email": "ana@example.com"})

    assert first_error(error.value) == ("name", kind)


@pytest.mark.parametrize(
    "length", [pytest.param(2, id="shortest"), pytest.param(120, id="longest")]
)
def test_create_accepts_name_at_the_limits(length: int) -> None:
    """The limits are inclusive."""
    assert UserDTO.Create(name="x" * length, email="ana@example.com").name == "x" * length


@pytest.mark.parametrize(
    "email",
    [
        pytest.param("ana", id="no at sign"),
        pytest.param("@example.com", id="nothing before the at sign"),
        pytest.param("ana@", id="nothing after the at sign"),
        pytest.param("ana@example", id="no dot in the domain"),
        pytest.param("ana@example.", id="domain ends in a dot"),
        pytest.param("ana@example..com", id="two dots in a row"),
        pytest.param("ana@@example.com", id="two at signs"),
        pytest.param("ana lima@example.com", id="space inside"),
    ],
)
def test_create_refuses_email(email: str) -> None:
    """An address has one at sign and a domain with a dot."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Create(name="Ana", email=email)

    assert first_error(error.value) == ("email", "string_pattern_mismatch")


def test_create_refuses_long_email() -> None:
    """An email address has at most 254 characters."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Create(name="Ana", email="a" * 243 + "@example.com")

    assert first_error(error.value) == ("email", "string_too_long")


def test_create_reports_cpf_rule_that_failed() -> None:
    """The error contains the message of the CPF validation."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Create(name="Ana", email="ana@example.com", cpf="529.982.247-24")

    assert error.value.errors()[0]["loc"] == ("cpf",)
    assert "o segundo dígito verificador não confere" in error.value.errors()[0]["msg"]


def test_create_reports_every_wrong_field() -> None:
    """All invalid fields are reported at once."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Create(name="A", email="ana", cpf="1")

    assert [item["loc"] for item in error.value.errors()] == [("name",), ("email",), ("cpf",)]


def test_create_ignores_status() -> None:
    """The status cannot be set on creation."""
    dto = UserDTO.Create.model_validate(
        {"name": "Ana", "email": "ana@example.com", "status": "approved"}
    )

    assert "status" not in dto.model_dump()


def test_sync_refuses_no_users() -> None:
    """An empty list is rejected."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Sync(users=[])

    assert first_error(error.value) == ("users", "too_short")


def test_sync_refuses_more_than_a_thousand_users() -> None:
    """At most a thousand users are accepted."""
    users = [UserDTO.Create(name="Ana", email=f"ana{n}@example.com") for n in range(1001)]

    with pytest.raises(ValidationError) as error:
        UserDTO.Sync(users=users)

    assert first_error(error.value) == ("users", "too_long")


def test_sync_refuses_email_twice() -> None:
    """Duplicate emails in the list are rejected, regardless of case."""
    users = [
        UserDTO.Create(name="Ana", email="ana@example.com"),
        UserDTO.Create(name="Ana Lima", email="ANA@example.com"),
    ]

    with pytest.raises(ValidationError, match="cada e-mail pode aparecer uma única vez"):
        UserDTO.Sync(users=users)


def test_sync_names_position_of_wrong_user() -> None:
    """The error names the position of the invalid user."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Sync.model_validate(
            {
                "users": [
                    {"name": "Ana", "email": "ana@example.com"},
                    {"name": "B", "email": "bia@example.com"},
                ]
            }
        )

    assert first_error(error.value) == ("users.1.name", "string_too_short")


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        pytest.param("name", " Ana Lima ", "Ana Lima", id="name"),
        pytest.param("email", "ANA@example.com", "ana@example.com", id="email"),
        pytest.param("cpf", "529.982.247-25", "52998224725", id="cpf"),
    ],
)
def test_update_normalises_like_create(field: str, value: str, stored: str) -> None:
    """An update has the same rules as a creation; one field is enough."""
    dto = UserDTO.Update.model_validate({field: value})

    assert dto.model_dump(exclude_none=True) == {field: stored}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="empty"),
        pytest.param({"name": None, "email": None, "cpf": None}, id="all null"),
        pytest.param({"status": "approved"}, id="only an unknown field"),
    ],
)
def test_update_refuses_no_change(body: dict[str, Any]) -> None:
    """An update without fields is rejected."""
    with pytest.raises(ValidationError, match="informe ao menos um campo para alterar"):
        UserDTO.Update.model_validate(body)


def test_update_refuses_wrong_cpf() -> None:
    """The check digits are validated for updates too."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Update(cpf="52998224735")

    assert "o primeiro dígito verificador não confere" in error.value.errors()[0]["msg"]


def test_change_status_refuses_unknown_status() -> None:
    """The message lists the valid statuses."""
    with pytest.raises(ValidationError) as error:
        UserDTO.ChangeStatus.model_validate({"status": "deleted"})

    assert error.value.errors()[0]["ctx"] == {
        "expected": "'pending', 'approved', 'rejected' or 'inactive'"
    }


def test_read_needs_no_date() -> None:
    """The creation date is optional: the identity service does not send it."""
    assert UserDTO.Read(id=1, name="Test", email="test@example.com").created_at is None


def test_read_has_no_cpf() -> None:
    """The public model has no CPF."""
    assert "cpf" not in UserDTO.Read.model_fields


def test_read_writes_date_without_zone() -> None:
    """Timestamps are serialized in UTC without a time zone."""
    dto = UserDTO.Read(
        id=1, name="Ana", email="ana@example.com", created_at=datetime(2026, 1, 2, 3, 4, 5)
    )

    assert dto.model_dump(mode="json")["created_at"] == "2026-01-02T03:04:05"


def test_detail_reads_status_from_text() -> None:
    """Text from the database is converted to the enum."""
    dto = UserDTO.Detail.model_validate(
        {
            "id": 1,
            "name": "Ana",
            "email": "ana@example.com",
            "cpf": None,
            "status": "inactive",
            "created_at": datetime(2026, 1, 1),
            "updated_at": datetime(2026, 1, 2),
        }
    )

    assert dto.status is UserStatus.INACTIVE


def test_filter_restricts_nothing_by_default() -> None:
    """Without parameters, the filter matches the first twenty users."""
    assert UserDTO.Filter().model_dump() == {
        "limit": 20,
        "offset": 0,
        "name": None,
        "status": None,
    }


def test_filter_refuses_empty_name() -> None:
    """An empty name is rejected, because it would match all users."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Filter(name="")

    assert first_error(error.value) == ("name", "string_too_short")


def test_assign_holds_within_organization_by_default() -> None:
    """The scope type defaults to organization."""
    assert UserDTO.Assign(user_id=1, role_id=2).scope_type is ScopeType.ORGANIZATION


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        pytest.param("user_id", 0, "greater_than_equal", id="user 0"),
        pytest.param("user_id", 2**63, "less_than_equal", id="user beyond bigint"),
        pytest.param("role_id", -1, "greater_than_equal", id="negative role"),
        pytest.param("role_id", "two", "int_parsing", id="role in words"),
        pytest.param("scope_type", "galaxy", "enum", id="unknown type of scope"),
    ],
)
def test_assign_refuses(field: str, value: Any, kind: str) -> None:
    """An ID is a positive bigint."""
    with pytest.raises(ValidationError) as error:
        UserDTO.Assign.model_validate({"user_id": 1, "role_id": 2, field: value})

    assert first_error(error.value) == (field, kind)
