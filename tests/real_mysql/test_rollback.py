"""The test runs in one transaction, in which each client has the illusion of its own."""

from __future__ import annotations

import pymysql
import pytest
from pymysql.constants import CLIENT

from tests.real_mysql.conftest import another_test
from understudy.mysql.packets import Command
from understudy.real_mysql.fixture import RealMysql
from understudy.real_mysql.server import RealMysqlServer

pytestmark = pytest.mark.parametrize("real", ["rollback"], indirect=True)
ADD = "INSERT INTO Users (email) VALUES (%s)"
EMAILS = "SELECT email FROM Users ORDER BY id"


def rows(connection: pymysql.Connection[pymysql.cursors.Cursor], sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_everything_is_rolled_back(real: RealMysql, server: RealMysqlServer) -> None:
    with another_test(server, "rollback") as (other, failures):
        connection = other.pymysql.connect()
        connection.cursor().execute(ADD, ("ana",))
        connection.commit()
        first = other.insert("Users").id
    with another_test(server, "rollback") as (other, failures):
        connection = other.pymysql.connect(autocommit=True)
        assert rows(connection, EMAILS) == ()
        assert other.insert("Users").id > first  # InnoDB does not roll a counter back
    assert failures == []


def test_an_update_that_changes_nothing(real: RealMysql) -> None:
    update = "UPDATE Users SET email = 'ana' WHERE email = 'ana'"
    plain = real.pymysql.connect(autocommit=True)
    finding = real.pymysql.connect(autocommit=True, client_flag=CLIENT.FOUND_ROWS)
    plain.cursor().execute(ADD, ("ana",))

    assert plain.cursor().execute(update) == 0
    assert finding.cursor().execute(update) == 1
    assert plain.cursor().execute("UPDATE Users SET email = 'bob'") == 1


def test_transactions_of_a_client(real: RealMysql) -> None:
    connection = real.pymysql.connect()
    cursor = connection.cursor()
    cursor.execute(ADD, ("ana",))
    connection.rollback()
    cursor.execute(ADD, ("bob",))
    cursor.execute("SAVEPOINT one")
    cursor.execute(ADD, ("cy",))
    cursor.execute("ROLLBACK TO one")
    connection.commit()
    connection.begin()
    cursor.execute(ADD, ("dee",))
    connection.begin()  # commits
    connection.rollback()

    assert rows(connection, EMAILS) == (("bob",), ("dee",))
    connection.rollback()
    assert [it.state for it in real.transactions][:4] == [
        "rolled back",
        "committed",
        "committed",
        "rolled back",
    ]


def test_a_statement_that_fails_undoes_itself_only(real: RealMysql) -> None:
    real.insert("Users", email="ana")
    connection = real.pymysql.connect()
    cursor = connection.cursor()
    cursor.execute(ADD, ("bob",))
    with pytest.raises(pymysql.err.IntegrityError):
        cursor.executemany(ADD, [("cy",), ("ana",)])
    connection.commit()

    assert rows(connection, EMAILS) == (("ana",), ("bob",))
    connection.rollback()


def test_a_client_that_is_lost_rolls_back(real: RealMysql) -> None:
    connection = real.pymysql.connect()
    connection.cursor().execute(ADD, ("ana",))
    connection.close()

    assert rows(real.pymysql.connect(autocommit=True), EMAILS) == ()


def test_another_client_waits_for_a_transaction_that_has_written(
    real: RealMysql, server: RealMysqlServer
) -> None:
    with another_test(server, "rollback") as (other, failures):
        other.patience = 0.05
        one, two = other.pymysql.connect(), other.pymysql.connect(autocommit=True)
        one.cursor().execute(ADD, ("ana",))
        with pytest.raises(pymysql.err.OperationalError) as raised:
            rows(two, "SELECT COUNT(*) FROM Users")
        one.rollback()
        assert rows(two, "SELECT COUNT(*) FROM Users") == ((0,),)

    assert raised.value.args == (1205, "Lock wait timeout exceeded; try restarting transaction")
    assert failures == [
        "TransactionBusy: a statement waited 0.05 s for another connection's transaction to end\n"
        "  sql: SELECT COUNT(*) FROM Users\n"
        "  the other connection's latest statement: INSERT INTO Users (email) VALUES ('ana')\n"
        "Isolated by rollback, the connections of a test share one real transaction, one at a "
        "time.\n"
        "End that transaction first, or let the connections commit for real: "
        '@pytest.mark.understudy(isolation="delete")'
    ]


def test_a_transaction_that_has_only_read_lets_others_in(real: RealMysql) -> None:
    one, two = real.pymysql.connect(), real.pymysql.connect(autocommit=True)
    assert rows(one, EMAILS) == ()
    two.cursor().execute(ADD, ("ana",))

    assert rows(one, EMAILS) == (("ana",),)
    one.rollback()


def test_a_setting_that_is_refused_is_not_set_again(real: RealMysql) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    with pytest.raises(pymysql.err.OperationalError, match="NONSENSE"):
        one.cursor().execute("SET sql_mode = 'NONSENSE'")

    assert rows(two, EMAILS) == ()
    assert rows(one, EMAILS) == ()


def test_a_client_that_is_reset_has_no_settings(real: RealMysql) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    one.cursor().execute("SET @mine = 5")
    one._execute_command(Command.RESET_CONNECTION, b"")
    one._read_ok_packet()

    assert rows(two, "SELECT @mine + 0") == ((None,),)
    assert rows(one, "SELECT @mine + 0") == ((None,),)


def test_each_client_has_its_own_settings(real: RealMysql) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    one.cursor().execute("SET sql_mode = 'ANSI_QUOTES', @mine = 5")
    one.cursor().execute("SET NAMES latin1")

    assert rows(two, "SELECT @@sql_mode LIKE '%ANSI%', @@character_set_client") == ((0, "utf8mb4"),)
    assert rows(one, "SELECT @@sql_mode LIKE '%ANSI%', @@character_set_client, @mine") == (
        (1, "latin1", 5),
    )
    one.cursor().execute(ADD, ("ana",))
    two.cursor().execute(ADD, ("bob",))
    assert rows(one, "SELECT LAST_INSERT_ID()") < rows(two, "SELECT LAST_INSERT_ID()")  # type: ignore[operator] # both are rows


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("CREATE TABLE made (id INT)", "CREATE TABLE"),
        ("alter table notes add x int", "ALTER TABLE"),
        ("TRUNCATE notes", "TRUNCATE"),
        ("LOCK TABLES notes WRITE", "LOCK"),
    ],
)
def test_what_commits_implicitly_is_refused(
    real: RealMysql, server: RealMysqlServer, sql: str, shown: str
) -> None:
    with another_test(server, "rollback") as (other, failures):
        cursor = other.pymysql.connect(autocommit=True).cursor()
        with pytest.raises(pymysql.err.MySQLError):
            cursor.execute(sql)

    assert failures == [
        f"CommitsImplicitly: {shown} commits implicitly in MySQL, and real_mysql undoes this test "
        "by a rollback. The statement was not sent.\n"
        f"  sql: {sql}\n"
        "To let the test commit for real, with its tables put back after it, mark it:\n"
        '  @pytest.mark.understudy(isolation="delete")'
    ]


