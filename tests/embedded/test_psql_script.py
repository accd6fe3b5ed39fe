"""Files for psql: its commands are carried out, ignored, or refused with the line."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from understudy.embedded import SchemaError, load_schema
from understudy.embedded.psql_script import Connect, Source, read_script
from understudy.embedded.schema import read_files


def read(text: str) -> list[str]:
    """The statements of a file, with the rows of COPY, and what it connects to."""

    def nothing(name: str, folder: Path | None) -> Source:
        raise AssertionError(name)

    return [
        f"connect {step.database} {step.user}"
        if isinstance(step, Connect)
        else step.text + (f" <{step.rows}>" if step.rows is not None else "")
        for step in read_script(Source("a.sql", text), nothing)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("-- only a comment\n;;", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT ';' -- ;\n; /* ; /* ; */ */ SELECT $a$;$a$", 3),
        ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3", 2),
        ("CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2); SELECT 3", 2),
        # What only prints, or protects a dump.
        ("\\restrict a;b'\n\\echo it's 'x'\n\\timing on\n\\dt+ *.*\nSELECT 1;\n\\unrestrict a", 1),
        # COPY, and whatever its rows look like.
        ("COPY t FROM stdin;\n1\t'\n\\N\t$$;--\n\\.\nSELECT 1",
         ["COPY t FROM stdin <1\t'\n\\N\t$$;--\n>", "SELECT 1"]),
        ("COPY t FROM STDIN WITH (FORMAT csv, HEADER);\r\na;b\r\n\\.\r\nSELECT 1",
         ["COPY t FROM STDIN WITH (FORMAT csv, HEADER) <a;b\r\n>", "SELECT 1"]),
        ("copy t (a, b) from stdin csv;\n\\.x\n1", ["copy t (a, b) from stdin csv <\\.x\n1>"]),
        ("COPY t FROM stdin; -- rows follow", ["COPY t FROM stdin <>"]),
        ("INSERT INTO t SELECT x FROM stdin;", ["INSERT INTO t SELECT x FROM stdin"]),
        ("CREATE TABLE copy (stdin int);", ["CREATE TABLE copy (stdin int)"]),
        # Databases and users.
        ("\\connect a\n\\c - b\n\\c", ["connect a -", "connect - b", "connect - -"]),
        ("\\connect -reuse-previous=on \"dbname='a b'\"", ["connect a b -"]),
        ("\\c postgresql://me@here:1/shop?x=1", ["connect shop -"]),
        # Variables.
        ("\\set n 5\n\\set t my table\nSELECT :n, :'t', :\"t\", x::n, ':n', a[1:n], :m",
         ["SELECT 5, 'mytable', \"mytable\", x::n, ':n', a[15], :m"]),
        ("\\set q 'it''s'\nSELECT :'q', :{?q}, :{?r}", ["SELECT 'it''s', TRUE, FALSE"]),
        ("\\set a 1\n\\unset a\nSELECT :a", ["SELECT :a"]),
        # Conditions.
        ("\\if true\nSELECT 1;\n\\elif nonsense\nSELECT 2;\n\\else\nSELECT 3;\n\\endif\nSELECT 4;",
         ["SELECT 1", "SELECT 4"]),
        ("\\if :{?x}\n\\! rm\nSELECT 1;\n\\if 1\nSELECT 2;\n\\endif\n\\else\nSELECT 3;\n\\endif",
         ["SELECT 3"]),
        ("\\set x on\nSELECT\n\\if :x\n  1\n\\else\n  2\n\\endif\n;", 1),
        # Ends.
        ("SELECT 1 \\g\nSELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1;\n\\q\nSELECT 2;", ["SELECT 1"]),
        ("SELECT 'not closed; SELECT 2", ["SELECT 'not closed; SELECT 2"]),
    ],
)  # fmt: skip
def test_a_file_is_read_as_psql_reads_it(text: str, expected: list[str] | int) -> None:
    found = read(text)
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_a_condition_inside_a_statement() -> None:
    [statement] = read("SELECT\n\\if 0\n 1\n\\else\n 2\n\\endif\n, 3;")
    assert statement.split() == ["SELECT", "2", ",", "3"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("SELECT 1\n\\gset", "\\gset"),
        ("\n\\! rm -rf", "\\!"),
        ("\n\\prompt x", "\\prompt"),
        ("\n\\copy t to 'file'", "\\copy"),
        ("\n\\copy t from program 'x'", "\\copy"),
        ("\n\\.", "\\."),
        ("\n\\if maybe", "\\if maybe, which is neither true nor false"),
        ("\n\\endif", "\\endif without \\if"),
    ],
)
def test_a_command_that_is_not_carried_out(text: str, what: str) -> None:
    with pytest.raises(SchemaError) as caught:
        read(text)
    assert str(caught.value) == (
        f"The schema file a.sql, line 2, has the psql command {what}, which Understudy does not "
        "carry out.\n"
        'Remove it, or run psql in a function and name that: schema = "tests.schema:create".\n'
        "Understudy carries out \\connect, \\copy ... from a file, \\g, \\gexec, \\i, \\if, \\ir,"
        " \\q, \\set and \\unset. It ignores \\restrict and what only prints."
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "db" / "parts").mkdir(parents=True)
    (tmp_path / "db" / "all.sql").write_text(
        "\\set ON_ERROR_STOP on\n\\set kind text\n\\ir parts/users.sql\n\\i db/rows.sql\n"
        "\\copy users (name) from 'db/users.csv' with (format csv, header)\n"
    )
    (tmp_path / "db" / "parts" / "users.sql").write_text("CREATE TABLE users (name :kind);\n")
    (tmp_path / "db" / "rows.sql").write_text("INSERT INTO users VALUES ('Ana');\n")
    (tmp_path / "db" / "users.csv").write_text("name\n\"Bob; 'x'\"\n")
    return tmp_path


def test_files_that_a_file_includes(database: str, project: Path) -> None:
    files = load_schema(database, ["db/all.sql"], project)
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT name FROM users").fetchall()
    assert rows == [("Ana",), ("Bob; 'x'",)]
    # They belong to the schema: a change in them is one of the schema.
    assert len(files) == len(read_files(["db/all.sql"], project)) == 4


def test_an_error_in_an_included_file_names_it(database: str, project: Path) -> None:
    (project / "db" / "rows.sql").write_text("\nINSERT INTO users VALUES (1, 2);\n")
    with pytest.raises(SchemaError) as caught:
        load_schema(database, ["db/all.sql"], project)
    assert str(caught.value).splitlines()[0] == (
        "PostgreSQL refused the schema file db/rows.sql, line 2, column 30"
    )


def test_an_error_after_a_replaced_variable_names_the_statement(
    database: str, tmp_path: Path
) -> None:
    (tmp_path / "a.sql").write_text(
        "\\set kind intt\nCREATE TABLE a (x int);\nCREATE TABLE b (x :kind);"
    )
    with pytest.raises(SchemaError) as caught:
        load_schema(database, ["a.sql"], tmp_path)
    assert str(caught.value) == (
        "PostgreSQL refused the schema file a.sql, line 3, column 1\n"
        "  CREATE TABLE b (x :kind);\n"
        "  ^\n"
        'ERROR 42704 (undefined_object): type "intt" does not exist'
    )


def test_files_that_include_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("\\ir a.sql")
    with pytest.raises(SchemaError) as caught:
        read_files(["a.sql"], tmp_path)
    assert str(caught.value) == "The schema file a.sql includes itself."


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("\\i b.sql")
    with pytest.raises(SchemaError) as caught:
        read_files(["a.sql"], tmp_path)
    assert str(caught.value) == "Cannot read the schema file b.sql: No such file or directory"


def test_rows_that_a_table_refuses(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("CREATE TABLE t (x int);\nCOPY t FROM stdin;\n1\nx\n\\.\n")
    with pytest.raises(SchemaError) as caught:
        load_schema(database, ["a.sql"], tmp_path)
    assert str(caught.value) == (
        "PostgreSQL refused the schema file a.sql, line 2, column 1\n"
        "  COPY t FROM stdin;\n"
        "  ^\n"
        'ERROR 22P02 (invalid_text_representation): invalid input syntax for type integer: "x"\n'
        'CONTEXT: COPY t, line 2, column x: "x"'
    )


def test_rows_that_copy_returns_are_left_out(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("COPY (SELECT 1) TO stdout; CREATE TABLE t (x int);")
    load_schema(database, ["a.sql"], tmp_path)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_settings_end_with_their_file_and_with_a_connection(database: str, tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text(
        "SELECT pg_catalog.set_config('search_path', '', false);\n\\connect mine\n"
        "CREATE TABLE t AS SELECT current_setting('search_path') AS path;"
        "SET search_path = pg_catalog;"
    )
    (tmp_path / "2.sql").write_text("INSERT INTO t SELECT current_setting('search_path')")
    load_schema(database, ["*.sql"], tmp_path)
    with psycopg.connect(database) as connection:
        assert set(connection.execute("SELECT path FROM t")) == {('"$user", public',)}


def test_what_a_query_returns_is_executed(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "SELECT 'CREATE DATABASE app' WHERE NOT EXISTS (SELECT FROM pg_database WHERE oid = 7)"
        " \\gexec\n"
        "SELECT format('CREATE TABLE t%s (x int)', n), NULL FROM generate_series(1, 2) n\\gexec\n"
        "GRANT SELECT ON t1, t2 TO a_reader_of_both;"
    )
    load_schema(database, ["a.sql"], tmp_path)
    (tmp_path / "a.sql").write_text("\nSELECT 'CREATE TABLE t1 (x int)' \\gexec")
    with pytest.raises(SchemaError, match="line 2, column 1") as caught:
        load_schema(database, ["a.sql"], tmp_path)
    assert 'relation "t1" already exists' in str(caught.value)
    (tmp_path / "a.sql").write_text("SELECT x \\gexec")
    with pytest.raises(SchemaError, match='column "x" does not exist'):
        load_schema(database, ["a.sql"], tmp_path)
