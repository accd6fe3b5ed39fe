"""Tests for the migration command."""

import hashlib
from pathlib import Path

import pytest

from src.config import migrate
from src.config.migrate import MIGRATIONS, MigrationError, apply_migrations, find_migrations
from tests.fakes import FakeConnection, db_error

USERS = "CREATE TABLE users (id bigint);"
ROLES = "CREATE TABLE roles (id bigint);"
RECORD = "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)"


def checksum(sql: str) -> str:
    """Return the checksum of a migration."""
    return hashlib.sha256(sql.encode()).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two migrations."""
    (tmp_path / "001_users.sql").write_text(USERS)
    (tmp_path / "002_roles.sql").write_text(ROLES)
    return find_migrations(tmp_path)


@pytest.fixture
def conn() -> FakeConnection:
    """A connection with a rule for the lock."""
    conn = FakeConnection()
    conn.on("SET LOCAL statement_timeout = 0")
    conn.on("SELECT 1 FROM pg_advisory_xact_lock($1)").rows({"?column?": 1})
    return conn


def on_record(conn: FakeConnection, *rows: dict[str, str]) -> None:
    """Script these migrations as already applied."""
    conn.on("SELECT to_regclass('schema_migrations') IS NOT NULL").value(True)
    conn.on("SELECT name, checksum FROM schema_migrations").rows(*rows)


def test_find_migrations_sorts_by_name(tmp_path: Path) -> None:
    """Files are sorted by number; other files are ignored."""
    for name in ("010_later.sql", "002_second.sql", "001_first.sql", "README.md"):
        (tmp_path / name).touch()

    found = [file.name for file in find_migrations(tmp_path)]

    assert found == ["001_first.sql", "002_second.sql", "010_later.sql"]


def test_find_migrations_refuses_empty_folder(tmp_path: Path) -> None:
    """A folder without migrations is an error."""
    with pytest.raises(MigrationError) as exc:
        find_migrations(tmp_path)

    assert str(exc.value) == f"Nenhuma migração (*.sql) em {tmp_path}"


def test_own_migrations_begin_with_their_record() -> None:
    """The first migration creates the table schema_migrations."""
    first = find_migrations(MIGRATIONS)[0]

    assert "CREATE TABLE schema_migrations" in first.read_text()


def test_own_migrations_are_numbered_without_gap() -> None:
    """Each migration has a unique number."""
    names = [file.name for file in find_migrations(MIGRATIONS)]

    assert [int(name[:3]) for name in names] == list(range(1, len(names) + 1))


@pytest.mark.asyncio
async def test_new_database_gets_all(conn: FakeConnection, files: list[Path]) -> None:
    """Without the table schema_migrations, every migration is applied."""
    conn.on("SELECT to_regclass('schema_migrations') IS NOT NULL").value(False)
    conn.on(USERS)
    conn.on(RECORD, "001_users.sql", checksum(USERS)).tag("INSERT 0 1")
    conn.on(ROLES)
    conn.on(RECORD, "002_roles.sql", checksum(ROLES)).tag("INSERT 0 1")

    done = await apply_migrations(conn, files)

    assert done == ["001_users.sql", "002_roles.sql"]


@pytest.mark.asyncio
async def test_known_migrations_are_left_out(conn: FakeConnection, files: list[Path]) -> None:
    """Applied migrations are skipped."""
    on_record(conn, {"name": "001_users.sql", "checksum": checksum(USERS)})
    conn.on(ROLES)
    conn.on(RECORD, "002_roles.sql", checksum(ROLES)).tag("INSERT 0 1")

    assert await apply_migrations(conn, files) == ["002_roles.sql"]


@pytest.mark.asyncio
async def test_complete_database_gets_nothing(conn: FakeConnection, files: list[Path]) -> None:
    """The command is safe to repeat."""
    on_record(
        conn,
        {"name": "001_users.sql", "checksum": checksum(USERS)},
        {"name": "002_roles.sql", "checksum": checksum(ROLES)},
    )

    assert await apply_migrations(conn, files) == []
    conn.assert_called(RECORD, times=0)


@pytest.mark.asyncio
async def test_all_happens_in_one_transaction(conn: FakeConnection, files: list[Path]) -> None:
    """All statements run in one transaction, which is committed."""
    on_record(conn)
    conn.on("CREATE TABLE ...")
    conn.on(RECORD).tag("INSERT 0 1")

    await apply_migrations(conn, files)

    (transaction,) = conn.transactions
    assert transaction.state == "committed"
    assert transaction.calls == conn.calls


@pytest.mark.asyncio
async def test_lock_comes_before_record_is_read(conn: FakeConnection, files: list[Path]) -> None:
    """The lock is taken before the applied migrations are read."""
    on_record(conn)
    conn.on("CREATE TABLE ...")
    conn.on(RECORD).tag("INSERT 0 1")

    await apply_migrations(conn, files)

    statements = [call.statement for call in conn.calls]
    lock = statements.index("SELECT 1 FROM pg_advisory_xact_lock($1)")
    assert lock < statements.index("SELECT name, checksum FROM schema_migrations")


@pytest.mark.asyncio
async def test_waiting_for_lock_has_no_time_limit(conn: FakeConnection, files: list[Path]) -> None:
    """The statement timeout of the pool is disabled for migrations."""
    on_record(conn)
    conn.on("CREATE TABLE ...")
    conn.on(RECORD).tag("INSERT 0 1")

    await apply_migrations(conn, files)

    assert conn.calls[0].statement == "SET LOCAL statement_timeout = 0"


@pytest.mark.asyncio
async def test_edited_migration_is_refused(conn: FakeConnection, files: list[Path]) -> None:
    """An edited migration is rejected."""
    on_record(conn, {"name": "001_users.sql", "checksum": checksum("CREATE TABLE other ();")})

    with pytest.raises(MigrationError) as exc:
        await apply_migrations(conn, files)

    assert str(exc.value) == "001_users.sql foi alterada depois de aplicada"
    assert conn.transactions[0].state == "rolled back"


@pytest.mark.asyncio
async def test_broken_migration_names_its_file(conn: FakeConnection, files: list[Path]) -> None:
    """The error names the file, and the transaction is rolled back."""
    on_record(conn)
    conn.on(USERS)
    conn.on(ROLES).raises(db_error("42601", 'syntax error at or near "TABEL"'))
    conn.on(RECORD).tag("INSERT 0 1")

    with pytest.raises(MigrationError) as exc:
        await apply_migrations(conn, files)

    assert str(exc.value) == '002_roles.sql: db error: ERROR: syntax error at or near "TABEL"'
    assert conn.transactions[0].state == "rolled back"


def test_main_reports_what_it_did(
    dal_conn: FakeConnection, files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The output lists the files and their number, and the status is 0."""
    dal_conn.execute_return = []
    dal_conn.fetch_val_return = False

    status = migrate.main([str(files[0].parent)])

    assert (status, capsys.readouterr().out.splitlines()) == (
        0,
        [
            "Aplicada: 001_users.sql",
            "Aplicada: 002_roles.sql",
            "2 migração(ões) aplicada(s)",
        ],
    )


def test_main_applies_own_migrations_by_default(
    dal_conn: FakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an argument, the project's migrations are applied."""
    dal_conn.execute_return = []
    dal_conn.fetch_val_return = False

    migrate.main([])

    assert "Aplicada: 002_users.sql\n" in capsys.readouterr().out


def test_main_with_wrong_folder_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error is one line on stderr, and the status is 1."""
    status = migrate.main([str(tmp_path)])

    assert status == 1
    assert capsys.readouterr().err == f"Erro: Nenhuma migração (*.sql) em {tmp_path}\n"


def test_main_without_database_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unreachable database is reported without a traceback."""
    monkeypatch.setenv("BACKEND_DATABASE_URL", "postgresql://nobody@/none?host=/nonexistent")

    status = migrate.main([])

    assert (status, capsys.readouterr().err) == (
        1,
        "Erro: Erro ao conectar ao banco de dados: banco de dados indisponível\n",
    )
