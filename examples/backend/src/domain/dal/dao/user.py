"""SQL for users and their assignments."""

from typing import Any

from src.domain.dal import DAL, Connection
from src.domain.dal.dao.exception import DAOException, failing_as
from src.domain.dto.page import Page
from src.domain.dto.scope import ScopeType
from src.domain.dto.user import UserDTO


class UserDAO:
    """Every method gets its connection from the DAL; ``method.__wrapped__`` takes it as argument.

    Raises:
        DAOException: by every method. Its detail starts with the failed operation.
    """

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao criar usuário")
    async def create(conn: Connection, dto: UserDTO.Create) -> None:
        """Insert a user; 409 if the email or the CPF exists."""
        await conn.execute(
            "INSERT INTO users (name, email, cpf) VALUES ($1, $2, $3)",
            [dto.name, dto.email, dto.cpf],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao sincronizar usuários")
    async def sync(conn: Connection, items: list[UserDTO.Create]) -> None:
        """Insert all users or none; a user with a known email is updated."""
        async with conn.transaction() as transaction:
            await transaction.execute_many(
                """
                INSERT INTO users (name, email, cpf) VALUES ($1, $2, $3)
                ON CONFLICT (email) DO UPDATE
                SET name = EXCLUDED.name,
                    cpf = COALESCE(EXCLUDED.cpf, users.cpf),
                    updated_at = now() AT TIME ZONE 'utc'
                """,
                [[item.name, item.email, item.cpf] for item in items],
            )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar usuário")
    async def fetch_by_id(conn: Connection, user_id: int) -> UserDTO.Read:
        """Return a user; 404 if it does not exist."""
        row = await conn.fetch_row(
            "SELECT id, name, email, created_at FROM users WHERE id = $1", [user_id]
        )
        return UserDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar usuário por e-mail")
    async def fetch_by_email(conn: Connection, email: str) -> UserDTO.Read:
        """Return the user with this email; 404 if it does not exist."""
        row = await conn.fetch_row(
            "SELECT id, name, email, created_at FROM users WHERE email = lower($1)", [email]
        )
        return UserDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar detalhes do usuário")
    async def fetch_detail(conn: Connection, user_id: int) -> UserDTO.Detail:
        """Return all details of a user; 404 if it does not exist."""
        row = await conn.fetch_row(
            """
            SELECT id, name, email, cpf, status, created_at, updated_at
            FROM users WHERE id = $1
            """,
            [user_id],
        )
        return UserDTO.Detail(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar usuários")
    async def fetch_all(conn: Connection) -> list[UserDTO.Read]:
        """Return all users, oldest first."""
        rows = await conn.fetch("SELECT id, name, email, created_at FROM users ORDER BY id")
        return [UserDTO.Read(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar usuários por id")
    async def fetch_by_ids(conn: Connection, user_ids: list[int]) -> list[UserDTO.Read]:
        """Return the users that exist, oldest first."""
        rows = await conn.fetch(
            "SELECT id, name, email, created_at FROM users WHERE id = ANY($1) ORDER BY id",
            [user_ids],
        )
        return [UserDTO.Read(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao pesquisar usuários")
    async def search(conn: Connection, wanted: UserDTO.Filter) -> Page[UserDTO.Read]:
        """Return one page of the users that match a name and a status."""
        restriction = [wanted.name, wanted.status]
        rows = await conn.fetch(
            """
            SELECT id, name, email, created_at
            FROM users
            WHERE ($1::text IS NULL OR strpos(lower(name), lower($1)) > 0)
              AND ($2::text IS NULL OR status = $2)
            ORDER BY name, id
            LIMIT $3 OFFSET $4
            """,
            [*restriction, wanted.limit, wanted.offset],
        )
        total = await conn.fetch_val(
            """
            SELECT count(*)
            FROM users
            WHERE ($1::text IS NULL OR strpos(lower(name), lower($1)) > 0)
              AND ($2::text IS NULL OR status = $2)
            """,
            restriction,
        )
        return Page(
            items=[UserDTO.Read(**row) for row in rows.result()],
            total=total,
            limit=wanted.limit,
            offset=wanted.offset,
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao contar usuários")
    async def count_by_status(conn: Connection, status: str) -> int:
        """Count the users with a status."""
        count: int = await conn.fetch_val("SELECT count(*) FROM users WHERE status = $1", [status])
        return count

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar situação do usuário")
    async def some_method(conn: Connection, user_id: int) -> list[dict[str, Any]]:
        """Return the id and status of a user as rows; empty if the user does not exist."""
        rows = await conn.execute("SELECT id, status FROM users WHERE id = $1", [user_id])
        return rows.result()

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao atualizar usuário")
    async def update(conn: Connection, user_id: int, dto: UserDTO.Update) -> UserDTO.Read:
        """Update the given fields and return the user; 404 if it does not exist."""
        row = await conn.fetch_row(
            """
            UPDATE users
            SET name = COALESCE($2, name),
                email = COALESCE($3, email),
                cpf = COALESCE($4, cpf),
                updated_at = now() AT TIME ZONE 'utc'
            WHERE id = $1
            RETURNING id, name, email, created_at
            """,
            [user_id, dto.name, dto.email, dto.cpf],
        )
        return UserDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao alterar situação do usuário")
    async def change_status(conn: Connection, user_id: int, status: str) -> None:
        """Change the status of a user; 404 if it does not exist."""
        await conn.fetch_val(
            """
            UPDATE users SET status = $2, updated_at = now() AT TIME ZONE 'utc'
            WHERE id = $1
            RETURNING id
            """,
            [user_id, status],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao desativar usuário")
    async def deactivate(conn: Connection, user_id: int) -> None:
        """Deactivate a user; 404 if it does not exist or is already inactive."""
        await conn.fetch_val(
            """
            UPDATE users SET status = 'inactive', updated_at = now() AT TIME ZONE 'utc'
            WHERE id = $1 AND status <> 'inactive'
            RETURNING id
            """,
            [user_id],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao excluir usuário")
    async def delete(conn: Connection, user_id: int) -> None:
        """Delete a user and their assignments; 404 if it does not exist."""
        await conn.fetch_val("DELETE FROM users WHERE id = $1 RETURNING id", [user_id])

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao verificar escopo")
    async def _scope_type(conn: Connection, scope_id: int) -> str:
        """Return the type of a scope; 404 if it does not exist."""
        scope_type: str = await conn.fetch_val("SELECT type FROM scopes WHERE id = $1", [scope_id])
        return scope_type

    @staticmethod
    async def _verify_scope(id_: int, scope_type: ScopeType) -> None:
        """Raise 422 if the scope has another type, 404 if it does not exist."""
        if (found := await UserDAO._scope_type(id_)) != scope_type:
            raise DAOException(
                422, f"Erro ao verificar escopo: esperado {scope_type}, encontrado {found}"
            )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao atribuir papel")
    async def assign(conn: Connection, scope_id: int, dto: UserDTO.Assign) -> None:
        """Assign a role in a scope to a user; 409 if the user already has it."""
        await UserDAO._verify_scope(scope_id, dto.scope_type)
        await conn.execute(
            "INSERT INTO assignments (user_id, role_id, scope_id) VALUES ($1, $2, $3)",
            [dto.user_id, dto.role_id, scope_id],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao revogar papel")
    async def unassign(conn: Connection, scope_id: int, dto: UserDTO.Assign) -> None:
        """Revoke a user's role in a scope; 404 if the user does not have it."""
        await conn.fetch_val(
            """
            DELETE FROM assignments
            WHERE user_id = $1 AND role_id = $2 AND scope_id = $3
            RETURNING user_id
            """,
            [dto.user_id, dto.role_id, scope_id],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar atribuições")
    async def list_assignments(conn: Connection, user_id: int) -> list[UserDTO.Assignment]:
        """Return the roles of a user and their scopes."""
        rows = await conn.fetch(
            """
            SELECT a.role_id, r.name AS role_name, a.scope_id, s.name AS scope_name, a.created_at
            FROM assignments a
            JOIN roles r ON r.id = a.role_id
            JOIN scopes s ON s.id = a.scope_id
            WHERE a.user_id = $1
            ORDER BY s.name, r.name
            """,
            [user_id],
        )
        return [UserDTO.Assignment(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao listar permissões do usuário")
    async def list_permissions(conn: Connection, user_id: int, scope_id: int) -> list[str]:
        """Return the permission codes of a user's roles in a scope or its ancestors."""
        rows = await conn.fetch(
            """
            WITH RECURSIVE above AS (
                SELECT id, parent_id FROM scopes WHERE id = $2
                UNION
                SELECT s.id, s.parent_id FROM scopes s JOIN above ON s.id = above.parent_id
            )
            SELECT DISTINCT p.code
            FROM assignments a
            JOIN above ON above.id = a.scope_id
            JOIN role_permissions rp ON rp.role_id = a.role_id
            JOIN permissions p ON p.id = rp.permission_id
            WHERE a.user_id = $1
            ORDER BY p.code
            """,
            [user_id, scope_id],
        )
        return [row["code"] for row in rows.result()]
