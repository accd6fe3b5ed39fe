"""No bytes break a session, and their division into pieces does not matter."""

from __future__ import annotations

import itertools

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conformance.wire.transcripts.scenarios import SCENARIOS, STARTUPS
from tests.fake_postgres.frontend import SYNC, bind, close, execute, parse, query, read, startup
from tests.fake_postgres.responders import Known
from understudy.fake_postgres.protocol.backend_messages import NOT_HERE
from understudy.script import expectations

STEPS = sorted(set(itertools.chain(*SCENARIOS.values())))
STARTS = sorted(set(itertools.chain(*STARTUPS.values())))
FAST = settings(suppress_health_check=list(HealthCheck))


def talk(pieces: list[bytes]) -> tuple[bytes, bool, bool]:
    """Feed a session; return what it said, and whether it closed, and how."""
    known = Known()
    session = known.connect()
    with expectations.opened():  # what is not supported fails the test that asks for it
        said = b"".join(session.feed(piece) for piece in pieces)
    other = known.connect(pid=8)
    other.feed(startup())
    assert read(other.feed(query("select 1")))[1:] == [
        ("D", [b"1"]),
        ("C", "SELECT 1"),
        ("Z", "I"),
    ]
    return said, session.closed, session.dropped


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def mutated(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(changed)] = value
    return bytes(changed)


conversations = st.lists(st.sampled_from(STEPS), max_size=8).map(b"".join)
places = st.lists(st.integers(0, 2000), max_size=12)
changes = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6)


@FAST
@given(conversations, places)
def test_pieces_do_not_matter(conversation: bytes, places: list[int]) -> None:
    data = startup() + conversation
    assert talk(cut(data, places)) == talk([data])


# What clients say again and again is answered without the message loop (quick.py).
SHAPES = [
    piece + SYNC
    for statement, limit in (("i", 0), ("i", 1), ("s", 0), ("s", 2), ("bad", 0), ("t", 0))
    for value in (b"7", b"8", b"\0\0\0\7", None, b"x", b"")
    for form in ((), (0,), (1,), (2,))
    if statement in "it" or (value == b"7" and form in ((), (1,)))
    for piece in [
        bind("", statement, *([value] if statement in "it" else []), formats=form, results=form)
        + execute("", limit)
    ]
]
PREPARED = [
    parse("i", "select $1::int4") + SYNC,
    parse("i", "select $1::text") + SYNC,
    parse("t", "select $1::text") + SYNC,
    parse("s", "select generate_series(1,5)") + SYNC,
    parse("bad", "select 1/0") + SYNC,
    close("S", "i") + SYNC,
    execute("", 1) + SYNC,
    query("begin"),
    query("savepoint a"),
    query("rollback to a"),
    query("rollback"),
    SYNC,
]
shapes = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(SHAPES), st.sampled_from(PREPARED)), st.sampled_from([1, 1, 3])
    ),
    max_size=14,
).map(lambda given: [step for step, times in given for _ in range(times)])


@FAST
@given(shapes)
def test_what_was_said_before_is_answered_the_same(steps: list[bytes]) -> None:
    pieces = [startup() + b"".join(PREPARED[2:5]), PREPARED[0], *steps]
    assert talk(pieces) == talk([b"".join(pieces)])


@FAST
@given(shapes, changes)
@example([], [(0, ord("F"))])  # a call of a function, which is not supported
def test_what_nearly_has_a_known_shape(steps: list[bytes], changes: list[tuple[int, int]]) -> None:
    step = SHAPES[0]
    pieces = [startup(), *PREPARED[:1], step, step, mutated(step, changes), *steps]
    assert talk(pieces) == talk([b"".join(pieces)])


@FAST
@given(conversations, changes, places)
@example(query("select 1"), [(1, 255)], [])
def test_a_broken_conversation_breaks_nothing(
    conversation: bytes, changes: list[tuple[int, int]], places: list[int]
) -> None:
    data = startup() + mutated(conversation + SYNC, changes)
    whole = talk([data])
    assert talk(cut(data, places)) == whole
    assert read(whole[0])[-1][0] in "ZEGTCDNI123sAtnSHdc"


@FAST
@given(st.binary(max_size=400), places)
def test_any_bytes_can_follow_a_startup(data: bytes, places: list[int]) -> None:
    assert talk(cut(startup() + data, places)) == talk([startup() + data])


@FAST
@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.sampled_from(STARTS), changes).map(lambda given: mutated(*given)),
    ),
    places,
)
def test_any_bytes_can_begin_a_connection(data: bytes, places: list[int]) -> None:
    whole = talk([data])
    assert talk(cut(data, places)) == whole
    read(whole[0].lstrip(NOT_HERE))


@FAST
@given(
    st.text(max_size=200), st.sampled_from(["", "begin; ", "select 1; ", "declare c cursor for "])
)
@example("; $a$ ; $b$", "")
@example("set work_mem = 0x" + "f" * 999, "")
@example("set work_mem = " + "1" * 9999, "")
@example("set seq_page_cost = 1e99999", "")
@example("set time zone " + "9" * 9999, "")
@example("fetch " + "9" * 9999 + " c", "")
@example("fetch relative all c", "declare c cursor with hold for select 1; ")
@example("select pg_notify($9999, $" + "9" * 9999 + ")", "")
@example("select pg_notify($9999, '')", "")
@example("prepare a as select $1::int4; execute a(" + "9" * 9999 + ")", "")
@example("prepare a as show a; execute a", "")
@example("begin; " + "savepoint a; " * 2000 + "rollback", "")
def test_any_text_is_answered_and_leaves_the_session_in_order(sql: str, before: str) -> None:
    session = Known().connect()
    session.feed(startup())
    said = read(session.feed(query((before + sql).replace("\0", ""))))
    assert said[-1][0] in "ZG"
    if said[-1][0] == "Z":
        assert read(session.feed(SYNC)) == [said[-1]]
        named = parse("x", "show timezone") + bind("x", "x") + SYNC + query("fetch all x; commit")
        assert read(session.feed(named))[-1][0] == "Z"
