"""One call of every method of UserDAO."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from src.domain.dal.dao.user import UserDAO
from src.domain.dto.page import Page
from src.domain.dto.user import UserDTO, UserStatus

from .steps import Case, Step

NOW = datetime(2026, 1, 2, 3, 4, 5)
ANA: dict[str, Any] = {"id": 7, "name": "Ana", "email": "ana@example.com", "created_at": NOW}
BIA: dict[str, Any] = {"id": 8, "name": "Bia", "email": "bia@example.com", "created_at": NOW}
DETAIL = {**ANA, "cpf": "52998224725", "status": "approved", "updated_at": NOW}
ASSIGNMENT: dict[str, Any] = {
    "role_id": 2,
    "role_name": "Gestor",
    "scope_id": 10,
    "scope_name": "Vendas",
    "created_at": NOW,
}
CREATE = UserDTO.Create(name="Ana", email="ana@example.com", cpf="529.982.247-25")
ASSIGN = UserDTO.Assign(user_id=7, role_id=2)

USERS = (
    Case(
        UserDAO,
        "create",
        (CREATE,),
        (
            Step(
                "execute",
                ("INSERT INTO users", "VALUES ($1, $2, $3)"),
                ["Ana", "ana@example.com", "52998224725"],
            ),
        ),
    ),
    Case(
        UserDAO,
        "sync",
        ([CREATE],),
        (
            Step(
                "execute_many",
                ("INSERT INTO users", "VALUES ($1, $2, $3)", "ON CONFLICT (email) DO UPDATE"),
                [["Ana", "ana@example.com", "52998224725"]],
            ),
        ),
    ),
    Case(
        UserDAO,
        "fetch_by_id",
        (7,),
        (Step("fetch_row", ("FROM users", "WHERE id = $1"), [7], ANA),),
        UserDTO.Read(**ANA),
    ),
    Case(
        UserDAO,
        "fetch_by_email",
        ("Ana@Example.com",),
        (Step("fetch_row", ("FROM users", "WHERE email = lower($1)"), ["Ana@Example.com"], ANA),),
        UserDTO.Read(**ANA),
    ),
    Case(
        UserDAO,
        "fetch_detail",
        (7,),
        (Step("fetch_row", ("FROM users", "WHERE id = $1"), [7], DETAIL),),
        UserDTO.Detail(**DETAIL),
    ),
    Case(
        UserDAO,
        "fetch_all",
        (),
        (Step("fetch", ("FROM users", "ORDER BY id"), None, [ANA, BIA]),),
        [UserDTO.Read(**ANA), UserDTO.Read(**BIA)],
    ),
    Case(
        UserDAO,
        "fetch_by_ids",
        ([7, 8],),
        (Step("fetch", ("FROM users", "WHERE id = ANY($1)"), [[7, 8]], [ANA, BIA]),),
        [UserDTO.Read(**ANA), UserDTO.Read(**BIA)],
    ),
    Case(
        UserDAO,
        "search",
        (UserDTO.Filter(name="an", status=UserStatus.PENDING, limit=5, offset=10),),
        (
            Step(
                "fetch", ("FROM users", "LIMIT $3 OFFSET $4"), ["an", "pending", 5, 10], [ANA, BIA]
            ),
            Step("fetch_val", ("SELECT count(*)", "FROM users"), ["an", "pending"], 12),
        ),
        Page(items=[UserDTO.Read(**ANA), UserDTO.Read(**BIA)], total=12, limit=5, offset=10),
    ),
    Case(
        UserDAO,
        "count_by_status",
        ("pending",),
        (Step("fetch_val", ("SELECT count(*) FROM users", "WHERE status = $1"), ["pending"], 3),),
        3,
    ),
    Case(
        UserDAO,
        "some_method",
        (7,),
        (
            Step(
                "execute",
                ("FROM users", "WHERE id = $1"),
                [7],
                [{"id": 7, "status": "pending"}],
            ),
        ),
        [{"id": 7, "status": "pending"}],
    ),
    Case(
        UserDAO,
        "update",
        (7, UserDTO.Update(name="Ana", email="ana@example.com")),
        (
            Step(
                "fetch_row",
                ("UPDATE users", "name = COALESCE($2, name)", "WHERE id = $1"),
                [7, "Ana", "ana@example.com", None],
                ANA,
            ),
        ),
        UserDTO.Read(**ANA),
    ),
    Case(
        UserDAO,
        "change_status",
        (7, "approved"),
        (
            Step(
                "fetch_val",
                ("UPDATE users SET status = $2", "WHERE id = $1"),
                [7, "approved"],
                7,
            ),
        ),
    ),
    Case(
        UserDAO,
        "deactivate",
        (7,),
        (Step("fetch_val", ("UPDATE users SET status = 'inactive'", "WHERE id = $1"), [7], 7),),
    ),
    Case(
        UserDAO,
        "delete",
        (7,),
        (Step("fetch_val", ("DELETE FROM users", "WHERE id = $1"), [7], 7),),
    ),
    Case(
        UserDAO,
        "_scope_type",
        (10,),
        (Step("fetch_val", ("FROM scopes", "WHERE id = $1"), [10], "department"),),
        "department",
    ),
    Case(
        UserDAO,
        "assign",
        (10, ASSIGN),
        (Step("execute", ("INSERT INTO assignments", "VALUES ($1, $2, $3)"), [7, 2, 10]),),
    ),
    Case(
        UserDAO,
        "unassign",
        (10, ASSIGN),
        (
            Step(
                "fetch_val",
                ("DELETE FROM assignments", "WHERE user_id = $1 AND role_id = $2"),
                [7, 2, 10],
                7,
            ),
        ),
    ),
    Case(
        UserDAO,
        "list_assignments",
        (7,),
        (
            Step(
                "fetch",
                ("FROM assignments a", "JOIN roles r", "WHERE a.user_id = $1"),
                [7],
                [ASSIGNMENT],
            ),
        ),
        [UserDTO.Assignment(**ASSIGNMENT)],
    ),
    Case(
        UserDAO,
        "list_permissions",
        (7, 10),
        (
            Step(
                "fetch",
                ("WITH RECURSIVE above", "FROM assignments a", "WHERE a.user_id = $1"),
                [7, 10],
                [{"code": "users:read"}, {"code": "users:write"}],
            ),
        ),
        ["users:read", "users:write"],
    ),
)
