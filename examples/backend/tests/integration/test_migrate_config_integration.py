"""The migration command on a real PostgreSQL."""

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio

from src.config import migrate
from src.config.migrate import MIGRATIONS, MigrationError, find_migrations
from src.config.settings import Settings
from src.domain.dal import DAL
from src.domain.dal.dao.user import UserDAO

pytestmark = pytest.mark.integration

OWN = [file.name for file in find_migrations(MIGRATIONS)]


@pytest_asyncio.fixture
async def empty(settings: Settings) -> Settings:
    """The settings of a database without a schema."""
    async with DAL.pool(settings), DAL.connection() as conn:
        await conn.execute_batch("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return settings


async def tables(settings: Settings) -> list[str]:
    """The tables of a database."""
    async with DAL.pool(settings), DAL.connection() as conn:
        rows = await conn.fetch(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
    return [row["tablename"] for row in rows.result()]


@pytest.mark.asyncio
async def test_own_migrations_make_a_database_that_works(empty: Settings) -> None:
    """The migrations create a schema that the DAOs can use."""
    done = await migrate.migrate(empty, find_migrations(MIGRATIONS))

    assert done == OWN
    async with DAL.pool(empty):
        assert await UserDAO.fetch_all() == []


@pytest.mark.asyncio
async def test_second_run_finds_nothing_to_do(empty: Settings) -> None:
    """The table schema_migrations lists the applied files."""
    await migrate.migrate(empty, find_migrations(MIGRATIONS))

    assert await migrate.migrate(empty, find_migrations(MIGRATIONS)) == []


@pytest.mark.asyncio
async def test_two_runs_at_once_apply_each_file_once(empty: Settings) -> None:
    """A second run waits for the lock in spite of a short statement timeout."""
    impatient = empty.model_copy(update={"statement_timeout_ms": 100})
    files = find_migrations(MIGRATIONS)

    async with DAL.pool(impatient):

        async def run() -> list[str]:
            async with DAL.connection() as conn:
                return await migrate.apply_migrations(conn, files)

        done = await asyncio.gather(run(), run())

    assert sorted(done) == [[], OWN]


@pytest.mark.asyncio
async def test_broken_migration_leaves_nothing(empty: Settings, tmp_path: Path) -> None:
    """A failing file rolls back the files before it."""
    (tmp_path / "001_record.sql").write_text((MIGRATIONS / OWN[0]).read_text())
    (tmp_path / "002_broken.sql").write_text("CREATE TABLE fine (); CREATE TABEL broken ();")

    with pytest.raises(
        MigrationError, match=r'^002_broken\.sql: .*syntax error at or near "TABEL"'
    ):
        await migrate.migrate(empty, find_migrations(tmp_path))

    assert await tables(empty) == []


@pytest.mark.asyncio
async def test_edited_migration_is_noticed(empty: Settings, tmp_path: Path) -> None:
    """An edited file is detected, even if only a comment changed."""
    first = tmp_path / OWN[0]
    first.write_text((MIGRATIONS / OWN[0]).read_text())
    await migrate.migrate(empty, find_migrations(tmp_path))
    first.write_text(first.read_text() + "-- edited\n")

    with pytest.raises(MigrationError) as exc:
        await migrate.migrate(empty, find_migrations(tmp_path))

    assert str(exc.value) == f"{OWN[0]} foi alterada depois de aplicada"
