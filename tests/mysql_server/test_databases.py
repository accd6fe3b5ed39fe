"""The databases of a run: a template with the schema, and copies of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.embedded.errors import SchemaError
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import LONGEST_WAIT, Admin
from understudy.mysql_server.databases import MysqlDatabases
from understudy.mysql_server.errors import MysqlDatabaseError, MysqlUnavailable

SCHEMA = """\
CREATE TABLE users (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    email VARCHAR(80) NOT NULL,
    low VARCHAR(80) AS (LOWER(email)) STORED
) AUTO_INCREMENT = 40;
CREATE TABLE orders (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    total INT,
    FOREIGN KEY (user_id) REFERENCES users (id)
);
INSERT INTO users (email) VALUES ('ANA');
CREATE VIEW totals AS SELECT user_id, SUM(total) AS total FROM orders GROUP BY user_id;
CREATE VIEW a_total AS SELECT * FROM totals;
DELIMITER //
CREATE FUNCTION doubled(value INT) RETURNS INT DETERMINISTIC RETURN value * 2 //
CREATE TRIGGER twice BEFORE INSERT ON orders FOR EACH ROW SET NEW.total = doubled(NEW.total) //
DELIMITER ;
"""


@pytest.fixture
def databases(mysql_server: Address, tmp_path: Path) -> Iterator[MysqlDatabases]:
    (tmp_path / "schema.sql").write_text(SCHEMA)
    found = MysqlDatabases(["schema.sql"], tmp_path, mysql_url=mysql_server.url).start()
    yield found
    found.stop()


def names(server: Address) -> set[str]:
    with Admin(server) as admin:
        return {name for (name,) in admin.rows("SHOW DATABASES LIKE 'understudy%%'")}


def test_a_copy_has_everything_of_the_schema(databases: MysqlDatabases) -> None:
    address = databases.place.new_database()

    with Admin(address) as admin:
        admin.rows("INSERT INTO users (email) VALUES ('Bob')")
        admin.rows("INSERT INTO orders (user_id, total) VALUES (41, 5)")
        users = admin.rows("SELECT * FROM users ORDER BY id")
        totals = admin.rows("SELECT * FROM a_total")
    assert users == ((40, "ANA", "ana"), (41, "Bob", "bob"))
    assert [tuple(map(int, row)) for row in totals] == [(41, 10)]


@pytest.mark.slow
def test_copies_are_apart(databases: MysqlDatabases) -> None:
    one, other = databases.place.new_database(), databases.place.new_database()

    with Admin(one) as admin:
        admin.rows("DELETE FROM users")
    with Admin(other) as admin:
        assert admin.rows("SELECT COUNT(*) FROM users") == ((1,),)


def test_the_end_of_a_run_drops_its_databases(
    databases: MysqlDatabases, mysql_server: Address
) -> None:
    name = databases.place.new_database().database
    assert {name, databases.place.template} <= names(mysql_server)

    databases.stop()

    assert not any(it.startswith(name[: len("understudy_12345678")]) for it in names(mysql_server))


def test_an_idle_run_keeps_its_databases(databases: MysqlDatabases) -> None:
    [(name, value)] = databases._running.rows("SHOW VARIABLES LIKE 'wait_timeout'")

    assert (name, int(value)) == ("wait_timeout", LONGEST_WAIT)


@pytest.mark.slow
def test_the_next_run_drops_what_a_dead_one_left(
    databases: MysqlDatabases, mysql_server: Address, tmp_path: Path
) -> None:
    with Admin(mysql_server) as admin:
        admin.rows("CREATE DATABASE understudy_0123abcd_template")
        admin.rows("CREATE DATABASE understudy_of_somebody_else")

    MysqlDatabases([], tmp_path, mysql_url=mysql_server.url).start().stop()
    found = names(mysql_server)

    assert "understudy_0123abcd_template" not in found
    assert {"understudy_of_somebody_else", databases.place.template} <= found
    with Admin(mysql_server) as admin:
        admin.rows("DROP DATABASE understudy_of_somebody_else")


def test_a_schema_that_is_refused_leaves_nothing(mysql_server: Address, tmp_path: Path) -> None:
    before = names(mysql_server)
    (tmp_path / "schema.sql").write_text("CREATE TABLE;")

    with pytest.raises(SchemaError, match=r"refused the schema file schema.sql, line 1"):
        MysqlDatabases(["schema.sql"], tmp_path, mysql_url=mysql_server.url).start()

    assert names(mysql_server) == before


@pytest.mark.slow
def test_a_user_without_the_right_to_create_databases(
    mysql_server: Address, tmp_path: Path
) -> None:
    with Admin(mysql_server) as admin:
        admin.rows("CREATE USER 'poor'@'%%' IDENTIFIED BY 'secret'")
        address = Address(mysql_server.host, mysql_server.port, "poor", "secret")
        try:
            with pytest.raises(MysqlDatabaseError) as raised:
                MysqlDatabases([], tmp_path, mysql_url=address.url).start()
        finally:
            admin.rows("DROP USER 'poor'@'%%'")

    assert str(raised.value) == (
        f"The user of mysql://poor:***@127.0.0.1:{mysql_server.port}/ may not create databases, "
        "and each test process needs one.\nGrant it, as an administrator:\n"
        "GRANT ALL ON `understudy\\_%`.* TO 'poor'@'%';"
    )


@pytest.mark.slow
def test_a_server_that_is_read_only(mysql_server: Address, tmp_path: Path) -> None:
    with Admin(mysql_server) as admin:
        admin.rows("CREATE USER 'poor'@'%%' IDENTIFIED BY 'secret'")
        admin.rows("GRANT ALL ON `understudy\\_%%`.* TO 'poor'@'%%'")
        admin.rows("SET GLOBAL read_only = 1")
        address = Address(mysql_server.host, mysql_server.port, "poor", "secret")
        try:
            with pytest.raises(MysqlDatabaseError) as raised:
                MysqlDatabases([], tmp_path, mysql_url=address.url).start()
        finally:
            admin.rows("SET GLOBAL read_only = 0")
            admin.rows("DROP USER 'poor'@'%%'")

    assert str(raised.value) == (
        f"The MySQL server at mysql://poor:***@127.0.0.1:{mysql_server.port}/ is read-only: no "
        "database can be created for the tests.\nName one that can be written."
    )


@pytest.mark.slow
def test_a_server_with_settings_of_its_own(mysql_server: Address, tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text(SCHEMA)
    with Admin(mysql_server) as admin:
        [before] = admin.rows("SELECT @@GLOBAL.sql_mode, @@GLOBAL.time_zone")
        admin.rows("SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'")
        admin.rows("SET GLOBAL time_zone = '+09:30'")
        databases = MysqlDatabases(["schema.sql"], tmp_path, mysql_url=mysql_server.url)
        try:
            address = databases.start().place.new_database()
            with Admin(address) as own:
                assert own.rows("SELECT COUNT(*) FROM users") == ((1,),)
        finally:
            databases.stop()
            admin.rows("SET GLOBAL sql_mode = %s", before[0])
            admin.rows("SET GLOBAL time_zone = %s", before[1])


def test_a_url_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(MysqlUnavailable, match=r"'mysq://here' is not the URL of a MySQL"):
        MysqlDatabases([], tmp_path, mysql_url="mysq://here").start()


@pytest.mark.slow
def test_a_process_of_its_own_ends_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.mysql_places import installation_or_skip

    installation_or_skip()
    monkeypatch.delenv("UNDERSTUDY_MYSQL_URL", raising=False)
    databases = MysqlDatabases([], tmp_path).start()
    with Admin(databases.place.address) as admin:
        [(file,)] = admin.rows("SELECT @@pid_file")
    assert Path(file).exists()

    databases.stop()

    assert not Path(file).parent.exists()
