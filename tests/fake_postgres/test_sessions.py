from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.fake_postgres.frontend import (
    COPY_DONE,
    SYNC,
    TERMINATE,
    bind,
    copy_data,
    execute,
    parse,
    query,
    read,
    run,
    startup,
)
from tests.fake_postgres.responders import Known, ints, one, refusal
from understudy import NotSupported
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.login import ServerOptions
from understudy.fake_postgres.protocol.session import Session
from understudy.fake_postgres.protocol.statements import Result
from understudy.pg.errors import ServerError
from understudy.script.expectations import opened
from understudy.serving.waits import ConnectionDropped, Pending

IDLE = ("Z", "I")
LATER = [("D", [b"9"]), ("C", "SELECT 1"), IDLE]


@pytest.fixture
def known() -> Known:
    known = Known()
    known.know("select later", "SELECT", lambda _: Pending(0.5, lambda: ints(9)), fields=one())
    return known


@pytest.fixture
def session(known: Known) -> Session:
    session = known.connect()
    session.feed(startup())
    return session


def cancelled(ready: str = "I") -> list[object]:
    text = "canceling statement due to user request"
    return [("E", {"V": "ERROR", "C": "57014", "M": text}), ("Z", ready)]


def states(session: Session) -> list[object]:
    return [(one.savepoint, one.state) for one in session.connection.transactions]


# What takes time


@pytest.mark.parametrize("step", [query("select later"), run("select later") + SYNC])
def test_a_result_that_takes_time_is_waited_for(session: Session, step: bytes) -> None:
    before = read(session.feed(step + query("select 1")))
    assert before[-1][0] in "T2"
    assert session.pending is not None
    assert session.pending.delay == 0.5
    after = read(session.resume(ints(9)))
    assert after[:3] == LATER
    assert after[-1] == IDLE
    assert len(after) == 7  # and the query received during the wait
    assert session.pending is None


def test_one_wait_can_follow_another(session: Session) -> None:
    session.feed(query("select later"))
    second = Pending(None)
    assert session.resume(second) == b""
    assert session.pending is second
    assert read(session.resume(ints(9))) == LATER


def test_what_takes_time_can_fail(session: Session) -> None:
    session.feed(run("select later") + run("select 1") + SYNC)
    assert read(session.resume(refusal("40001", "no"))) == [
        ("E", {"V": "ERROR", "C": "40001", "M": "no"}),
        IDLE,
    ]


@pytest.mark.parametrize(
    ("timeout", "delay", "waits", "in_time"),
    [
        ("0", 0.5, [0.5], True),
        ("500ms", 0.5, [0.5], True),
        ("499ms", 0.5, [0.499], False),
        ("2s", None, [2.0], False),
        ("1min", 59, [59], True),
    ],
)
def test_a_statement_takes_no_longer_than_its_timeout(
    known: Known,
    session: Session,
    timeout: str,
    delay: float | None,
    waits: list[float],
    in_time: bool,
) -> None:
    known.know("select slow", "SELECT", lambda _: Pending(delay), fields=one())
    session.feed(query(f"set statement_timeout = '{timeout}'"))
    session.feed(run("select slow") + SYNC)
    waited = []
    while session.pending is not None:
        waited.append(session.pending.delay)
        said = session.resume(ints(9))
    assert waited == waits
    text = "canceling statement due to statement timeout"
    error = [("E", {"V": "ERROR", "C": "57014", "M": text}), IDLE]
    assert read(said) == (LATER if in_time else error)


def test_a_timeout_counts_all_that_a_statement_waits(session: Session) -> None:
    session.feed(query("set statement_timeout = 1000"))
    session.feed(query("select later"))
    assert session.resume(Pending(0.5)) == b""
    assert session.resume(Pending(0.25)) == b""
    assert session.pending is not None
    assert session.pending.delay == 0
    assert read(session.resume(ints(9)))[0][0] == "E"


def test_a_statement_that_takes_time_can_be_cancelled(session: Session) -> None:
    session.feed(query("begin; select later"))
    assert read(session.cancel()) == cancelled("E")
    assert session.pending is None
    assert session.resume(ints(9)) == b""
    assert read(session.feed(query("rollback"))) == [("C", "ROLLBACK"), IDLE]


def test_a_copy_can_be_cancelled(session: Session) -> None:
    session.feed(query("copy t from stdin") + copy_data(b"1\n"))
    assert read(session.cancel()) == cancelled()
    assert read(session.feed(COPY_DONE + query(""))) == [("I", b""), IDLE]


