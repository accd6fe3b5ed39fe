"""Which constraints of a MySQL a statement can violate, and how the server words it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.mysql_places import new_database
from understudy.mysql_catalog.schema import foreign_key_definitions, read_schema
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.errors import MysqlDatabaseError
from understudy.script.boundary import CallId, Event
from understudy.script.mysql_calls import MysqlCall
from understudy.sweep.faults import FAULTS, Fault, Schemas, possible
from understudy.sweep.violations import MysqlSchema

TABLES = """
    CREATE TABLE `User` (
        id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(80) NOT NULL, nick VARCHAR(20),
        code INT, UNIQUE KEY mail (email), UNIQUE KEY both_parts (nick, code)
    );
    CREATE TABLE `or``ders` (
        id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, amount INT NOT NULL CHECK (amount > 0),
        rest INT, payload JSON, CONSTRAINT rest_known CHECK (rest < 100),
        CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES `User` (id)
    );
    CREATE TABLE notes (
        user_id INT NOT NULL, text VARCHAR(80),
        CONSTRAINT of_author FOREIGN KEY (user_id) REFERENCES `User` (id) ON DELETE CASCADE
    );
    CREATE TABLE logged (id INT PRIMARY KEY);
    CREATE TRIGGER log BEFORE INSERT ON logged FOR EACH ROW SET NEW.id = NEW.id + 1;
    CREATE VIEW mails AS SELECT email FROM `User`;
"""
USER = "INSERT INTO `User` (email, nick, code) VALUES ('ana', 'a', 7)"
ORDER = "INSERT INTO `or``ders` (user_id, amount) VALUES (1, 5)"


@pytest.fixture(scope="module")
def admin(mysql_server: Address) -> Iterator[Admin]:
    with new_database(mysql_server, f"swept_{os.getpid()}") as address, Admin(address) as admin:
        for statement in filter(str.strip, TABLES.split(";")):
            admin.rows(statement)
        yield admin


@pytest.fixture(scope="module")
def schema(admin: Admin) -> MysqlSchema:
    found = read_schema(admin.connection)
    return MysqlSchema(found, foreign_key_definitions(admin.connection, found))


def violations(schema: MysqlSchema, statement: str, *bound: object) -> list[Fault]:
    call = MysqlCall(statement, bound)
    event = Event(CallId("", "statement", call.shape, 1), "statement", call, None, "call")
    event.database = "mysql"
    found = possible(event, FAULTS, Schemas(mysql=schema), wrote=True)
    return [fault for fault in found if fault.constraint is not None]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (USER, ["1062 both_parts", "1062 mail", "1048 email"]),
        ("insert `User` set EMAIL = 'ana'", ["1062 mail", "1048 email"]),
        (USER.replace("'a'", "NULL"), ["1062 mail", "1048 email"]),
        (f"{USER}, ('bia', NULL, 8)", ["1062 both_parts", "1062 mail", "1048 email"]),
        ("INSERT INTO `User` (nick) VALUES ('a')", []),
        ("INSERT INTO `User` VALUES (NULL, 'ana', NULL, 7)", ["1062 mail", "1048 email"]),
        ("REPLACE INTO `User` (email) VALUES ('ana')", ["1048 email"]),
        ("INSERT IGNORE INTO `User` (email) VALUES ('ana')", []),
        (
            "INSERT INTO `User` (email) VALUES ('a') ON DUPLICATE KEY UPDATE nick = 'b'",
            ["1048 email"],
        ),
        ("INSERT INTO `User` (email) SELECT text FROM notes", ["1062 mail"]),
        ("INSERT INTO `User` (email) VALUES (LOWER('A'))", ["1062 mail"]),
        ("INSERT INTO mails (email) VALUES ('ana')", []),
        ("INSERT INTO logged (id) VALUES (1)", []),
        ("INSERT INTO nowhere (id) VALUES (1)", []),
        ("UPDATE `User` u SET u.email = 'ana' WHERE u.id = 7", ["1062 mail", "1048 email"]),
        ("UPDATE `User` SET `nick` = 'a'", ["1062 both_parts"]),
        ("UPDATE `User` SET nick = NULL", []),
        ("UPDATE `User` u JOIN notes n ON n.user_id = u.id SET u.email = n.text", []),
        (ORDER, ["4025 amount", "1452 of_user", "1048 amount"]),
        ("INSERT INTO `or``ders` (user_id, rest) VALUES (NULL, 5)", ["4025 rest_known"]),
        ("INSERT INTO `or``ders` (payload) VALUES ('{}')", []),
        ("DELETE FROM `User` WHERE id = 7", ["1451 of_user"]),
        ("DELETE FROM notes", []),
        ("SELECT email FROM `User` # a comment with INSERT INTO `User`", []),
    ],
)  # fmt: skip
def test_only_what_the_statement_can_violate(
    schema: MysqlSchema, statement: str, expected: list[str]
) -> None:
    code = "4025" if schema.schema.is_mariadb else "3819"

    labels = [fault.label.replace(code, "4025") for fault in violations(schema, statement)]

    assert labels == expected


def test_a_bound_value_counts_as_one_in_the_text(schema: MysqlSchema) -> None:
    statement = "INSERT INTO `User` (email, nick) VALUES (?, ?)"

    assert [fault.label for fault in violations(schema, statement, "ana", None)] == [
        "1062 mail",
        "1048 email",
    ]


def test_without_strict_mode_only_a_single_new_row_is_refused(schema: MysqlSchema) -> None:
    loose = replace(schema, schema=replace(schema.schema, sql_mode=""))
    several = "INSERT INTO `User` (email) VALUES ('ana'), ('bia')"

    labels = [
        [fault.label for fault in violations(loose, statement) if fault.name == "1048"]
        for statement in (USER, several, "UPDATE `User` SET email = 'ana'")
    ]

    assert labels == [["1048 email"], [], []]


@pytest.mark.parametrize(
    ("statement", "label", "violating"),
    [
        (USER, "1062 mail", USER.replace("7)", "8)")),
        (USER, "1062 both_parts", USER.replace("'ana'", "'bia'")),
        (USER, "1048 email", USER.replace("'ana'", "NULL")),
        (ORDER, "1452 of_user", ORDER.replace("(1,", "(9,")),
        (ORDER, "4025 amount", ORDER.replace("5)", "-5)")),
        (
            "UPDATE `or``ders` SET rest = 1",
            "4025 rest_known",
            "UPDATE `or``ders` SET rest = 100",
        ),
        ("DELETE FROM `User`", "1451 of_user", "DELETE FROM `User`"),
    ],
)
def test_the_error_is_the_servers(
    admin: Admin, schema: MysqlSchema, statement: str, label: str, violating: str
) -> None:
    if not schema.schema.is_mariadb:
        label = label.replace("4025", "3819")
    for made in ("INSERT INTO `User` VALUES (1, 'ana', 'a', 7)", ORDER):
        admin.rows(made.replace("INSERT", "INSERT IGNORE"))
    [fault] = [fault for fault in violations(schema, statement) if fault.label == label]

    with pytest.raises(MysqlDatabaseError) as caught:
        admin.rows(violating)

    told = caught.value.__cause__
    assert told is not None
    assert told.args == (int(fault.name), fault.fields.message)
