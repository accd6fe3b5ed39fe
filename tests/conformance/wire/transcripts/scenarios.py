"""What clients say: each scenario is a connection, each step is sent whole and read to its end.

The last message of a step is the one that lets the other side answer: a simple query or a Sync.
"""

from __future__ import annotations

from tests.wire.frontend import (
    COPY_DONE,
    FLUSH,
    SYNC,
    bind,
    close,
    copy_data,
    copy_fail,
    describe,
    execute,
    message,
    parse,
    query,
    run,
)

RAISE = "do $$begin raise 'no'; end$$"
WRONG = "select nope"  # PostgreSQL looks at the syntax of all statements before it runs one
SERIES = "select generate_series(1,5)"
LONG = "x" * 8000


def queries(*texts: str) -> list[bytes]:
    return [query(text) for text in texts]


SCENARIOS: dict[str, list[bytes]] = {
    "simple": queries(
        "select 1", "", " ; ;", "select 1;; select 2;", f"select 1; {WRONG}; select 2"
    ),
    "simple with a parameter": queries("select $1::int4"),
    "extended": [
        parse("", "select $1::int4")
        + describe("S")
        + bind("", "", b"5")
        + describe("P")
        + execute()
        + SYNC,
        parse("a", "select $1::int4", 23) + SYNC,
        bind("", "a", b"\0\0\0\7", formats=[1], results=[1]) + describe("P") + execute() + SYNC,
        bind("", "a", None) + execute() + SYNC,
        bind("", "a", b"1", results=[0]) + execute() + FLUSH + SYNC,
        close("S", "a") + close("S", "a") + close("P", "a") + SYNC,
        bind("", "a", b"1") + SYNC,
        parse("", "") + bind("", "") + describe("S") + describe("P") + execute() + SYNC,
        run("insert into t values (1)") + SYNC,
        run("insert into t values (1),(2) returning i") + SYNC,
    ],
    "names": [
        parse("a", "select 1") + parse("a", "select 2") + SYNC,
        bind("", "nope") + SYNC,
        bind("", "") + SYNC,
        execute("nope") + SYNC,
        describe("S", "nope") + SYNC,
        describe("P", "nope") + SYNC,
        parse("", "select 1; select 2") + SYNC,
        parse("", "select 1;") + bind("", "") + execute() + SYNC,
        bind("p", "a") + bind("p", "a") + SYNC,
        describe("X", "a") + SYNC,
        close("X", "a") + SYNC,
        parse("", "select 1") + query("select 2") + bind("", "") + SYNC,
    ],
    "binds": [
        parse("a", "select $1::int4") + parse("b", "select 1") + SYNC,
        bind("", "a") + SYNC,
        bind("", "a", b"1", b"2") + SYNC,
        bind("", "b", b"1") + SYNC,
        bind("", "a", b"x") + SYNC,
        bind("p", "a", b"x") + SYNC,
        bind("", "a", b"abc", formats=[1]) + SYNC,
        bind("", "a", b"1", formats=[3]) + SYNC,
        bind("", "a", b"1", formats=[0, 0]) + SYNC,
        bind("", "a", b"1", results=[0, 1]) + SYNC,
        bind("", "a", b"1", results=[2]) + execute() + SYNC,
    ],
    "skips until sync": [
        parse("", "selec") + run("select 1") + query("select 1") + SYNC,
        run("select 1") + parse("", "selec") + run("select 1") + SYNC,
        run(RAISE) + run("select 1") + SYNC + run("select 1") + SYNC,
    ],
    "bad messages": [
        message(b"Q", b"select 1"),
        message(b"Q", b"select 1\0x"),
        message(b"Q", b"\xff\0"),
        message(b"Q", b"select \xe2\x28\xa1\0"),
        message(b"Q", b"select \xe2\x82"),
        message(b"P", b"x\0") + SYNC,
        message(b"P", b"x\0select 1\0\0") + SYNC,
        message(b"P", b"x\0select 1\0\0\2\0") + SYNC,
        message(b"P", b"x\0select 1\0\0\0\0") + SYNC,
        parse("", "select 1") + message(b"B", b"\0\0") + SYNC,
        parse("", "select $1::int4") + message(b"B", b"\0\0\0\0\0\1\0\0") + SYNC,
        message(b"D") + SYNC,
        message(b"E", b"\0") + SYNC,
        message(b"E", b"\0\0\0\0\0\0") + SYNC,
        message(b"C", b"S") + SYNC,
        message(b"S", b"x") + SYNC,
        copy_data(b"x") + COPY_DONE + copy_fail("x") + SYNC,
    ],
    "row limits": [
        parse("g", SERIES)
        + bind("", "g")
        + execute("", 2)
        + execute("", 2)
        + execute("", 2)
        + execute("", 2)
        + SYNC,
        bind("", "g") + execute("", 5) + execute("", 0) + SYNC,
        bind("", "g") + execute("", 6) + SYNC,
        bind("", "g") + execute("", -1) + SYNC,
        run("insert into t values (1)") + execute() + SYNC,
        bind("", "g") + SYNC + execute() + SYNC,
        query("begin"),
        bind("p", "g") + execute("p", 2) + SYNC,
        execute("p", 2) + SYNC,
        query("select 1"),
        execute("p", 2) + SYNC,
        close("P", "p") + execute("p") + SYNC,
        query("rollback"),
        query("begin"),
        bind("q", "g") + execute("q", 1) + SYNC,
        query("commit"),
        execute("q") + SYNC,
        bind("q", "g") + SYNC + execute("q") + SYNC,
    ],
    "blocks": queries(
        "begin; begin",
        "select 1",
        "selec",
        "select 1",
        "commit",
        "commit",
        "rollback",
        "end",
        "abort",
        "start transaction isolation level serializable, read only, deferrable",
        "show transaction_isolation",
        "show transaction_read_only",
        "commit and chain",
        "show transaction isolation level",
        "rollback and no chain",
        "show transaction_isolation",
        "begin work; commit work; begin transaction; rollback transaction",
        "begin isolation level repeatable read; begin read only; show transaction_read_only",
        "abort and chain; end and chain; commit",
        "rollback and chain",
        "commit and chain",
        f"begin; {WRONG}",
        "commit and chain",
        "select 1",
        "rollback",
    ),
    "in an aborted block": [
        query("begin"),
        parse("c", "commit")
        + parse("s", "select 1")
        + parse("i", "insert into t values (1)")
        + SYNC,
        query("selec"),
        parse("", "select 1") + SYNC,
        bind("", "s") + SYNC,
        describe("S", "s") + SYNC,
        describe("S", "i") + SYNC,
        parse("", "") + bind("", "") + execute() + SYNC,
        query(""),
        query("set application_name = x"),
        query("savepoint a"),
        query("select 1; commit"),
        bind("", "c") + execute() + SYNC,
    ],
    "savepoints": queries(
        "savepoint a",
        "release a",
        "rollback to a",
        "begin; savepoint a; savepoint b; savepoint a",
        "rollback to savepoint a",
        "release savepoint a",
        f"rollback to b; {WRONG}",
        "rollback work to savepoint b",
        "release x",
        "rollback to a",
        "release b",
        "rollback transaction to a",
        'savepoint "A"',
        'release "A"',
        "release a; commit",
    ),
    "two-phase commit": queries(
        "prepare transaction 'x'",
        "begin",
        "prepare transaction 'x'",
        f"begin; {WRONG}",
        "prepare transaction 'x'",
        "commit prepared 'x'",
        "begin",
        "rollback prepared 'x'",
        "rollback",
    ),
    "implicit blocks": queries(
        "select 1; savepoint a",
        "select 1; begin; select 2",
        "commit; select 1",
        f"begin; select 1; commit; {RAISE}; select 2",
        "select 1; commit; rollback; set local application_name = 'x'; select 1",
        f"select 1; begin; commit; {WRONG}",
        "begin; select 1; commit; savepoint b",
        "select 1; commit and chain",
        f"set application_name = 'y'; {WRONG}",
    ),
    "pipelines": [
        run("begin") + run(RAISE) + run("select 1") + SYNC,
        query("rollback"),
        run("select 1") + run("savepoint x") + SYNC,
        run("select 1") + run("set local application_name = x") + SYNC,
        run("set local application_name = x") + SYNC,
        run("set application_name = 'x1'") + parse("", "selec") + SYNC,
        run("set application_name = 'x1'") + SYNC,
        run("commit") + SYNC,
        run("select 1") + run("commit") + SYNC,
        run("select 1") + run("rollback") + run("select 1") + SYNC,
        run("select 1") + run("begin") + SYNC,
        run("rollback") + SYNC,
        run("select 1") + run("begin") + run("select 1") + run("commit") + run("select 1") + SYNC,
        run("select 1") + run("discard all") + SYNC,
        run("discard all") + SYNC,
        run("select 1") + run("start transaction") + run("savepoint a") + run("commit") + SYNC,
    ],
}