def test_cancelling_what_does_not_run_does_nothing(known: Known, session: Session) -> None:
    assert session.cancel() == b""
    assert known.connect().cancel() == b""  # not even a startup packet came


def test_a_cancel_request_is_no_session(known: Known) -> None:
    session = known.connect()
    assert session.feed(b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x07\0\0\0\x0b") == b""
    assert session.cancel_request == (7, 11)
    assert session.closed


def test_commands_of_the_session_can_take_time_too(known: Known, session: Session) -> None:
    known.controls["COMMIT"] = Pending(0.1)
    session.feed(query("begin") + query("commit"))
    current = session.connection.current
    assert current is not None
    assert not current.aborted
    assert read(session.resume(Result())) == [("C", "COMMIT"), IDLE]
    assert states(session) == [(None, "committed")]


# What a responder decides of the session's own commands


def test_a_commit_that_fails_is_a_rollback(known: Known, session: Session) -> None:
    known.controls["COMMIT"] = refusal("23503", "deferred")
    session.feed(query("begin; set application_name = 'x'; listen a"))
    assert read(session.feed(query("commit"))) == [
        ("E", {"V": "ERROR", "C": "23503", "M": "deferred"}),
        ("S", ("application_name", "")),
        IDLE,
    ]
    assert states(session) == [(None, "rolled back")]
    assert session.connection.channels == set()


def test_a_begin_that_fails_begins_nothing(known: Known, session: Session) -> None:
    known.controls["BEGIN"] = refusal("57P03", "later")
    assert read(session.feed(query("begin")))[-1] == IDLE
    assert session.connection.transactions == []


def test_a_savepoint_that_fails_aborts_the_transaction(known: Known, session: Session) -> None:
    known.controls["SAVEPOINT A"] = refusal("53200", "out of memory")
    assert read(session.feed(query("begin; savepoint a")))[-1] == ("Z", "E")
    assert session.connection.current is not None
    assert session.connection.current.aborted


def test_rows_of_a_responder_answer_show(known: Known, session: Session) -> None:
    known.controls["SHOW TIMEZONE"] = Result([("Mars",)], "SHOW")
    assert read(session.feed(query("show timezone")))[1:] == [
        ("D", [b"Mars"]),
        ("C", "SHOW"),
        IDLE,
    ]


def test_a_responder_is_asked_before_each_command(known: Known, session: Session) -> None:
    session.feed(query("begin; savepoint a") + run("release a") + SYNC + query("commit"))
    assert known.controlled == ["begin", "savepoint a", "release a", "commit"]


# How a connection ends


@pytest.mark.parametrize("effective", [True, False])
def test_a_connection_lost_at_commit(known: Known, session: Session, effective: bool) -> None:
    known.controls["COMMIT"] = ConnectionDropped(effective=effective)
    session.feed(query("begin"))
    assert session.feed(query("commit")) == b""
    assert (session.closed, session.dropped) == (True, True)
    assert states(session) == [(None, "committed" if effective else "rolled back")]


def test_a_connection_lost_after_a_commit(known: Known, session: Session) -> None:
    known.controls["COMMIT"] = Result(dropped=True)
    session.feed(query("begin"))
    assert session.feed(query("commit")) == b""
    assert session.dropped
    assert states(session) == [(None, "committed")]


def test_a_connection_lost_behind_the_rows(known: Known, session: Session) -> None:
    known.know("select lost", "SELECT", lambda _: Result([(1,), (2,)], dropped=True), fields=one())
    assert read(session.feed(query("select lost")))[1:] == [("D", [b"1"]), ("D", [b"2"])]
    assert session.dropped


def test_a_connection_lost_behind_a_copy(known: Known, session: Session) -> None:
    known.know("copy t from stdin", "COPY", lambda _: Result(dropped=True), copy="in")
    session.feed(query("copy t from stdin"))
    assert session.feed(COPY_DONE) == b""
    assert session.dropped


def test_rows_of_a_lost_connection_come_as_far_as_they_were_asked_for(
    known: Known, session: Session
) -> None:
    known.know("select lost", "SELECT", lambda _: Result([(1,), (2,)], dropped=True), fields=one())
    step = parse("", "select lost") + bind("", "")
    assert read(session.feed(step + execute("", 1)))[2:] == [("D", [b"1"]), ("s", b"")]
    assert read(session.feed(execute("", 2) + SYNC)) == [("D", [b"2"])]
    assert session.dropped


def test_a_connection_lost_while_it_waits(session: Session) -> None:
    session.feed(query("begin; select later"))
    assert session.resume(ConnectionDropped()) == b""
    assert session.dropped
    assert states(session) == [(None, "rolled back")]


def test_a_fatal_error_ends_the_connection(known: Known, session: Session) -> None:
    fatal = refusal("57P01", "gone", severity="FATAL")
    known.know("select fatal", "SELECT", lambda _: Pending(0))
    session.feed(query("begin; savepoint a; select fatal"))
    assert read(session.resume(fatal)) == [("E", {"V": "FATAL", "C": "57P01", "M": "gone"})]
    assert (session.closed, session.dropped) == (True, False)
    assert states(session) == [(None, "rolled back")]
    assert session.connection.transactions[0].children[0].state == "rolled back"
    assert session.feed(query("select 1")) == b""
    assert session.terminate(fatal) == session.notify("a", "", 1) == session.cancel() == b""


def test_an_administrator_can_end_a_connection(session: Session) -> None:
    session.feed(query("begin; select later"))
    fatal = refusal("57P01", "shutdown", severity="FATAL", hint="wait")
    assert read(session.terminate(fatal)) == [
        ("E", {"V": "FATAL", "C": "57P01", "M": "shutdown", "H": "wait"})
    ]
    assert (session.closed, session.dropped, session.pending) == (True, False, None)
    assert session.resume(ints(1)) == b""


@pytest.mark.parametrize(
    "leave",
    [lambda session: session.feed(TERMINATE), Session.lose],
    ids=["goodbye", "without a word"],
)
def test_who_leaves_rolls_back(session: Session, leave: Callable[[Session], object]) -> None:
    session.feed(query("begin; savepoint a"))
    leave(session)
    leave(session)
    assert session.closed
    assert states(session) == [(None, "rolled back")]
    assert session.connection.current is None


def test_an_error_of_our_own_is_raised_and_ends_the_connection(
    known: Known, session: Session
) -> None:
    def broken(parameters: object) -> Result:
        raise LookupError("a bug")

    known.know("select bug", "SELECT", broken)
    with pytest.raises(LookupError, match="a bug"):
        session.feed(query("select bug"))
    assert session.dropped
    other = known.connect()
    other.feed(startup())
    with pytest.raises(LookupError, match="a bug"):
        other.feed(run("select bug"))
    assert other.dropped


def test_a_row_of_another_length_than_the_result_is_a_bug(known: Known, session: Session) -> None:
    known.know("select two", "SELECT", lambda _: Result([(1, 2)]), fields=one())
    with pytest.raises(ValueError, match="longer than"):
        session.feed(query("select two"))


# Notifications


def test_a_notification_reaches_who_listens_and_is_idle(known: Known, session: Session) -> None:
    other = known.connect(pid=8)
    other.feed(startup())
    other.feed(query("listen a"))
    assert read(other.notify("a", "hello", 7)) == [("A", ["a", "hello"])]
    assert other.notify("b", "hello", 7) == b""
    assert session.notify("a", "hello", 7) == b""


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (query("begin"), query("commit"), "CAZ"),
        (query("select later"), SYNC, "Z"),
        (parse("", "select 1"), SYNC, "AZ"),
        (query("begin; selec"), query("rollback"), "CAZ"),
    ],
)
def test_a_notification_waits_until_the_session_is_idle(
    session: Session, before: bytes, after: bytes, kinds: str
) -> None:
    session.feed(query("listen a"))
    session.feed(before)
    assert session.notify("a", "", 9) == b""
    if session.pending is not None:
        assert [kind for kind, _ in read(session.resume(ints(9)))] == ["D", "C", "A", "Z"]
    assert [kind for kind, _ in read(session.feed(after))] == list(kinds)


