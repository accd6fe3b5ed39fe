"""A database of `real_mysql`, as one test after another uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from understudy.mysql_server.address import Address
from understudy.mysql_server.databases import MysqlDatabases
from understudy.real_mysql.fixture import RealMysql
from understudy.real_mysql.isolation import Isolation
from understudy.real_mysql.server import RealMysqlServer
from understudy.script import expectations

SCHEMA = """
CREATE TABLE plans (name VARCHAR(10) PRIMARY KEY, price INT NOT NULL);
INSERT INTO plans VALUES ('free', 0), ('paid', 10);
CREATE TABLE Users (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    email VARCHAR(80) NOT NULL UNIQUE,
    plan VARCHAR(10) NOT NULL DEFAULT 'free',
    FOREIGN KEY (plan) REFERENCES plans (name)
);
CREATE TABLE orders (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    total INT NOT NULL CHECK (total > 5),
    FOREIGN KEY (user_id) REFERENCES Users (id) ON DELETE CASCADE
);
CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT NOT NULL);
CREATE TABLE seeded (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT NOT NULL) AUTO_INCREMENT = 7;
INSERT INTO seeded (what) VALUES ('first');
CREATE TABLE kinds (
    id INT PRIMARY KEY AUTO_INCREMENT,
    flag BOOLEAN NOT NULL, small SMALLINT NOT NULL, money DECIMAL(6, 2) NOT NULL,
    whole DECIMAL(5) NOT NULL, half FLOAT NOT NULL, day DATE NOT NULL, at TIME NOT NULL,
    moment DATETIME NOT NULL, in_year YEAR NOT NULL, state ENUM('a', 'it''s') NOT NULL,
    tags SET('x', 'y') NOT NULL, bits BIT(4) NOT NULL, document JSON NOT NULL,
    token CHAR(36) NOT NULL, raw BINARY(4) NOT NULL, blobs BLOB NOT NULL, code VARCHAR(3) NOT NULL,
    spot POINT NOT NULL, spots MULTIPOINT NOT NULL, way LINESTRING NOT NULL, area POLYGON NOT NULL,
    ways MULTILINESTRING NOT NULL, areas MULTIPOLYGON NOT NULL, shape GEOMETRY NOT NULL,
    shapes GEOMETRYCOLLECTION NOT NULL, twice INT AS (small * 2) STORED, note TEXT
);
CREATE VIEW emails AS SELECT id, email FROM Users;
CREATE TABLE notes (id INT PRIMARY KEY, text TEXT);
CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(9) NOT NULL) ENGINE = MyISAM;
DELIMITER //
CREATE TRIGGER seeded_insert AFTER INSERT ON seeded FOR EACH ROW
    INSERT INTO audit (what) VALUES (CONCAT('+', NEW.what)) //
CREATE TRIGGER seeded_delete AFTER DELETE ON seeded FOR EACH ROW
    INSERT INTO audit (what) VALUES (CONCAT('-', OLD.what)) //
CREATE PROCEDURE add_note(number INT) BEGIN INSERT INTO notes VALUES (number, 'x'); END //
DELIMITER ;
"""


@pytest.fixture(scope="session")
def databases(
    mysql_server: Address, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MysqlDatabases]:
    root: Path = tmp_path_factory.mktemp("real_mysql")
    (root / "schema.sql").write_text(SCHEMA)
    found = MysqlDatabases(["schema.sql"], root, mysql_url=mysql_server.url).start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def server(databases: MysqlDatabases) -> Iterator[RealMysqlServer]:
    made = RealMysqlServer(lambda: databases.place)
    made.start()
    yield made
    made.stop()


@pytest.fixture(params=["delete", "rollback"])
def real(server: RealMysqlServer, request: pytest.FixtureRequest) -> Iterator[RealMysql]:
    made = RealMysql(server, "seed", isolation=request.param)
    yield made
    made.end()


@contextmanager
def another_test(
    server: RealMysqlServer, isolation: Isolation = "delete"
) -> Iterator[tuple[RealMysql, list[str]]]:
    """Run a test in between; yield its fixture, and the failures that it will be reported with."""
    found: list[str] = []
    with expectations.opened() as state:
        made = RealMysql(server, "seed", isolation=isolation)
        yield made, found
        made.end()
    found += [f"{type(failure).__name__}: {failure}" for failure in state.verify()]
