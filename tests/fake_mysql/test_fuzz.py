"""Whatever a client sends, a session answers in order or ends the connection, and never fails."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.fake_mysql.client import WITHOUT_EOF, Client
from tests.fake_mysql.responders import Known, rows
from understudy.fake_mysql.protocol.login import ServerOptions
from understudy.mysql.packets import Command, Frames, frame
from understudy.serving.login import Login

READ = "SELECT a FROM t WHERE a = ?"
WORDS = st.sampled_from(
    [
        *("BEGIN", "COMMIT", "ROLLBACK", "AND CHAIN", "SAVEPOINT", "RELEASE", "TO", "a", "`b`"),
        *("SET", "NAMES", "latin1", "gbk", "@@autocommit", "@x", "=", "0", "1", "DEFAULT", ","),
        *("SELECT", "SHOW", "WARNINGS", "VARIABLES", "LIKE", "'%'", "DATABASE()", ";", "USE", "-"),
        *("KILL", "QUERY", "AS", "LIMIT", "(", ")", "TRANSACTION", "ISOLATION LEVEL", "START"),
    ]
)
BODIES = st.binary(max_size=40) | st.lists(WORDS, max_size=8).map(
    lambda found: " ".join(found).encode()
)
COMMANDS = st.tuples(
    st.sampled_from([command for command in Command if command != Command.QUIT])
    | st.integers(0, 255),
    BODIES | BODIES.map(lambda body: b"\1\0\0\0" + body),
)


@given(st.lists(COMMANDS, max_size=12))
def test_any_commands_are_answered(commands: list[tuple[int, bytes]]) -> None:
    known = Known()
    known.statements[READ] = lambda given: rows(["a"], given)
    client = Client(known.connect(), capabilities=WITHOUT_EOF)
    client.prepare(READ)
    for command, body in commands:
        received = client._received(client.session.feed(client._framed(bytes([command]) + body)))
        if client.session.closed:
            assert known.lost_connections in ([], [1])
            return
        silent = command in (Command.STMT_SEND_LONG_DATA, Command.STMT_CLOSE)
        is_waiting = command == Command.CHANGE_USER and not received
        assert received or silent or is_waiting
    client.session.lose()
    assert not any(one.state == "open" for one in client.session.connection.transactions)


@given(st.binary(max_size=200))
def test_any_bytes_instead_of_a_login_are_refused_or_wait_for_more(data: bytes) -> None:
    session = Known().connect(ServerOptions(login=Login(password="secret")))
    session.feed(b"")
    frames = Frames()
    frames.add(session.feed(frame([data], 1)[0]))
    for packet in frames:
        assert packet[0] in (0xFE, 0xFF)
    assert session.closed == bool(packet[0] == 0xFF)
    assert frames.rest == b""


@given(st.binary(max_size=200))
def test_any_bytes_that_are_no_packets_do_no_harm(data: bytes) -> None:
    client = Client(Known().connect())
    frames = Frames()
    frames.add(client.session.feed(data))
    list(frames)
    assert frames.rest == b""