# How a connection begins


def refusing(error: ServerError) -> ServerOptions:
    def refuse(connection: Connection) -> None:
        raise error

    return ServerOptions("18.4", admit=refuse)


def test_a_reception_can_refuse(known: Known) -> None:
    error = refusal("53300", "sorry, too many clients already")
    session = known.connect(refusing(error))
    assert read(session.feed(startup())) == [
        ("E", {"V": "FATAL", "C": "53300", "M": "sorry, too many clients already"})
    ]
    assert session.closed


def test_a_reception_can_cut_the_line(known: Known) -> None:
    def cut(connection: Connection) -> None:
        raise ConnectionDropped

    session = known.connect(ServerOptions(admit=cut))
    assert session.feed(startup()) == b""
    assert session.dropped


def test_a_reception_can_let_wait_and_knows_who_comes(known: Known) -> None:
    seen = []

    def admit(connection: Connection) -> Pending:
        seen.append((connection.user, connection.database))
        return Pending(3)

    session = known.connect(ServerOptions(admit=admit))
    assert session.feed(startup(user="ana", database="shop") + query("select 1")) == b""
    assert seen == [("ana", "shop")]
    assert read(session.resume(Result()))[-1] == IDLE


def test_the_database_is_named_like_the_user_where_none_is_named(known: Known) -> None:
    session = known.connect()
    session.feed(startup(user="ana", database=""))
    assert session.connection.database == "ana"
    assert read(session.feed(query("show session_authorization")))[1] == ("D", [b"ana"])


