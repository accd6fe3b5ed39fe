"""One call of every method of the other DAOs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from src.domain.dal.dao.audit import AuditDAO
from src.domain.dal.dao.health import HealthDAO
from src.domain.dal.dao.permission import PermissionDAO
from src.domain.dal.dao.role import RoleDAO
from src.domain.dal.dao.scope import ScopeDAO
from src.domain.dto.audit import AuditDTO
from src.domain.dto.page import Page
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.scope import ScopeDTO, ScopeType

from .steps import Case, Step

ROLE: dict[str, Any] = {"id": 2, "name": "Gestor", "description": "Gere"}
PERMISSION: dict[str, Any] = {"id": 5, "code": "users:read", "description": "Ler"}
SCOPE: dict[str, Any] = {"id": 10, "name": "Vendas", "type": "department", "parent_id": 1}
ENTRY: dict[str, Any] = {
    "id": 1,
    "actor": "admin@example.com",
    "action": "update",
    "entity": "user",
    "entity_id": 7,
    "details": {"fields": ["name"]},
    "created_at": datetime(2026, 1, 2, 3, 4, 5),
}

ROLES = (
    Case(
        RoleDAO,
        "create",
        (RoleDTO.Create(name="Gestor", description="Gere"),),
        (
            Step(
                "fetch_row",
                ("INSERT INTO roles", "VALUES ($1, $2)", "RETURNING id"),
                ["Gestor", "Gere"],
                ROLE,
            ),
        ),
        RoleDTO.Read(**ROLE),
    ),
    Case(
        RoleDAO,
        "fetch_by_id",
        (2,),
        (Step("fetch_row", ("FROM roles", "WHERE id = $1"), [2], ROLE),),
        RoleDTO.Read(**ROLE),
    ),
    Case(
        RoleDAO,
        "fetch_all",
        (),
        (Step("fetch", ("FROM roles", "ORDER BY name"), None, [ROLE]),),
        [RoleDTO.Read(**ROLE)],
    ),
    Case(
        RoleDAO,
        "update",
        (2, RoleDTO.Update(description="Gere")),
        (
            Step(
                "fetch_row",
                ("UPDATE roles", "name = COALESCE($2, name)", "WHERE id = $1"),
                [2, None, "Gere"],
                ROLE,
            ),
        ),
        RoleDTO.Read(**ROLE),
    ),
    Case(
        RoleDAO,
        "delete",
        (2,),
        (Step("fetch_val", ("DELETE FROM roles", "WHERE id = $1"), [2], 2),),
    ),
    Case(
        RoleDAO,
        "grant",
        (2, 5),
        (Step("execute", ("INSERT INTO role_permissions", "VALUES ($1, $2)"), [2, 5]),),
    ),
    Case(
        RoleDAO,
        "revoke",
        (2, 5),
        (
            Step(
                "fetch_val",
                ("DELETE FROM role_permissions", "role_id = $1 AND permission_id = $2"),
                [2, 5],
                2,
            ),
        ),
    ),
    Case(
        RoleDAO,
        "list_permissions",
        (2,),
        (
            Step(
                "fetch",
                ("FROM permissions p", "JOIN role_permissions rp", "WHERE rp.role_id = $1"),
                [2],
                [PERMISSION],
            ),
        ),
        [PermissionDTO.Read(**PERMISSION)],
    ),
    Case(
        RoleDAO,
        "count_members",
        (2,),
        (
            Step(
                "fetch_val",
                ("SELECT count(DISTINCT user_id)", "FROM assignments", "WHERE role_id = $1"),
                [2],
                3,
            ),
        ),
        3,
    ),
)
PERMISSIONS = (
    Case(
        PermissionDAO,
        "create",
        (PermissionDTO.Create(code="users:read", description="Ler"),),
        (
            Step(
                "fetch_row",
                ("INSERT INTO permissions", "VALUES ($1, $2)", "RETURNING id"),
                ["users:read", "Ler"],
                PERMISSION,
            ),
        ),
        PermissionDTO.Read(**PERMISSION),
    ),
    Case(
        PermissionDAO,
        "fetch_by_id",
        (5,),
        (Step("fetch_row", ("FROM permissions", "WHERE id = $1"), [5], PERMISSION),),
        PermissionDTO.Read(**PERMISSION),
    ),
    Case(
        PermissionDAO,
        "fetch_all",
        (),
        (Step("fetch", ("FROM permissions", "ORDER BY code"), None, [PERMISSION]),),
        [PermissionDTO.Read(**PERMISSION)],
    ),
    Case(
        PermissionDAO,
        "delete",
        (5,),
        (Step("fetch_val", ("DELETE FROM permissions", "WHERE id = $1"), [5], 5),),
    ),
    Case(
        PermissionDAO,
        "list_roles",
        (5,),
        (
            Step(
                "fetch",
                ("FROM roles r", "JOIN role_permissions rp", "WHERE rp.permission_id = $1"),
                [5],
                [ROLE],
            ),
        ),
        [RoleDTO.Read(**ROLE)],
    ),
)
SCOPES = (
    Case(
        ScopeDAO,
        "create",
        (ScopeDTO.Create(name="Vendas", type=ScopeType.DEPARTMENT, parent_id=1),),
        (
            Step(
                "fetch_row",
                ("INSERT INTO scopes", "VALUES ($1, $2, $3)", "RETURNING id"),
                ["Vendas", "department", 1],
                SCOPE,
            ),
        ),
        ScopeDTO.Read(**SCOPE),
    ),
    Case(
        ScopeDAO,
        "fetch_by_id",
        (10,),
        (Step("fetch_row", ("FROM scopes", "WHERE id = $1"), [10], SCOPE),),
        ScopeDTO.Read(**SCOPE),
    ),
    Case(
        ScopeDAO,
        "fetch_all",
        (ScopeType.DEPARTMENT,),
        (Step("fetch", ("FROM scopes", "type = $1"), ["department"], [SCOPE]),),
        [ScopeDTO.Read(**SCOPE)],
    ),
    Case(
        ScopeDAO,
        "list_below",
        (1,),
        (
            Step(
                "fetch",
                ("WITH RECURSIVE below", "WHERE parent_id = $1", "ORDER BY depth, name"),
                [1],
                [{**SCOPE, "depth": 1}],
            ),
        ),
        [ScopeDTO.Node(**SCOPE, depth=1)],
    ),
    Case(
        ScopeDAO,
        "rename",
        (10, ScopeDTO.Rename(name="Vendas")),
        (
            Step(
                "fetch_row",
                ("UPDATE scopes SET name = $2", "WHERE id = $1"),
                [10, "Vendas"],
                SCOPE,
            ),
        ),
        ScopeDTO.Read(**SCOPE),
    ),
    Case(
        ScopeDAO,
        "delete",
        (10,),
        (Step("fetch_val", ("DELETE FROM scopes", "WHERE id = $1"), [10], 10),),
    ),
)
OTHERS = (
    Case(
        AuditDAO,
        "record",
        (
            AuditDTO.Create(
                actor="admin@example.com",
                action="update",
                entity="user",
                entity_id=7,
                details={"fields": ["name"]},
            ),
        ),
        (
            Step(
                "execute",
                ("INSERT INTO audit_log", "VALUES ($1, $2, $3, $4, $5)"),
                ["admin@example.com", "update", "user", 7, {"fields": ["name"]}],
            ),
        ),
    ),
    Case(
        AuditDAO,
        "search",
        (AuditDTO.Filter(actor="admin@example.com", entity="user", limit=5, offset=10),),
        (
            Step(
                "fetch",
                ("FROM audit_log", "ORDER BY id DESC", "LIMIT $3 OFFSET $4"),
                ["admin@example.com", "user", 5, 10],
                [ENTRY],
            ),
            Step(
                "fetch_val",
                ("SELECT count(*)", "FROM audit_log"),
                ["admin@example.com", "user"],
                11,
            ),
        ),
        Page(items=[AuditDTO.Read(**ENTRY)], total=11, limit=5, offset=10),
    ),
    Case(
        AuditDAO,
        "list_for",
        ("user", 7),
        (
            Step(
                "fetch",
                ("FROM audit_log", "WHERE entity = $1 AND entity_id = $2"),
                ["user", 7],
                [ENTRY],
            ),
        ),
        [AuditDTO.Read(**ENTRY)],
    ),
    Case(HealthDAO, "ping", (), (Step("fetch_val", ("SELECT 1",), None, 1),)),
)
