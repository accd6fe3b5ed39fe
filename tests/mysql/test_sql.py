"""MySQL's SQL as pieces and statements."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from understudy.mysql import sql


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a.`b``c`", ["word a", "symbol .", "name `b``c`"]),
        (r"'O\'H' 'it''s' '\\'", [r"text 'O\'H'", "text 'it''s'", r"text '\\'"]),
        ('"a\\"b""c"', ['text "a\\"b""c"']),
        ("_utf8mb4'x' N'y' _id 'z'", ["text _utf8mb4'x'", "text N'y'", "word _id", "text 'z'"]),
        ("x'4D' 0x4D b'01' 0b01", ["text x'4D'", "text 0x4D", "text b'01'", "text 0b01"]),
        ("1 1.5 .5 1e-3 1.", ["number 1", "number 1.5", "number .5", "number 1e-3", "number 1."]),
        ("1st 2e a1.5", ["word 1st", "word 2e", "word a1", "symbol .", "number 5"]),
        ("@a @@session.x @`b c`", ["variable @a", "variable @@session.x", "variable @`b c`"]),
        ("? %s %(a)s %%", ["parameter ?", "parameter %s", "parameter %(a)s", "symbol %%"]),
        ("a<=>b->>c", ["word a", "symbol <=>", "word b", "symbol ->>", "word c"]),
        ("1 -- 2\n# 3\n/* 4 */--5", ["number 1", "symbol -", "symbol -", "number 5"]),
        ("/*!50003 a*/ /*! b */ /*M!100100 c */", ["word a", "word b", "word c"]),
        ("/*M!999999\\- enable the sandbox mode */ a", ["word a"]),
        ("a*/b", ["word a", "symbol *", "symbol /", "word b"]),
        ("'never closed", ["text 'never closed"]),
        ("LIKE'x'AND", ["word LIKE", "text 'x'", "word AND"]),
    ],
)
def test_pieces_are_those_of_the_manual(text: str, pieces: list[str]) -> None:
    assert [f"{piece.kind} {piece.text}" for piece in sql.pieces(text)] == pieces


@given(st.text(alphabet="aN x'\"`\\-#/*!5;.?%s@0\n", max_size=40))
@example("`never closed")
@example("/*! never closed")
@example("'\\")
def test_any_text_has_pieces_in_their_places(text: str) -> None:
    for piece in sql.pieces(text):
        assert text[piece.start : piece.end] == piece.text


@pytest.mark.parametrize(
    ("text", "one_line"),
    [
        ("SELECT  a -- b\n FROM\tt ;", "SELECT a FROM t"),
        ("SELECT/* c */a", "SELECT a"),
        ("SELECT 'a  b'", "SELECT 'a  b'"),
        ("/*!50003 CREATE*/ /*!50003 TRIGGER x*/;", "CREATE TRIGGER x"),
    ],
)
def test_a_statement_on_one_line(text: str, one_line: str) -> None:
    assert sql.one_line(text) == one_line


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (" /* c */ select 1", "SELECT"),
        ("((SELECT 1) UNION SELECT 2)", "SELECT"),
        ("WITH a(x) AS (SELECT 1), b AS (DELETE) UPDATE t SET a = 1", "UPDATE"),
        ("/*!40101 SET NAMES utf8 */", "SET"),
        ("", ""),
        ("5", ""),
    ],
)
def test_the_command_of_a_statement(text: str, command: str) -> None:
    assert sql.command_of(text) == command


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"'a\n\r\t\0\b\Z\'\"\\'", "a\n\r\t\0\b\x1a'\"\\"),
        (r"'\%\_\q'", r"\%\_q"),
        ("'it''s \"\"'", 'it\'s ""'),
        ('"it\'s \'\' """', "it's '' \""),
        ("_utf8mb4 'a'", "a"),
        ("n'a'", "a"),
        ("_binary'a'", b"a"),
        ("_binary X'00ff'", b"\0\xff"),
        ("'\udcff'", b"\xff"),
        ("0x123", b"\x01\x23"),
        ("x''", b""),
        ("b'100000001'", b"\x01\x01"),
    ],
)
def test_what_a_literal_means(literal: str, value: str | bytes) -> None:
    assert sql.text_of(literal) == value


PROCEDURE = """CREATE DEFINER=`a`@`%` PROCEDURE p() BEGIN
  IF x THEN SELECT 1; END IF;
  CASE x WHEN 1 THEN SELECT 2; ELSE BEGIN END; END CASE;
  l: LOOP SELECT CASE WHEN 1 THEN 2 END; LEAVE l; END LOOP l;
END"""


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        (" ; ;", []),
        ("SELECT ';' ; /* ; */ SELECT 2;", ["SELECT ';'", "/* ; */ SELECT 2"]),
        (f"{PROCEDURE}; SELECT 3", [PROCEDURE, "SELECT 3"]),
        ("BEGIN; SELECT 1; END", ["BEGIN", "SELECT 1", "END"]),
        ("BEGIN NOT ATOMIC a; b; END; c", ["BEGIN NOT ATOMIC a; b; END", "c"]),
        ("/*!40101 SET a = 1 */; SELECT 2", ["/*!40101 SET a = 1 */", "SELECT 2"]),
    ],
)
def test_statements_joined_by_semicolons(text: str, statements: list[str]) -> None:
    found = sql.statements(text)
    assert [statement.text for statement in found] == statements
    assert all(text.startswith(statement.text, statement.start) for statement in found)


def test_a_dump_has_the_statements_that_mysqldump_has_written() -> None:
    dump = Path(__file__).with_name("dump.sql").read_text("utf-8")
    found = sql.script_statements(dump)
    assert all(dump.startswith(statement.text, statement.start) for statement in found)
    heads = [" ".join(sql.one_line(statement.text).split()[:2]) for statement in found]
    assert [head for head in heads if not head.startswith("SET")] == [
        *["DROP TABLE", "CREATE TABLE", "LOCK TABLES", "ALTER TABLE", "INSERT INTO", "ALTER TABLE"],
        *["UNLOCK TABLES", "CREATE TRIGGER", "DROP TABLE", "DROP VIEW", "CREATE VIEW"],
        *["DROP FUNCTION", "CREATE FUNCTION", "DROP PROCEDURE", "CREATE PROCEDURE", "DROP VIEW"],
        "CREATE ALGORITHM=UNDEFINED",
    ]


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        (f"{PROCEDURE};\nSELECT 1;", [PROCEDURE, "SELECT 1"]),
        (
            "delimiter //\nSELECT 1; SELECT 2//\nDELIMITER ;\nSELECT 3",
            ["SELECT 1; SELECT 2", "SELECT 3"],
        ),
        (
            "DELIMITER $$\nSELECT '$$', `$$` -- $$\n END$$ DELIMITER ;\n",
            ["SELECT '$$', `$$` -- $$\n END"],
        ),
        ("-- nothing\n/* ; */;", []),
        ("DELIMITER", ["DELIMITER"]),
    ],
)
def test_a_script_for_the_client(script: str, statements: list[str]) -> None:
    assert [statement.text for statement in sql.script_statements(script)] == statements