def test_replication_is_refused(known: Known) -> None:
    text = "fake_postgres has no replication connections"
    with not_supported(text):
        assert read(known.connect().feed(startup(replication="database"))) == [
            ("E", {"V": "FATAL", "C": "0A000", "M": text})
        ]


def test_an_unknown_switch_is_refused(known: Known) -> None:
    assert read(known.connect().feed(startup(options="-x")))[-1] == (
        "E",
        {
            "V": "FATAL",
            "C": "42601",
            "M": "invalid command-line argument for server process: -x",
        },
    )


def test_an_older_server_speaks_the_older_protocol(known: Known) -> None:
    said = read(known.connect(ServerOptions("16.2")).feed(startup(2)))
    assert said[0] == ("v", b"\0\3\0\0\0\0\0\0")
    names = [body[0] for kind, body in said if kind == "S" and isinstance(body, tuple)]
    assert "search_path" not in names
    assert ("S", ("server_version", "16.2")) in said


def test_settings_of_the_server_are_told(known: Known) -> None:
    session = known.connect(
        ServerOptions(settings={"in_hot_standby": "on", "TimeZone": "Asia/Tokyo"})
    )
    said = read(session.feed(startup()))
    assert ("S", ("in_hot_standby", "on")) in said
    assert ("S", ("TimeZone", "Asia/Tokyo")) in said
    assert ("S", ("server_version", "18.0")) in said
    session.feed(query("set timezone = utc"))
    assert ("S", ("TimeZone", "Asia/Tokyo")) in read(session.feed(query("reset timezone")))


def test_settings_of_a_server_are_settings(known: Known) -> None:
    with pytest.raises(ServerError, match='invalid value for parameter "work_mem": "much"'):
        known.connect(ServerOptions(settings={"work_mem": "much"}))
    with pytest.raises(ServerError, match='unrecognized configuration parameter "workmem"'):
        known.connect(ServerOptions(settings={"workmem": "1MB"}))


def test_function_calls_are_refused(session: Session) -> None:
    text = "fastpath function calls are not supported by fake_postgres; use SELECT"
    with not_supported(text) as told:
        assert read(session.feed(b"F\0\0\0\4")) == told


def refused(sqlstate: str, text: str, **more: str) -> list[object]:
    return [("E", {"V": "ERROR", "C": sqlstate, "M": text, **more}), IDLE]


@contextmanager
def not_supported(text: str) -> Iterator[list[object]]:
    """What the client is told of something that only PostgreSQL can do; the test fails too."""
    with opened() as state:
        yield refused("0A000", text)
    assert [(type(failure), str(failure)) for failure in state.failures] == [(NotSupported, text)]


def test_arguments_of_execute_are_literals(session: Session) -> None:
    session.feed(query("prepare p as select $1::int4"))
    text = "fake_postgres reads only literals as arguments of EXECUTE, not 1+1"
    with not_supported(text) as told:
        assert read(session.feed(query("execute p (1 + 1)"))) == told


def test_a_command_of_the_session_is_not_executed_by_name(session: Session) -> None:
    session.feed(parse("p", "show timezone") + SYNC)
    with not_supported('fake_postgres cannot EXECUTE "p": it is no query') as told:
        assert read(session.feed(query("execute p"))) == told


def test_clients_speak_utf8(session: Session) -> None:
    with not_supported("fake_postgres speaks UTF8 only, not latin1") as told:
        assert read(session.feed(query("set client_encoding = 'latin1'"))) == told


def test_a_portal_that_is_no_query_is_not_fetched_from(session: Session) -> None:
    session.feed(query("begin") + parse("", "insert into t values (1)") + bind("p", "") + SYNC)
    said = read(session.feed(query("fetch p")))
    assert said[0] == ("E", {"V": "ERROR", "C": "55000", "M": 'portal "p" cannot be run'})


def test_a_message_that_is_not_utf8_or_has_a_nul_breaks_no_stream(
    known: Known, session: Session
) -> None:
    known.know("select odd", "SELECT", lambda _: Pending(0))
    session.feed(query("select odd"))
    assert read(session.resume(refusal("P0001", "a\0b\ud800"))) == refused("P0001", "a?b?")
