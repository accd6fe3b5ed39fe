from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from understudy.embedded import EmbeddedServer, PostgresUnavailable, SchemaError, load_schema
from understudy.embedded.schema import schema_files


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        (root / f"{name}.sql").write_text(text, encoding="utf-8")


def refused(database: str, root: Path, text: str, name: str = "schema") -> str:
    write(root, **{name: text})
    with pytest.raises(SchemaError) as caught:
        load_schema(database, [f"{name}.sql"], root)
    return str(caught.value)


def missing(patterns: list[str], root: Path) -> str:
    with pytest.raises(SchemaError) as caught:
        schema_files(patterns, root)
    return str(caught.value)


class TestFiles:
    def test_numbers_in_names_compare_as_numbers(self, tmp_path: Path) -> None:
        names = ["10_c", "1_a", "2_b", "V1.10__x", "V1.9__x", "0001_z", "b"]
        write(tmp_path, **dict.fromkeys(names, ""))
        assert [path.stem for path in schema_files(["*.sql"], tmp_path)] == [
            "1_a",
            "0001_z",
            "2_b",
            "10_c",
            "V1.9__x",
            "V1.10__x",
            "b",
        ]

    def test_patterns_keep_their_order_and_a_file_runs_once(self, tmp_path: Path) -> None:
        write(tmp_path, a="", b="", z="")
        files = schema_files(["z.sql", "*.sql"], tmp_path)
        assert [path.stem for path in files] == ["z", "a", "b"]

    def test_folders_may_be_nested_and_paths_absolute(self, tmp_path: Path) -> None:
        (tmp_path / "db" / "10").mkdir(parents=True)
        (tmp_path / "db" / "9").mkdir()
        write(tmp_path / "db" / "10", x="")
        write(tmp_path / "db" / "9", x="")
        expected = [tmp_path / "db/9/x.sql", tmp_path / "db/10/x.sql"]
        assert schema_files(["db/**/*.sql"], tmp_path) == expected
        assert schema_files([f"{tmp_path}/db/*/*.sql"], Path("/nowhere")) == expected

    def test_an_empty_list(self, tmp_path: Path) -> None:
        assert missing([], tmp_path) == (
            "No schema to load: the list of patterns is empty.\n"
            "Name the files, in order, in pyproject.toml:\n"
            '[tool.understudy]\nschema = ["db/migrations/*.sql"]'
        )

    def test_a_pattern_that_matches_nothing(self, tmp_path: Path) -> None:
        assert missing(["db/*.sql"], tmp_path) == (
            f"The schema pattern 'db/*.sql' matches no file in {tmp_path}"
        )

    def test_a_pattern_that_names_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "db").mkdir()
        assert missing(["db/"], tmp_path) == (
            f"The schema pattern 'db/' matches no file in {tmp_path}\n"
            'It is a folder. Did you mean "db/*.sql"?'
        )

    def test_a_pattern_that_is_none(self, tmp_path: Path) -> None:
        first, last = missing([""], tmp_path).splitlines()
        # The reason is Python's, and differs between its versions.
        assert first.startswith("The schema pattern '' is not a file pattern: Unacceptable pattern")
        assert last == 'Write it like "db/migrations/*.sql".'

    @pytest.mark.skipif(
        sys.platform == "win32" or os.geteuid() == 0, reason="root reads every file"
    )
    def test_a_file_without_read_permission(self, tmp_path: Path) -> None:
        write(tmp_path, a="")
        (tmp_path / "a.sql").chmod(0)
        with pytest.raises(SchemaError) as caught:
            load_schema("postgresql://nowhere/x", ["a.sql"], tmp_path)
        assert str(caught.value) == "Cannot read the schema file a.sql: Permission denied"

    def test_a_file_that_cannot_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(path: Path) -> bytes:
            raise OSError(5, "Input/output error")

        write(tmp_path, a="")
        monkeypatch.setattr(Path, "read_bytes", fail)
        with pytest.raises(SchemaError) as caught:
            load_schema("postgresql://nowhere/x", ["a.sql"], tmp_path)
        assert str(caught.value) == "Cannot read the schema file a.sql: Input/output error"

    def test_a_file_in_another_encoding(self, tmp_path: Path) -> None:
        (tmp_path / "a.sql").write_bytes("SELECT 1;\n-- ação".encode("latin-1"))
        with pytest.raises(SchemaError) as caught:
            load_schema("postgresql://nowhere/x", ["a.sql"], tmp_path)
        assert str(caught.value) == (
            "The schema file a.sql is not UTF-8: line 2: byte 0xe7: invalid continuation byte\n"
            "Convert it, for example: iconv -f LATIN1 -t UTF-8 a.sql"
        )

    def test_a_file_with_a_nul_is_not_cut_off_there(self, tmp_path: Path) -> None:
        (tmp_path / "a.sql").write_bytes(b"SELECT 1;\n\0CREATE TABLE lost (x int);")
        with pytest.raises(SchemaError) as caught:
            load_schema("postgresql://nowhere/x", ["a.sql"], tmp_path)
        assert str(caught.value) == (
            "The schema file a.sql is not UTF-8: line 2: it contains a NUL, as UTF-16 does\n"
            "Convert it, for example: iconv -f LATIN1 -t UTF-8 a.sql"
        )


