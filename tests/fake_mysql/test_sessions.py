"""What a client sends, and what it gets: without a socket, packet by packet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fake_mysql.client import WITHOUT_EOF, Client
from tests.fake_mysql.responders import Known, rows
from understudy.fake_mysql.protocol.login import ServerOptions
from understudy.fake_mysql.protocol.session import Session
from understudy.mysql import handshake
from understudy.mysql.error_fields import MysqlErrorFields, server_error
from understudy.mysql.handshake import CACHING_SHA2, NATIVE, Response
from understudy.mysql.login import USUAL
from understudy.mysql.packets import Command, Status, frame
from understudy.mysql.results import Result, ServerWarning
from understudy.pg.errors import ServerError
from understudy.serving.login import Login
from understudy.serving.waits import ConnectionDropped, Pending

AUTO, OPEN, MORE = Status.AUTOCOMMIT, Status.IN_TRANSACTION, Status.MORE_RESULTS
ADD = "INSERT INTO t (b) VALUES ('x')"
READ = "SELECT a, b FROM t"


@pytest.fixture
def known() -> Known:
    known = Known()
    known.statements[READ] = rows(["a", "b"], [1, "x"], [None, "é🐍"])
    known.statements["SELECT a FROM t WHERE a = ?"] = lambda given: rows(["a"], given)
    known.statements[ADD] = Result(affected=1, last_insert_id=7)
    known.statements["SELECT later"] = lambda _: Pending(1.0)
    return known


@pytest.fixture(params=["eof", "without eof"])
def client(known: Known, request: pytest.FixtureRequest) -> Client:
    capabilities = WITHOUT_EOF if request.param == "without eof" else WITHOUT_EOF & ~(1 << 24)
    return Client(known.connect(), capabilities=capabilities)


def trees(session: Session) -> list[tuple[str | None, str]]:
    return [(one.savepoint, one.state) for one in session.connection.transactions]


# The login


@pytest.mark.parametrize("version", ["8.4.3", "10.11.9-MariaDB"])
def test_a_client_logs_in_with_the_password(known: Known, version: str) -> None:
    options = ServerOptions(version, Login("ana", "secret", "shop"))
    client = Client(known.connect(options), password="secret")
    connection = client.session.connection
    assert (connection.user, connection.database) == ("ana", "shop")
    assert client.query("SELECT VERSION()") == [(version,)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"password": "guess"},
            (1045, "28000", "Access denied for user 'ana'@'localhost' (using password: YES)"),
        ),
        (
            {"user": "bo", "password": "secret"},
            (1045, "28000", "Access denied for user 'bo'@'localhost' (using password: YES)"),
        ),
        ({}, (1045, "28000", "Access denied for user 'ana'@'localhost' (using password: NO)")),
        ({"password": "secret", "database": "nope"}, (1049, "42000", "Unknown database 'nope'")),
    ],
)
def test_wrong_credentials_are_refused(
    known: Known, given: dict[str, str], expected: tuple[int, str, str]
) -> None:
    session = known.connect(ServerOptions(login=Login("ana", "secret", "shop")))
    with pytest.raises(ServerError) as raised:
        Client(session, **given)
    fields: Any = raised.value.fields
    assert (fields.code, fields.sqlstate, fields.message) == expected
    assert session.closed
    assert known.lost_connections == []


def test_a_server_may_refuse_a_connection(known: Known) -> None:
    def full(connection: object) -> None:
        raise server_error(1040, "08004", "Too many connections")

    session = known.connect(ServerOptions(admit=full))
    with pytest.raises(ServerError, match="Too many connections"):
        Client(session)
    assert session.closed


def test_bytes_that_are_no_login_are_a_bad_handshake(known: Known) -> None:
    session = known.connect()
    session.feed(b"")
    assert session.feed(frame([b"GET / HTTP/1.1\r\n\r\n"], 1)[0]).endswith(b"#08S01Bad handshake")
    assert session.closed


@pytest.mark.parametrize("password", ["secret", "guess"])
def test_a_client_with_another_plugin_is_asked_to_switch(known: Known, password: str) -> None:
    session = known.connect(ServerOptions("8.4.3", Login(password="secret")))
    nonce = handshake.read_greeting(session.feed(b"")[4:]).nonce
    response = Response(USUAL, 45, "ana", b"", plugin=NATIVE)
    out = session.feed(frame([handshake.response(response)], 1)[0])
    assert out == frame([handshake.switch(CACHING_SHA2, nonce)], 2)[0]
    out = session.feed(frame([handshake.proof(CACHING_SHA2, password, nonce)], 3)[0])
    is_right = password == "secret"
    assert out.startswith(frame([handshake.FAST_AUTHENTICATION], 4)[0]) == is_right
    assert session.closed != is_right


def test_the_output_does_not_depend_on_how_the_bytes_come(known: Known) -> None:
    whole, pieces = Client(known.connect()), Client(known.connect())
    sent = frame([b"\x03" + READ.encode()])[0]
    expected = whole.session.feed(sent)
    assert b"".join(pieces.session.feed(sent[i : i + 1]) for i in range(len(sent))) == expected


# Statements


def test_rows_and_their_end(client: Client) -> None:
    assert client.query(READ) == [(1, "x"), (None, "é🐍")]


def test_a_change_and_what_functions_tell_of_it(client: Client) -> None:
    assert client.query(ADD) == ("OK", 1, 7, AUTO)
    assert client.query("SELECT ROW_COUNT(), LAST_INSERT_ID()") == [(1, 7)]
    client.query(READ)
    assert client.query("SELECT FOUND_ROWS() AS n, LAST_INSERT_ID() id") == [(2, 7)]


def test_an_error_leaves_the_connection(client: Client) -> None:
    text = "You have an error in your SQL syntax: SELEC"
    assert client.query("SELEC") == (1064, "42000", text)
    assert client.query("SHOW WARNINGS") == [("Error", 1064, text)]
    assert client.query("SELECT 1") == [(1,)]


def test_an_empty_query(client: Client) -> None:
    for sql in ("", " ; ", "-- nothing\n"):
        assert client.query(sql) == (1065, "42000", "Query was empty")


def test_several_statements(client: Client) -> None:
    assert client.query(f"{ADD}; {READ};") == [
        ("OK", 1, 7, AUTO | MORE),
        [(1, "x"), (None, "é🐍")],
    ]
    assert client.query(f"{ADD}; SELEC; {READ}") == [
        ("OK", 1, 7, AUTO | MORE),
        (1064, "42000", "You have an error in your SQL syntax: SELEC"),
    ]


def test_several_statements_are_one_for_a_client_that_has_not_asked(known: Known) -> None:
    client = Client(known.connect(), capabilities=USUAL)
    assert client.query(f"{READ}; {READ}")[0] == 1064
    assert client.exchange(Command.SET_OPTION, b"\0\0") == [b"\xfe\0\0\2\0"]
    assert len(client.query(f"{READ}; {READ}")) == 2
    client.exchange(Command.SET_OPTION, b"\1\0")
    assert client.query(f"{READ}; {READ}")[0] == 1064


def test_the_results_of_a_call(known: Known, client: Client) -> None:
    first = rows(["a"], [1])
    first.following = [rows(["b"], ["x"]), Result(affected=3)]
    known.statements["CALL p()"] = first
    assert client.query("CALL p()") == [[(1,)], [("x",)], ("OK", 3, 0, AUTO)]


def test_warnings_are_counted_and_shown(known: Known, client: Client) -> None:
    warning = ServerWarning("Warning", 1265, "Data truncated for column 'b' at row 1")
    known.statements[ADD] = Result(affected=1, warnings=[warning])
    [packet] = client.exchange(Command.QUERY, ADD.encode())
    assert packet == b"\0\1\0\2\0\1\0"
    assert client.query("SHOW COUNT(*) WARNINGS") == [(1,)]
    assert client.query("show warnings limit 5") == [tuple(warning)]
    assert client.query("SHOW ERRORS") == []
    client.query(READ)
    assert client.query("SHOW WARNINGS") == []


def test_an_error_after_rows(known: Known, client: Client) -> None:
    partial = rows(["a"], [1])
    partial.error = server_error(1317, "70100", "Query execution was interrupted")
    known.statements[READ] = partial
    assert client.query(READ) == ([(1,)], (1317, "70100", "Query execution was interrupted"))


def test_a_fatal_error_ends_the_connection(known: Known, client: Client) -> None:
    def shut_down(_given: object) -> Result:
        text = "Server shutdown in progress"
        raise ServerError(MysqlErrorFields("08S01", text, severity="FATAL", code=1053))

    known.statements[READ] = shut_down
    assert client.query(READ) == (1053, "08S01", "Server shutdown in progress")
    assert client.session.closed


def test_a_connection_lost_during_rows(known: Known, client: Client) -> None:
    partial = rows(["a"], [1])
    partial.dropped = True
    known.statements[READ] = partial
    assert client.exchange(Command.QUERY, READ.encode())[-1] == b"\x011"
    assert client.session.dropped
    assert known.lost_connections == [1]


def test_a_connection_lost_instead_of_an_answer(known: Known, client: Client) -> None:
    def drop(_given: object) -> Result:
        raise ConnectionDropped

    known.statements[READ] = drop
    assert client.exchange(Command.QUERY, READ.encode()) == []
    assert client.session.dropped


def test_the_payloads_of_another_server_are_sent_as_they_are(known: Known, client: Client) -> None:
    theirs = client.exchange(Command.QUERY, READ.encode())
    known.statements[READ] = Result(theirs[1:3], theirs[-3:-1], warnings=2, status=2 | 8)
    ours = client.exchange(Command.QUERY, READ.encode())
    assert ours[:-1] == theirs[:-1]
    warnings = slice(1, 3) if len(ours[-1]) == 5 else slice(5, 7)
    assert ours[-1][warnings] == b"\2\0"
    assert client.query(READ) == [(1, "x"), (None, "é🐍")]


def test_text_is_read_and_written_in_the_character_set_of_the_connection(known: Known) -> None:
    client = Client(known.connect())
    client.query("SET NAMES latin1")
    known.statements["SELECT 'café'"] = rows(["c"], ["café"])
    assert client.exchange(Command.QUERY, b"SELECT 'caf\xe9' ") != []
    found = client.exchange(Command.QUERY, b"SELECT c")
    assert found[-1].startswith(b"\xff")
    known.statements["SELECT é"] = rows(["c"], ["café"])
    assert b"\x04caf\xe9" in client.exchange(Command.QUERY, b"SELECT \xe9")


def test_the_default_of_set_names_is_the_servers_and_not_that_of_the_login(known: Known) -> None:
    client = Client(known.connect())
    client.session.connection.collation = 8  # of latin1
    client.exchange(Command.RESET_CONNECTION)
    query = "SELECT @@character_set_client, @@collation_connection"
    assert client.query(query) == [("latin1", "latin1_swedish_ci")]
    for sql in ("SET NAMES DEFAULT", "SET CHARACTER SET DEFAULT"):
        client.query(sql)
        assert client.query(query) == [("utf8mb4", "utf8mb4_0900_ai_ci")]
        client.query("SET NAMES latin1")


def test_local_files_are_refused(client: Client) -> None:
    assert client.query("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t") == (
        1148,
        "42000",
        "fake_mysql reads no local files, so LOAD DATA LOCAL is refused: send the rows with INSERT",
    )


def test_those_that_watch_get_the_first_rows(known: Known, client: Client) -> None:
    connection = client.session.connection
    theirs = client.exchange(Command.QUERY, READ.encode())
    known.statements[READ] = Result(
        theirs[1:3], [row for row in theirs if row[:1] in (b"\1", b"\xfb")]
    )
    told: list[tuple[str, Any]] = []
    connection.note_completed = lambda tag, answer=None: told.append((tag, answer and answer()))  # type: ignore[method-assign] # records
    client.query(READ)
    client.query("INSERT INTO t (b) VALUES ('x')")
    client.query("SELECT 'a' AS b")
    client.prepare("SELECT @@autocommit")
    client.execute(1)
    known.statements[READ] = Result(theirs[1:3], [b"\0\0\1\0\0\0\0\0\0\0\1x"])
    client.prepare(READ)
    client.execute(2)
    shown = [(tag, answer and (answer.columns, answer.rows)) for tag, answer in told]
    assert shown == [
        ("SELECT 2", (["a", "b"], [[1, "x"], [None, "é🐍"]])),
        ("INSERT 1", None),
        ("SELECT 1", (["b"], [["a"]])),
        ("SELECT 1", (["@@autocommit"], [[1]])),
        ("SELECT 1", (["a", "b"], [[1, "x"]])),
    ]


# What takes time


def test_a_statement_may_take_time(client: Client) -> None:
    assert client.exchange(Command.QUERY, b"SELECT later") == []
    assert client.session.pending is not None
    assert client.session.feed(frame([b"\x0e"])[0]) == b""  # COM_PING waits for its turn
    out = client.session.resume(Pending(1.0))
    assert out == b""
    out = client.session.resume(rows(["a"], [9]))
    assert b"\x019" in out
    assert out.endswith(frame([b"\0\0\0\2\0\0\0"], 1)[0])


def test_a_running_statement_can_be_cancelled(client: Client) -> None:
    client.exchange(Command.QUERY, b"SELECT later")
    received = client._received(client.session.cancel())
    assert client.read(received) == (1317, "70100", "Query execution was interrupted")
    assert client.session.pending is None
    assert client.session.cancel() == b""


def test_a_connection_can_be_ended_while_it_waits_and_while_it_is_idle(known: Known) -> None:
    error = server_error(1927, "70100", "Connection was killed")
    waiting, idle = Client(known.connect()), Client(known.connect())
    waiting.exchange(Command.QUERY, b"SELECT later")
    received = waiting._received(waiting.session.terminate(error))
    assert waiting.read(received) == (1927, "70100", "Connection was killed")
    assert idle.session.terminate(error) == b""
    assert waiting.session.closed
    assert idle.session.closed
    assert known.lost_connections == [1, 2]


# Transactions


def test_a_transaction_with_savepoints(client: Client) -> None:
    assert client.query("START TRANSACTION") == ("OK", 0, 0, AUTO | OPEN)
    for sql in ("SAVEPOINT a", "SAVEPOINT `b`", "ROLLBACK TO SAVEPOINT a", "RELEASE SAVEPOINT a"):
        assert client.query(sql) == ("OK", 0, 0, AUTO | OPEN)
    assert client.query("ROLLBACK TO b") == (1305, "42000", "SAVEPOINT b does not exist")
    assert client.query("COMMIT") == ("OK", 0, 0, AUTO)
    [transaction] = client.session.connection.transactions
    assert transaction.state == "committed"
    assert [(one.savepoint, one.state) for one in transaction.children] == [
        ("a", "rolled back"),
        ("a", "released"),
    ]


def test_a_second_begin_and_ddl_commit(known: Known, client: Client) -> None:
    known.statements["CREATE TABLE x (i int)"] = Result()
    client.query("BEGIN")
    for sql in ("CREATE TEMPORARY TABLE y (i int)", "/* z */ CREATE OR REPLACE TEMPORARY TABLE y"):
        known.statements[sql] = Result()
        assert client.query(sql) == ("OK", 0, 0, AUTO | OPEN)
    client.query("BEGIN")
    assert client.query("CREATE TABLE x (i int)") == ("OK", 0, 0, AUTO)
    assert trees(client.session) == [(None, "committed"), (None, "committed")]


def test_a_failed_statement_leaves_the_transaction_and_a_deadlock_does_not(
    known: Known, client: Client
) -> None:
    def deadlock(_given: object) -> Result:
        raise server_error(1213, "40001", "Deadlock found when trying to get lock")

    known.statements[ADD] = deadlock
    client.query("BEGIN")
    assert client.query("SELEC")[0] == 1064
    assert trees(client.session) == [(None, "open")]
    assert client.query(ADD)[0] == 1213
    assert trees(client.session) == [(None, "rolled back")]


def test_without_autocommit_a_statement_on_a_table_begins_a_transaction(client: Client) -> None:
    assert client.query("SET AUTOCOMMIT = 0") == ("OK", 0, 0, Status(0))
    client.query("SELECT 1")
    assert trees(client.session) == []
    assert client.query(ADD) == ("OK", 1, 7, OPEN)
    client.query("ROLLBACK")
    client.query(READ)
    assert client.query("SET autocommit = ON") == ("OK", 0, 0, AUTO)
    assert trees(client.session) == [(None, "rolled back"), (None, "committed")]
    assert [type(one).__name__ for one in client.session.connection.transactions] == (
        ["ImplicitTransaction"] * 2
    )


def test_chain_and_release(client: Client) -> None:
    client.query("BEGIN")
    assert client.query("COMMIT AND CHAIN") == ("OK", 0, 0, AUTO | OPEN)
    assert client.query("ROLLBACK RELEASE") == ("OK", 0, 0, AUTO)
    assert trees(client.session) == [(None, "committed"), (None, "rolled back")]
    assert client.session.closed


def test_a_lost_connection_rolls_back(known: Known, client: Client) -> None:
    client.query("BEGIN")
    client.session.lose()
    assert trees(client.session) == [(None, "rolled back")]
    assert known.lost_connections == [1]


def test_a_responder_may_refuse_a_commit_or_answer_it(known: Known, client: Client) -> None:
    known.controls["COMMIT"] = server_error(1180, "HY000", "Got error 28 during COMMIT")
    client.query("BEGIN")
    assert client.query("COMMIT") == (1180, "HY000", "Got error 28 during COMMIT")
    assert trees(client.session) == [(None, "open")]
    known.controls["COMMIT"] = Result(affected=9, status=AUTO)
    assert client.query("COMMIT") == ("OK", 9, 0, AUTO)
    assert trees(client.session) == [(None, "committed")]
    assert known.controlled == ["BEGIN", "COMMIT", "COMMIT"]


# Prepared statements


def test_a_prepared_statement(known: Known, client: Client) -> None:
    number, count, names = client.prepare("SELECT a FROM t WHERE a = ?")
    assert (number, count, names) == (1, 1, [])
    assert client.execute(number, "7") == [("7",)]
    assert client.execute(number, None) == [(None,)]
    assert [values for _, values in known.executed] == [["7"], [None]]
    client.exchange(Command.STMT_CLOSE, b"\1\0\0\0")
    assert known.closings == ["SELECT a FROM t WHERE a = ?"]
    text = "Unknown prepared statement handler (1) given to mysqld_stmt_execute"
    assert client.execute(number, "7") == (1243, "HY000", text)


def test_columns_are_told_before_the_execution(client: Client) -> None:
    assert client.prepare(READ) == (1, 0, ["a", "b"])
    assert client.execute(1) == [(1, "x"), (None, "é🐍")]
    assert client.prepare("SELECT @@version") == (2, 0, ["@@version"])
    assert client.execute(2) == [("8.4.0",)]
    assert client.prepare("COMMIT") == (3, 0, [])
    assert client.execute(3) == ("OK", 0, 0, AUTO)


def test_a_statement_that_cannot_be_prepared(client: Client) -> None:
    with pytest.raises(ServerError, match="You have an error in your SQL syntax: SELEC"):
        client.prepare("SELEC")
    with pytest.raises(ServerError, match="Query was empty"):
        client.prepare(" ")


def test_a_parameter_that_comes_in_pieces(client: Client) -> None:
    client.prepare("SELECT a FROM t WHERE a = ?")
    for piece in (b"long", b" text"):
        assert client.exchange(Command.STMT_SEND_LONG_DATA, b"\1\0\0\0\0\0" + piece) == []
    body = b"\1\0\0\0" + b"\0\1\0\0\0" + b"\0\1" + b"\xfe\0"
    answer = client.exchange(Command.STMT_EXECUTE, body)
    assert client.read(answer, is_binary=True) == [("long text",)]
    client.exchange(Command.STMT_SEND_LONG_DATA, b"\1\0\0\0\0\0gone")
    assert client.command(Command.STMT_RESET, b"\1\0\0\0") == ("OK", 0, 0, AUTO)
    assert client.execute(1, "7") == [("7",)]


def test_the_rows_of_a_cursor_are_fetched(known: Known, client: Client) -> None:
    known.statements[READ] = rows(["a"], [1], [2], [3])
    client.prepare(READ)
    opened = client.executing(1, (), cursor=True)
    assert len(opened) == 3
    fetched = [client.exchange(Command.STMT_FETCH, b"\1\0\0\0\2\0\0\0") for _ in range(2)]
    assert [len(packets) - 1 for packets in fetched] == [2, 1]
    flags = [packets[-1] for packets in fetched]
    assert [flag[3] & Status.CURSOR_EXISTS for flag in flags] == [Status.CURSOR_EXISTS, 0]


def test_an_execution_that_does_not_fit_the_statement(client: Client) -> None:
    client.prepare("SELECT a FROM t WHERE a = ?")
    answer = client.command(Command.STMT_EXECUTE, b"\1\0\0\0\0\1\0\0\0")
    assert answer == (1835, "08S01", "Malformed communication packet")
    assert client.query("SELECT 1") == [(1,)]


# Other commands


def test_commands_that_are_no_statements(known: Known, client: Client) -> None:
    assert client.command(Command.PING) == ("OK", 0, 0, AUTO)
    assert client.command(Command.INIT_DB, b"other") == ("OK", 0, 0, AUTO)
    assert client.query("SELECT DATABASE(), USER()") == [("other", "ana@localhost")]
    client.query("USE `third`")
    assert client.session.connection.database == "third"
    assert client.exchange(Command.STATISTICS)[0].startswith(b"Uptime: ")
    assert client.command(Command.FIELD_LIST, b"t\0") == (1047, "08S01", "Unknown command")
    assert known.commands == [Command.PING, Command.INIT_DB, Command.STATISTICS]


def test_a_connection_is_reset(known: Known, client: Client) -> None:
    client.query("SET autocommit = 0, @x = 'y', sql_mode = ''")
    client.prepare(READ)
    client.query(ADD)
    assert client.command(Command.RESET_CONNECTION) == ("OK", 0, 0, AUTO)
    assert trees(client.session) == [(None, "rolled back")]
    assert client.query("SELECT @x, @@autocommit") == [(None, 1)]
    assert known.closings == [READ]


def test_a_client_becomes_another_user(known: Known) -> None:
    client = Client(known.connect())
    body = b"bo\0\0other\0\x2d\0caching_sha2_password\0"
    assert client.command(Command.CHANGE_USER, body) == ("OK", 0, 0, AUTO)
    assert client.query("SELECT CURRENT_USER(), SCHEMA()") == [("bo@localhost", "other")]


def test_a_client_that_may_not_become_another_user_stays_as_it_was(known: Known) -> None:
    client = Client(known.connect(ServerOptions(login=Login("ana", "secret"))), password="secret")
    body = b"bo\0\0other\0\x2d\0caching_sha2_password\0"
    text = "Access denied for user 'bo'@'localhost' (using password: NO)"
    assert client.command(Command.CHANGE_USER, body) == (1045, "28000", text)
    assert client.query("SELECT USER(), DATABASE()") == [("ana@localhost", "shop")]


def test_kill(known: Known) -> None:
    killed = []

    def kill(pid: int, query_only: bool) -> bool:
        killed.append((pid, query_only))
        return pid < 10

    client = Client(known.connect(ServerOptions(kill=kill)))
    for sql in ("KILL 7", "KILL CONNECTION 8", "KILL QUERY 9"):
        assert client.query(sql) == ("OK", 0, 0, AUTO)
    assert client.query("KILL 99") == (1094, "HY000", "Unknown thread id: 99")
    assert client.command(Command.PROCESS_KILL, b"\7\0\0\0") == ("OK", 0, 0, AUTO)
    assert killed == [(7, False), (8, False), (9, True), (99, False), (7, False)]


def test_quit_ends_the_connection(client: Client) -> None:
    assert client.exchange(Command.QUIT) == []
    assert client.session.closed
    assert not client.session.dropped


def test_a_packet_that_is_too_long_is_refused(known: Known) -> None:
    session = Client(known.connect()).session
    for _ in range(3):
        assert session.feed(b"\xff\xff\xff\0" + bytes(0xFFFFFF)) == b""
    out = session.feed(b"\xff\xff\xff\0")
    assert out.endswith(b"#08S01Got a packet bigger than 'max_allowed_packet' bytes")
    assert session.closed
