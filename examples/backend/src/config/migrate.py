"""Apply the migrations of a folder: ``python -m src.config.migrate [folder]``."""

import asyncio
import hashlib
import sys
from pathlib import Path

from psqlpy.exceptions import Error as DriverError

from src.config.settings import Settings
from src.domain.dal import DAL, Connection, Statements
from src.domain.exception import DomainException

MIGRATIONS = Path(__file__).parents[2] / "db" / "migrations"
_LOCK = 4_150_011  # arbitrary, but the same for every deployment


class MigrationError(Exception):
    """The database and the migration files do not match."""


async def _applied(statements: Statements) -> dict[str, str]:
    """Return the applied migrations as name and checksum; empty for a new database."""
    if not await statements.fetch_val("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        return {}
    rows = await statements.fetch("SELECT name, checksum FROM schema_migrations")
    return {row["name"]: row["checksum"] for row in rows.result()}


def find_migrations(folder: Path) -> list[Path]:
    """Return the .sql files of a folder, sorted by name.

    Raises:
        MigrationError: the folder has no .sql file.
    """
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise MigrationError(f"Nenhuma migração (*.sql) em {folder}")
    return files


async def apply_migrations(conn: Connection, files: list[Path]) -> list[str]:
    """Apply the files that were not applied before, in the given order.

    They run in one transaction under a lock. If two deployments start at once, the second waits
    and then has nothing to do. A failure leaves the database unchanged.

    Returns:
        The names of the files applied.

    Raises:
        MigrationError: PostgreSQL rejects a file, or a file was edited after it was applied.
    """
    done = []
    async with conn.transaction() as transaction:
        await transaction.execute("SET LOCAL statement_timeout = 0")
        await transaction.execute("SELECT 1 FROM pg_advisory_xact_lock($1)", [_LOCK])
        applied = await _applied(transaction)
        for file in files:
            sql = file.read_text(encoding="utf-8")
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            if file.name not in applied:
                try:
                    await transaction.execute_batch(sql)
                except DriverError as error:
                    raise MigrationError(f"{file.name}: {error}") from error
                await transaction.execute(
                    "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)",
                    [file.name, checksum],
                )
                done.append(file.name)
            elif applied[file.name] != checksum:
                raise MigrationError(f"{file.name} foi alterada depois de aplicada")
    return done


async def migrate(settings: Settings, files: list[Path]) -> list[str]:
    """Connect to the configured database and apply the files."""
    async with DAL.pool(settings), DAL.connection() as conn:
        return await apply_migrations(conn, files)


def main(arguments: list[str]) -> int:
    """Run the command; return 0, or print one line of error and return 1."""
    folder = Path(arguments[0]) if arguments else MIGRATIONS
    try:
        done = asyncio.run(migrate(Settings(), find_migrations(folder)))
    except (MigrationError, DomainException) as error:
        print(f"Erro: {error}", file=sys.stderr)
        return 1
    for name in done:
        print(f"Aplicada: {name}")
    print(f"{len(done)} migração(ões) aplicada(s)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