class TestLoading:
    def test_loads_in_order_and_returns_the_files(self, database: str, tmp_path: Path) -> None:
        (tmp_path / "2.sql").write_text("\ufeffINSERT INTO t VALUES ('ação;');", encoding="utf-8")
        write(
            tmp_path,
            **{
                "1": "SET search_path TO ''; CREATE TABLE public.t (x text);",
                "10": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;",
                "11": "-- nothing but a comment\n",
            },
        )
        files = load_schema(database, ["*.sql"], tmp_path)
        assert [path.name for path in files] == ["1.sql", "2.sql", "10.sql", "11.sql"]
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT x, f() FROM t").fetchone() == ("ação;", 1)

    def test_a_large_file_with_many_notices(self, database: str, tmp_path: Path) -> None:
        write(tmp_path, a="DROP TABLE IF EXISTS nothing; -- and go on\n" * 20_000)
        assert load_schema(database, ["a.sql"], tmp_path) == [tmp_path / "a.sql"]

    def test_ctrl_c_ends_a_long_migration(self, database: str, tmp_path: Path) -> None:
        import _thread

        write(tmp_path, a="SELECT pg_sleep(20)")
        timer = threading.Timer(0.2, _thread.interrupt_main)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            load_schema(database, ["a.sql"], tmp_path)
        timer.join()

    def test_a_server_that_is_not_there(self, tmp_path: Path) -> None:
        write(tmp_path, a="SELECT 1")
        with pytest.raises(PostgresUnavailable) as caught:
            load_schema(f"postgresql://me:secret@/x?host={tmp_path}&port=1", ["a.sql"], tmp_path)
        # The first words of the reason are psycopg's, and differ between its versions.
        message = str(caught.value)
        assert message.startswith(
            f"Cannot connect to PostgreSQL at postgresql://me:***@/x?host={tmp_path}&port=1: conn"
        )
        assert message.endswith(
            f'on socket "{tmp_path}/.s.PGSQL.1" failed: No such file or directory Is the server '
            "running locally and accepting connections on that socket?"
        )


