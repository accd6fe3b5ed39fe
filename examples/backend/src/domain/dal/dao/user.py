"""SQL for users and their assignments."""

from typing import Any

from src.domain.dal import DAL, Connection
from src.domain.dal.dao.exception import DAOException, failing_as
from src.domain.dto.page import Page
from src.domain.dto.scope import ScopeType
from src.domain.dto.user import UserDTO


class UserDAO:
    """Every method takes its connection from the DAL; ``method.__wrapped__`` takes it from you.

    Raises:
        DAOException: by every method. Its detail begins with what could not be done.
    """

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao criar usuário")
    async def create(conn: Connection, dto: UserDTO.Create) -> None:
        """Write one user. An e-mail or a CPF that is taken is a 409."""
        await conn.execute(
            "INSERT INTO users (name, email, cpf) VALUES ($1, $2, $3)",
            [dto.name, dto.email, dto.cpf],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao sincronizar usuários")
    async def sync(conn: Connection, items: list[UserDTO.Create]) -> None:
        """Write all users or none; one whose e-mail is known is brought up to date."""
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
        """The user with this id, or a 404."""
        row = await conn.fetch_row(
            "SELECT id, name, email, created_at FROM users WHERE id = $1", [user_id]
        )
        return UserDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar usuário por e-mail")
    async def fetch_by_email(conn: Connection, email: str) -> UserDTO.Read:
        """The user with this e-mail, or a 404."""
        row = await conn.fetch_row(
            "SELECT id, name, email, created_at FROM users WHERE email = lower($1)", [email]
        )
        return UserDTO.Read(**row.result())

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar detalhes do usuário")
    async def fetch_detail(conn: Connection, user_id: int) -> UserDTO.Detail:
        """Everything about the user with this id, or a 404."""
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
        """Every user, oldest first."""
        rows = await conn.fetch("SELECT id, name, email, created_at FROM users ORDER BY id")
        return [UserDTO.Read(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar usuários por id")
    async def fetch_by_ids(conn: Connection, user_ids: list[int]) -> list[UserDTO.Read]:
        """Those of the users that exist, oldest first."""
        rows = await conn.fetch(
            "SELECT id, name, email, created_at FROM users WHERE id = ANY($1) ORDER BY id",
            [user_ids],
        )
        return [UserDTO.Read(**row) for row in rows.result()]

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao pesquisar usuários")
    async def search(conn: Connection, wanted: UserDTO.Filter) -> Page[UserDTO.Read]:
        """One page of the users whose name contains a text and who have a status."""
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
        """How many users have a status."""
        count: int = await conn.fetch_val("SELECT count(*) FROM users WHERE status = $1", [status])
        return count

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao buscar situação do usuário")
    async def some_method(conn: Connection, user_id: int) -> list[dict[str, Any]]:
        """The id and status of a user as a list of rows: empty where there is no such user."""
        rows = await conn.execute("SELECT id, status FROM users WHERE id = $1", [user_id])
        return rows.result()

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao atualizar usuário")
    async def update(conn: Connection, user_id: int, dto: UserDTO.Update) -> UserDTO.Read:
        """Change what the DTO names and return the user, or a 404."""
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
        """Give a user a status, or a 404."""
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
        """Make a user inactive. One who is inactive already, or does not exist, is a 404."""
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
        """Remove a user and what was assigned to them, or a 404."""
        await conn.fetch_val("DELETE FROM users WHERE id = $1 RETURNING id", [user_id])

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao verificar escopo")
    async def _scope_type(conn: Connection, scope_id: int) -> str:
        """The type of a scope, or a 404."""
        scope_type: str = await conn.fetch_val("SELECT type FROM scopes WHERE id = $1", [scope_id])
        return scope_type

    @staticmethod
    async def _verify_scope(id_: int, scope_type: ScopeType) -> None:
        """Refuse a scope of another type (422), or one that does not exist (404)."""
        if (found := await UserDAO._scope_type(id_)) != scope_type:
            raise DAOException(
                422, f"Erro ao verificar escopo: esperado {scope_type}, encontrado {found}"
            )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao atribuir papel")
    async def assign(conn: Connection, scope_id: int, dto: UserDTO.Assign) -> None:
        """Give a user a role within a scope. A role that the user has there is a 409."""
        await UserDAO._verify_scope(scope_id, dto.scope_type)
        await conn.execute(
            "INSERT INTO assignments (user_id, role_id, scope_id) VALUES ($1, $2, $3)",
            [dto.user_id, dto.role_id, scope_id],
        )

    @staticmethod
    @DAL.connected
    @failing_as("Erro ao revogar papel")
    async def unassign(conn: Connection, scope_id: int, dto: UserDTO.Assign) -> None:
        """Take a role within a scope from a user. One that the user does not have is a 404."""
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
        """The roles of a user and where they hold."""
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
        """The codes that a user's roles within a scope, or above it, amount to."""
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
