"""A repeated statement gets a new answer each time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.fake_postgres.frontend import (
    SYNC,
    bind,
    close,
    describe,
    execute,
    parse,
    query,
    read,
    startup,
)
from tests.fake_postgres.responders import INT4, Known, ints, one, refusal
from understudy.fake_postgres.protocol.session import Session
from understudy.fake_postgres.protocol.statements import Result
from understudy.serving.waits import ConnectionDropped, Pending

IDLE = ("Z", "I")
BOUND = ("2", b"")


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def session(known: Known) -> Session:
    session = known.connect()
    session.feed(startup())
    session.feed(parse("i", "select $1::int4") + parse("s", "select generate_series(1,5)") + SYNC)
    return session


def step(statement: str, *values: bytes | None, limit: int = 0, form: int = 0) -> bytes:
    return bind("", statement, *values, formats=[form]) + execute("", limit) + SYNC


def send_twice(session: Session, *steps: bytes) -> None:
    for messages in steps * 2:
        session.feed(messages)


def test_values_are_read_each_time(session: Session, known: Known) -> None:
    send_twice(session, step("i", b"7"))

    assert read(session.feed(step("i", b"8")))[1:] == [("D", [b"8"]), ("C", "SELECT 1"), IDLE]
    assert read(session.feed(step("i", None)))[1:] == [("D", [None]), ("C", "SELECT 1"), IDLE]
    assert [values for _, values in known.executed] == [[7], [7], [8], [None]]


def test_rows_that_were_sent_are_sent_again(session: Session, known: Known) -> None:
    same = ints(3)
    known.know("select $1::int4", "SELECT", lambda _: same, (INT4,), fields=one("int4"))

    answers = [session.feed(step("i", b"7")) for _ in range(4)]

    assert len(set(answers)) == 1
    assert read(answers[0]) == [BOUND, ("D", [b"3"]), ("C", "SELECT 1"), IDLE]


def test_other_rows_are_not_those_that_were_sent(session: Session, known: Known) -> None:
    results = [ints(1), ints(2), Result([(["changes"],)])]
    known.know("select $1::int4", "SELECT", lambda _: results.pop(0), (INT4,), fields=one("int4"))

    said = [read(session.feed(step("i", b"7")))[1] for _ in range(3)]

    assert said == [("D", [b"1"]), ("D", [b"2"]), ("D", [b"['changes']"])]


def test_a_row_limit_suspends_and_a_transaction_goes_on(session: Session) -> None:
    limited = step("s", limit=2)
    send_twice(session, limited)
    session.feed(query("begin"))

    for _ in range(2):
        first = read(session.feed(limited))
        rest = read(session.feed(execute("", 9) + SYNC))

        assert first == [BOUND, ("D", [b"1"]), ("D", [b"2"]), ("s", b""), ("Z", "T")]
        assert rest[:3] == [("D", [b"3"]), ("D", [b"4"]), ("D", [b"5"])]


def test_a_name_may_be_prepared_again(session: Session) -> None:
    send_twice(session, step("i", b"7"))
    session.feed(close("S", "i") + parse("i", "select $1::text") + SYNC)

    assert read(session.feed(step("i", b"x")))[1] == ("D", [b"x"])


def test_a_statement_that_is_gone(session: Session) -> None:
    send_twice(session, step("i", b"7"))
    session.feed(close("S", "i") + SYNC)

    said = read(session.feed(step("i", b"7")))

    assert said == [
        ("E", {"V": "ERROR", "C": "26000", "M": 'prepared statement "i" does not exist'}),
        IDLE,
    ]


def test_nothing_runs_in_an_aborted_transaction(session: Session, known: Known) -> None:
    send_twice(session, step("i", b"7"))
    session.feed(query("begin") + query("nope"))
    known.executed.clear()

    said = read(session.feed(step("i", b"7")))

    assert said[0][0] == "E"
    assert said[1:] == [("Z", "E")]
    assert known.executed == []


def test_an_error_is_followed_by_what_is_next(session: Session, known: Known) -> None:
    send_twice(session, step("i", b"7"))

    def fail(values: Sequence[object]) -> Result:
        raise refusal("22012", "division by zero")

    known.know("select $1::int4", "SELECT", fail, (INT4,), fields=one("int4"))

    for _ in range(2):
        said = read(session.feed(step("i", b"7")))
        assert said == [
            BOUND,
            ("E", {"V": "ERROR", "C": "22012", "M": "division by zero"}),
            IDLE,
        ]


def test_an_error_of_our_own_is_raised_and_ends_the_connection(
    session: Session, known: Known
) -> None:
    send_twice(session, step("i", b"7"))

    def fail(values: Sequence[object]) -> Result:
        raise ZeroDivisionError

    known.know("select $1::int4", "SELECT", fail, (INT4,), fields=one("int4"))

    with pytest.raises(ZeroDivisionError):
        session.feed(step("i", b"7"))
    assert session.dropped


def test_a_value_that_cannot_be_sent(session: Session, known: Known) -> None:
    binary = bind("", "i", b"7", results=[1]) + execute() + SYNC
    send_twice(session, binary)

    def overflow(values: Sequence[object]) -> Result:
        raise refusal("22003", "integer out of range")

    known.encoder = lambda oid, form: overflow  # type: ignore[method-assign] # one that refuses
    session.feed(parse("j", "select $1::int4") + SYNC)
    refused = bind("", "j", b"7") + execute() + SYNC

    first = read(session.feed(refused))

    assert first[1][0] == "E"
    assert read(session.feed(refused)) == first


def test_a_result_that_takes_time(session: Session, known: Known) -> None:
    send_twice(session, step("i", b"7"))
    later = Pending(0.5, lambda: ints(9))
    known.know("select $1::int4", "SELECT", lambda _: later, (INT4,), fields=one("int4"))

    assert read(session.feed(step("i", b"7"))) == [BOUND]
    assert session.pending is later
    assert session.feed(query("select 1")) == b""

    said = read(session.resume(ints(9)))
    assert said[:3] == [("D", [b"9"]), ("C", "SELECT 1"), IDLE]
    assert said[4:] == [("D", [b"1"]), ("C", "SELECT 1"), IDLE]


def test_a_connection_that_is_lost(session: Session, known: Known) -> None:
    send_twice(session, step("i", b"7"))
    lost = Result([(1,), (2,)], dropped=True)
    known.know("select $1::int4", "SELECT", lambda _: lost, (INT4,), fields=one("int4"))

    assert read(session.feed(step("i", b"7"))) == [BOUND, ("D", [b"1"]), ("D", [b"2"])]
    assert session.dropped


def test_a_connection_that_is_lost_instead_of_an_answer(session: Session, known: Known) -> None:
    send_twice(session, step("i", b"7"))

    def lose(values: Sequence[object]) -> Result:
        raise ConnectionDropped

    known.know("select $1::int4", "SELECT", lose, (INT4,), fields=one("int4"))

    session.feed(step("i", b"7"))
    assert session.dropped


def described(statement: str, *values: bytes | None, limit: int = 0, form: int = 0) -> list[bytes]:
    """What psycopg says, message by message."""
    return [
        bind("", statement, *values, formats=[0], results=[form]),
        describe("P"),
        execute("", limit),
        SYNC,
    ]


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize("limit", [0, 2])
def test_messages_in_one_piece_or_one_by_one(
    session: Session, known: Known, limit: int, form: int
) -> None:
    slow = known.connect()
    slow.feed(startup())
    slow.feed(parse("i", "select $1::int4") + parse("s", "select generate_series(1,5)") + SYNC)
    for messages in (
        described("i", b"7", limit=limit, form=form),
        described("i", None, limit=limit, form=form),
        described("s", limit=limit, form=form),
        described("i", b"x", limit=limit, form=form),
    ):
        said = [b"".join(slow.feed(message) for message in messages) for _ in range(3)]
        assert [session.feed(b"".join(messages)) for _ in range(3)] == said


def test_an_error_after_a_describe(session: Session, known: Known) -> None:
    known.know("select $1::int4", "SELECT", lambda _: ints(1), (INT4,), fields=one("int4"))
    piece = b"".join(described("i", b"7"))
    send_twice(session, piece)
    first = read(session.feed(piece))

    def fail(_: object) -> Result:
        raise refusal("22012", "division by zero")

    known.know("select $1::int4", "SELECT", fail, (INT4,), fields=one("int4"))

    assert read(session.feed(piece))[:2] == first[:2]
    assert [kind for kind, _ in first[:2]] == ["2", "T"]


@pytest.mark.parametrize(
    "odd",
    [
        step("i", b"x"),  # no integer
        step("i", b"\0\0\0\7\7", form=1),  # too long for one
        step("i", b"7")[:-1] + b"\5",  # a Sync with a body that has not come
        step("i", b"7").replace(b"\0\0\0\1" + b"7", b"\xff\xff\xff\xfe"),  # a length below NULL's
        step("i", b"7").replace(b"\0\0\0\1" + b"7", b"\0\0\0\2" + b"7"),  # too few bytes
        bind("p", "i", b"7", formats=[0]) + execute("p") + SYNC,  # a portal with a name
        bind("", "i", b"7", formats=[0]) + execute("", 0),  # no Sync
        bind("", "i", b"7", formats=[0]) + execute("p") + SYNC,  # another portal
        bind("", "i") + execute() + SYNC,  # no value
        bind("", "i", b"7" * 5000) + execute() + SYNC,  # long
        b"B" + b"\0\0\0\5" + b"\0",
        b"B" + b"\0\0\0\3" + b"\0\0",
    ],
)
def test_pieces_do_not_matter_to_odd_messages(session: Session, odd: bytes) -> None:
    send_twice(session, step("i", b"7"), step("i", b"\0\0\0\7", form=1))

    said = session.feed(odd)

    again = Known().connect()
    again.feed(startup())
    again.feed(parse("i", "select $1::int4") + parse("s", "select generate_series(1,5)") + SYNC)
    assert said == b"".join(again.feed(odd[at : at + 1]) for at in range(len(odd)))