class TestRefused:
    def test_a_syntax_error(self, database: str, tmp_path: Path) -> None:
        text = (
            "CREATE TABLE ok (x int);\n\nCREATE TABLE ação (\n\tid intt,\n  x int NOTT NULL\n);\n"
        )
        assert refused(database, tmp_path, text) == (
            "PostgreSQL refused the schema file schema.sql, line 5, column 9\n"
            "    x int NOTT NULL\n"
            "          ^\n"
            'ERROR 42601 (syntax_error): syntax error at or near "NOTT"'
        )
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT to_regclass('ok')").fetchone() == (None,)

    def test_an_unknown_type_after_tabs_and_wide_letters(
        self, database: str, tmp_path: Path
    ) -> None:
        assert refused(database, tmp_path, 'CREATE TABLE "日本" (\tid intt);') == (
            "PostgreSQL refused the schema file schema.sql, line 1, column 24\n"
            '  CREATE TABLE "日本" (\tid intt);\n'
            "                       \t   ^\n"
            'ERROR 42704 (undefined_object): type "intt" does not exist'
        )

    def test_a_hint(self, database: str, tmp_path: Path) -> None:
        text = "CREATE TABLE users (email text);\nCREATE VIEW v AS SELECT emial FROM users;"
        assert refused(database, tmp_path, text) == (
            "PostgreSQL refused the schema file schema.sql, line 2, column 25\n"
            "  CREATE VIEW v AS SELECT emial FROM users;\n"
            "                          ^\n"
            'ERROR 42703 (undefined_column): column "emial" does not exist\n'
            'HINT: Perhaps you meant to reference the column "users.email".'
        )

    def test_an_error_without_a_position_is_found_by_its_statement(
        self, database: str, tmp_path: Path
    ) -> None:
        text = (
            "-- a; comment\nCREATE TABLE t (x int UNIQUE);;\n"
            "INSERT INTO t VALUES (1);\n  /* twice */ INSERT INTO t VALUES (1);\nSELECT 1;"
        )
        assert refused(database, tmp_path, text) == (
            "PostgreSQL refused the schema file schema.sql, line 4, column 15\n"
            "    /* twice */ INSERT INTO t VALUES (1);\n"
            "                ^\n"
            "ERROR 23505 (unique_violation): duplicate key value violates unique constraint "
            '"t_x_key"\n'
            "DETAIL: Key (x)=(1) already exists."
        )

    def test_an_error_inside_a_block(self, database: str, tmp_path: Path) -> None:
        text = "SELECT 1;\nDO $$ BEGIN\n  EXECUTE 'SELEC 1';\nEND $$;"
        assert refused(database, tmp_path, text) == (
            "PostgreSQL refused the schema file schema.sql, line 2, column 1\n"
            "  DO $$ BEGIN\n"
            "  ^\n"
            'ERROR 42601 (syntax_error): syntax error at or near "SELEC"\n'
            "QUERY: SELEC 1\n"
            "CONTEXT: PL/pgSQL function inline_code_block line 2 at EXECUTE"
        )

    def test_an_extension_that_is_not_there(self, database: str, tmp_path: Path) -> None:
        with psycopg.connect(database) as connection:
            row = connection.execute("SHOW server_version").fetchone()
            detail = connection.execute("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'")
            share = detail.fetchone()
        assert row is not None
        assert share is not None
        message = refused(database, tmp_path, "BEGIN;\nCREATE EXTENSION postgis;\nCOMMIT;")
        lines = [line for line in message.splitlines() if not line.startswith("DETAIL: ")]
        assert lines == [
            "PostgreSQL refused the schema file schema.sql, line 2, column 1",
            "  CREATE EXTENSION postgis;",
            "  ^",
            'ERROR 0A000 (feature_not_supported): extension "postgis" is not available',
            "HINT: The extension must first be installed on the system where PostgreSQL is "
            "running.",
            f"The embedded PostgreSQL {row[0]} does not have the extension 'postgis'. "
            "It has: plpgsql, vector.",
        ]

    def test_a_transaction_that_is_not_ended(self, database: str, tmp_path: Path) -> None:
        assert refused(database, tmp_path, "BEGIN; CREATE TABLE t (x int);") == (
            "The schema file schema.sql begins a transaction and does not end it: nothing of it "
            "would be kept.\nAdd COMMIT at its end, or remove BEGIN."
        )

    def test_a_server_that_dies_while_loading(self, database: str, tmp_path: Path) -> None:
        message = refused(database, tmp_path, "SELECT pg_terminate_backend(pg_backend_pid());")
        assert message.splitlines()[-1] == (
            "ERROR 57P01 (admin_shutdown): terminating connection due to administrator command"
        )


def test_the_server_is_not_disturbed_by_all_this(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