def test_temporary_tables_are_not_refused(real: RealMysql) -> None:
    cursor = real.pymysql.connect(autocommit=True).cursor()
    cursor.execute("CREATE TEMPORARY TABLE made (id INT)")
    cursor.execute("INSERT INTO made VALUES (1)")
    cursor.execute("/* of a report */ CREATE OR REPLACE TEMPORARY TABLE made (id BIGINT)")
    cursor.execute("DROP TEMPORARY TABLE made")


def test_a_procedure_that_commits_is_found(real: RealMysql, server: RealMysqlServer) -> None:
    with server.real.connect() as admin:
        admin.rows("CREATE PROCEDURE commits() BEGIN INSERT INTO notes VALUES (1, ''); COMMIT; END")
    with another_test(server, "rollback") as (other, failures):
        other.pymysql.connect(autocommit=True).cursor().execute("CALL commits()")
    assert [failure.splitlines()[0] for failure in failures] == [
        "IsolationEscaped: a statement has ended the transaction that real_mysql rolls back: it "
        "committed, perhaps in a procedure. The database is put back as a whole."
    ]
    with server.real.connect() as admin:
        assert admin.rows("SELECT * FROM notes") == ()


def test_an_engine_without_transactions_is_put_back(
    real: RealMysql, server: RealMysqlServer
) -> None:
    for _ in range(2):
        with another_test(server, "rollback") as (other, _failures):
            assert other.insert("log").id == 1
        with server.real.connect() as admin:
            assert admin.rows("SELECT * FROM log") == ()


def test_kill_ends_one_client_alone(real: RealMysql) -> None:
    one, two = (real.pymysql.connect(autocommit=True) for _ in range(2))
    two.kill(one.thread_id())

    with pytest.raises(pymysql.err.OperationalError):
        rows(one, EMAILS)
    assert rows(two, EMAILS) == ()


def test_a_transaction_may_only_read(real: RealMysql) -> None:
    connection = real.pymysql.connect()
    connection.cursor().execute("START TRANSACTION READ ONLY")
    with pytest.raises(pymysql.err.OperationalError) as raised:
        connection.cursor().execute(ADD, ("ana",))
    assert raised.value.args == (1792, "Cannot execute statement in a READ ONLY transaction")
    with pytest.raises(pymysql.err.OperationalError) as raised:
        connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    assert raised.value.args[0] == 1568
    connection.rollback()
    connection.cursor().execute(ADD, ("ana",))
    connection.commit()


def test_autocommit_is_that_of_the_client(real: RealMysql) -> None:
    connection = real.pymysql.connect(autocommit=True)
    cursor = connection.cursor()
    cursor.execute(ADD, ("ana",))
    cursor.execute("SET autocommit = 0")
    cursor.execute(ADD, ("bob",))
    cursor.execute("SET autocommit = 0")  # commits nothing
    connection.rollback()
    cursor.execute("SAVEPOINT one")  # of a transaction that has not begun
    cursor.execute(ADD, ("cy",))
    cursor.execute("ROLLBACK TO one")
    cursor.execute(ADD, ("dee",))
    cursor.execute("SET autocommit = 1")  # commits

    assert rows(connection, EMAILS) == (("ana",), ("dee",))


def test_variables_of_a_client_that_is_gone_are_not_there(real: RealMysql) -> None:
    one = real.pymysql.connect(autocommit=True)
    one.cursor().execute("SET @mine = 5")
    one.close()

    assert rows(real.pymysql.connect(autocommit=True), "SELECT @mine") == ((None,),)
