"""A schema is loaded into MySQL, or it is said what to do."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from understudy.embedded.errors import SchemaError
from understudy.embedded.schema_sources import schema_sources
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.schema import load_schema

# As mysqldump of MySQL 8 writes it, shortened.
DUMP = """\
-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47:1-5';
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;
USE `shop`;
DROP TABLE IF EXISTS `users`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
CREATE TABLE `users` (
  `id` int NOT NULL AUTO_INCREMENT,
  `email` varchar(80) NOT NULL DEFAULT ';',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4;
LOCK TABLES `users` WRITE;
/*!40000 ALTER TABLE `users` DISABLE KEYS */;
INSERT INTO `users` VALUES (1,'it\\'s; -- no comment'),(2,'b');
/*!40000 ALTER TABLE `users` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET sql_mode              = 'ONLY_FULL_GROUP_BY' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`app`@`%`*/ /*!50003 TRIGGER `lower_email` BEFORE INSERT ON
`users` FOR EACH ROW BEGIN SET NEW.email = LOWER(NEW.email); SET @seen = 1; END */;;
DELIMITER ;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`app`@`%` SQL SECURITY DEFINER */
/*!50001 VIEW `emails` AS select `users`.`email` AS `email` from `users` */;
"""


def load(database: Address, root: Path, *patterns: str) -> None:
    load_schema(database, schema_sources(patterns, root), root)


def write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(dedent(text))


def refusal(database: Address, root: Path, text: str) -> str:
    write(root, "schema.sql", text)
    with pytest.raises(SchemaError) as raised:
        load(database, root, "schema.sql")
    return str(raised.value)


def test_what_mysqldump_writes(mysql_database: Address, tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_text(DUMP)

    load(mysql_database, tmp_path, "dump.sql")

    with Admin(mysql_database) as admin:
        admin.rows("INSERT INTO users (email) VALUES ('C')")
        rows = admin.rows("SELECT * FROM users ORDER BY id")
        emails = admin.rows("SELECT * FROM emails ORDER BY email")
    assert rows == ((1, "it's; -- no comment"), (2, "b"), (7, "c"))
    assert emails == (("b",), ("c",), ("it's; -- no comment",))


def test_procedures_behind_a_delimiter(mysql_database: Address, tmp_path: Path) -> None:
    write(
        tmp_path,
        "schema.sql",
        """\
        CREATE TABLE users (id INT PRIMARY KEY);
        DELIMITER //
        CREATE PROCEDURE add_user(number INT)
        BEGIN
            INSERT INTO users VALUES (number);
            INSERT INTO users VALUES (number + 1);
        END //
        DELIMITER ;
        CALL add_user(1);
        """,
    )

    load(mysql_database, tmp_path, "schema.sql")

    with Admin(mysql_database) as admin:
        assert admin.rows("SELECT id FROM users ORDER BY id") == ((1,), (2,))


def test_a_definer_is_left_out_but_not_a_text_that_looks_like_one(
    mysql_database: Address, tmp_path: Path
) -> None:
    write(
        tmp_path,
        "schema.sql",
        """\
        CREATE TABLE notes (definer VARCHAR(40), text VARCHAR(80) DEFAULT 'DEFINER=a@b');
        CREATE OR REPLACE DEFINER = 'app'@'my-host.example' TRIGGER noted BEFORE INSERT ON notes
            FOR EACH ROW SET NEW.text = 'DEFINER=`app`@`%`, DEFINER=CURRENT_USER';
        CREATE DEFINER=app@localhost SQL SECURITY INVOKER VIEW own AS
            SELECT text, 'view' AS what FROM notes WHERE definer = CURRENT_USER();
        CREATE definer = CURRENT_USER() FUNCTION one() RETURNS INT RETURN 1;
        CREATE DEFINER=`sql` @ `%` PROCEDURE two() SELECT 'CREATE DEFINER=a@b VIEW';
        """,
    )

    load(mysql_database, tmp_path, "schema.sql")

    with Admin(mysql_database) as admin:
        admin.rows("INSERT INTO notes VALUES (CURRENT_USER(), DEFAULT), ('nobody', DEFAULT)")
        default = admin.rows("SELECT DEFAULT(text) FROM notes LIMIT 1")
        own = admin.rows("SELECT * FROM own")
        [(definer,)] = admin.rows(
            "SELECT definer FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
        )
        assert admin.rows("CALL two()") == (("CREATE DEFINER=a@b VIEW",),)
        assert ((definer,),) == admin.rows("SELECT CURRENT_USER()")
    assert default == (("DEFINER=a@b",),)
    assert own == (("DEFINER=`app`@`%`, DEFINER=CURRENT_USER", "view"),)


def test_a_file_ends_with_its_settings(mysql_database: Address, tmp_path: Path) -> None:
    write(tmp_path, "1.sql", "SET foreign_key_checks = 0; SET autocommit = 0;")
    write(tmp_path, "2.sql", "CREATE TABLE checks AS SELECT @@foreign_key_checks AS value;")

    load(mysql_database, tmp_path, "*.sql")

    with Admin(mysql_database) as admin:
        assert admin.rows("SELECT value FROM checks") == ((1,),)


def test_a_statement_that_mysql_refuses(mysql_database: Address, tmp_path: Path) -> None:
    said = refusal(
        mysql_database,
        tmp_path,
        """\
        CREATE TABLE users (id INT PRIMARY KEY);

        INSERT INTO orders (id)
        VALUES (1);
        """,
    )

    assert said == (
        "MySQL refused the schema file schema.sql, line 3: "
        f"Table '{mysql_database.database}.orders' doesn't exist (1146)\n"
        "  INSERT INTO orders (id)\n"
        "  VALUES (1)"
    )


def test_a_schema_of_postgresql(mysql_database: Address, tmp_path: Path) -> None:
    said = refusal(mysql_database, tmp_path, "CREATE TABLE users (at TIMESTAMPTZ);")

    assert said.endswith(
        "  CREATE TABLE users (at TIMESTAMPTZ)\n"
        "If `schema` is PostgreSQL's, name MySQL's schema in mysql_schema."
    )


def test_a_collation_of_another_server(mysql_database: Address, tmp_path: Path) -> None:
    text = "CREATE TABLE users (name TEXT COLLATE utf8mb4_0900_unheard_of_ci);"

    assert "replace utf8mb4_0900_ai_ci by utf8mb4_unicode_520_ci" in refusal(
        mysql_database, tmp_path, text
    )


def test_a_file_of_two_databases(mysql_database: Address, tmp_path: Path) -> None:
    said = refusal(mysql_database, tmp_path, "USE shop;\nCREATE TABLE a (id INT);\nUSE stock;\n")

    assert said == (
        "The schema file schema.sql is of two databases, shop and stock (line 3), and the database "
        "of the tests is one.\nDump each database into a file of its own."
    )


def test_a_postgresql_to_copy_from(mysql_database: Address, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="real_mysql cannot copy the schema of a PostgreSQL"):
        load(mysql_database, tmp_path, "postgresql://localhost/app")


@pytest.mark.slow
@pytest.mark.parametrize(
    "configured",
    [
        "mysql+aiomysql://prod:secret@prod.example/app",
        "mysql+pymysql://prod:secret@prod.example/app",
        "driver://user:password@localhost/database",  # as `alembic init` writes it
    ],
)
def test_alembic_upgrades_this_database_alone(
    mysql_database: Address, tmp_path: Path, configured: str
) -> None:
    write(
        tmp_path,
        "alembic.ini",
        f"""\
        [alembic]
        script_location = migrations
        sqlalchemy.url = {configured}
        """,
    )
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    write(
        tmp_path,
        "migrations/env.py",
        """\
        import asyncio
        from alembic import context
        from sqlalchemy.ext.asyncio import async_engine_from_config

        def migrate(connection):
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()

        async def main():
            engine = async_engine_from_config(
                context.config.get_section("alembic"), prefix="sqlalchemy."
            )
            async with engine.begin() as connection:
                await connection.run_sync(migrate)
            await engine.dispose()

        asyncio.run(main())
        """,
    )
    write(
        tmp_path,
        "migrations/versions/a.py",
        """\
        from alembic import op
        import sqlalchemy as sa

        revision, down_revision = "a", None

        def upgrade():
            op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))
        """,
    )

    load(mysql_database, tmp_path, "alembic")

    with Admin(mysql_database) as admin:
        tables = admin.rows("SHOW TABLES")
    assert tables == (("alembic_version",), ("users",))


@pytest.mark.slow
def test_a_function_gets_the_url(mysql_database: Address, tmp_path: Path) -> None:
    write(
        tmp_path,
        "tables.py",
        """\
        from urllib.parse import urlsplit
        import aiomysql

        async def make(url):
            parts = urlsplit(url)
            connection = await aiomysql.connect(
                host=parts.hostname, port=parts.port, user=parts.username,
                password=parts.password, db=parts.path[1:],
            )
            cursor = await connection.cursor()
            await cursor.execute("CREATE TABLE users (id INT PRIMARY KEY)")
            connection.close()

        async def elsewhere(url):
            await aiomysql.connect(host="127.0.0.1", port=1)
        """,
    )

    load(mysql_database, tmp_path, "tables:make")
    with Admin(mysql_database) as admin:
        assert admin.rows("SHOW TABLES") == (("users",),)

    with pytest.raises(SchemaError, match=r"at 127\.0\.0\.1:1, which is not the one"):
        load(mysql_database, tmp_path, "tables:elsewhere")
