"""Tests for the models of roles, permissions and scopes."""

import pytest
from pydantic import ValidationError

from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.scope import ScopeDTO, ScopeType


def test_role_create_describes_nothing_by_default() -> None:
    """The description defaults to an empty string."""
    assert RoleDTO.Create(name="Administrador").description == ""


def test_role_create_strips_both_texts() -> None:
    """Leading and trailing whitespace is removed."""
    dto = RoleDTO.Create(name=" Administrador ", description=" Pode tudo ")

    assert dto.model_dump() == {"name": "Administrador", "description": "Pode tudo"}


def test_role_create_refuses_short_name() -> None:
    """A role's name has at least two characters."""
    with pytest.raises(ValidationError) as error:
        RoleDTO.Create(name="A")

    assert error.value.errors()[0]["type"] == "string_too_short"


def test_role_create_refuses_long_description() -> None:
    """A description has at most 500 characters."""
    with pytest.raises(ValidationError) as error:
        RoleDTO.Create(name="Administrador", description="x" * 501)

    assert error.value.errors()[0]["loc"] == ("description",)


def test_role_update_may_empty_description() -> None:
    """An empty description counts as a change; a missing one does not."""
    assert RoleDTO.Update(description="").model_dump(exclude_none=True) == {"description": ""}


def test_role_update_accepts_name_alone() -> None:
    """One field is enough."""
    assert RoleDTO.Update(name="Gestor").model_dump(exclude_none=True) == {"name": "Gestor"}


def test_role_update_refuses_no_change() -> None:
    """An update without fields is rejected."""
    with pytest.raises(ValidationError, match="informe ao menos um campo para alterar"):
        RoleDTO.Update()


def test_permission_create_accepts_resource_and_action() -> None:
    """A code is a resource and an action, with underscores allowed."""
    assert PermissionDTO.Create(code="audit_log:read_all").code == "audit_log:read_all"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("users", id="no action"),
        pytest.param("users:", id="empty action"),
        pytest.param(":write", id="empty resource"),
        pytest.param("users:write:all", id="three parts"),
        pytest.param("Users:Write", id="capitals"),
        pytest.param("users:write ", id="space"),
        pytest.param("users:v2", id="a digit"),
    ],
)
def test_permission_create_refuses_code(code: str) -> None:
    """Values that violate the check constraint are rejected."""
    with pytest.raises(ValidationError) as error:
        PermissionDTO.Create(code=code)

    assert error.value.errors()[0]["type"] == "string_pattern_mismatch"


def test_permission_create_refuses_long_code() -> None:
    """A code has at most 100 characters."""
    with pytest.raises(ValidationError) as error:
        PermissionDTO.Create(code="a" * 95 + ":write")

    assert error.value.errors()[0]["type"] == "string_too_long"


def test_scope_create_accepts_root_organization() -> None:
    """An organization has no parent."""
    assert ScopeDTO.Create(name="Matriz", type=ScopeType.ORGANIZATION).parent_id is None


def test_scope_create_refuses_organization_below_another() -> None:
    """Organizations do not nest."""
    with pytest.raises(ValidationError, match="uma organização não tem escopo superior"):
        ScopeDTO.Create(name="Filial", type=ScopeType.ORGANIZATION, parent_id=1)


@pytest.mark.parametrize("scope_type", [ScopeType.DEPARTMENT, ScopeType.PROJECT])
def test_scope_create_refuses_orphan(scope_type: ScopeType) -> None:
    """A department and a project need a parent."""
    with pytest.raises(ValidationError, match="informe o escopo superior"):
        ScopeDTO.Create(name="Vendas", type=scope_type)


def test_scope_create_accepts_department_below_another_scope() -> None:
    """The type of the parent is not validated here."""
    dto = ScopeDTO.Create(name="Vendas", type=ScopeType.DEPARTMENT, parent_id=1)

    assert dto.model_dump(mode="json") == {"name": "Vendas", "type": "department", "parent_id": 1}


def test_scope_create_refuses_parent_zero() -> None:
    """An id is positive."""
    with pytest.raises(ValidationError) as error:
        ScopeDTO.Create(name="Vendas", type=ScopeType.DEPARTMENT, parent_id=0)

    assert error.value.errors()[0]["loc"] == ("parent_id",)


def test_scope_rename_refuses_blank_name() -> None:
    """A scope cannot be renamed to an empty name."""
    with pytest.raises(ValidationError) as error:
        ScopeDTO.Rename(name="  ")

    assert error.value.errors()[0]["type"] == "string_too_short"


def test_scope_node_adds_depth() -> None:
    """A node is a scope with a depth."""
    node = ScopeDTO.Node(id=2, name="Vendas", type=ScopeType.DEPARTMENT, parent_id=1, depth=1)

    assert isinstance(node, ScopeDTO.Read)
    assert node.depth == 1
