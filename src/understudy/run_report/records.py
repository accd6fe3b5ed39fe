"""The records of a run, as `--understudy-trace` writes them: one JSON object a line.

The first record is the `Run`, then come the `Statement`s and the `Test`s, and the last one is the
`Summary`. A line leaves out the fields that have their default. Values of the database are texts,
cut to a length, and redacted by column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

VERSION = 1

Server = Literal["fakes", "fake_postgres", "real_postgres", "real_sqlite"]
Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "rerun"]
EventKind = Literal[
    "request",
    "connect",
    "statement",
    "begin",
    "commit",
    "rollback",
    "savepoint",
    "release",
    "rollback to",
]


@dataclass(frozen=True)
class Run:
    """How the run was started.

    Attributes:
        understudy: its version.
        python: the version of Python.
        pytest: the version of pytest.
        started: in ISO 8601, UTC.
        arguments: of pytest.
        postgres: the major version of the PostgreSQL that checked statements; None for none.
        redacted: the columns whose values are hidden, as configured.
    """

    understudy: str
    python: str
    pytest: str
    started: str
    arguments: Sequence[str]
    postgres: int | None
    redacted: Sequence[str] = ()
    kind: Literal["run"] = "run"
    version: int = VERSION


@dataclass(frozen=True)
class Column:
    """A column of a result.

    Attributes:
        name: its name.
        type: as PostgreSQL names it; "" if unknown.
        nullable: None if unknown.
    """

    name: str
    type: str
    nullable: bool | None


@dataclass(frozen=True)
class Statement:
    """A statement, with what PostgreSQL said of it.

    Attributes:
        id: counted from 1; the tests refer to it.
        sql: its text; with `?` for each literal if it has to do with a redacted column.
        verdict: "checked" if PostgreSQL has described or executed it, "parsed" if it has looked
            at its syntax alone, "refused", or "unchecked".
        refusal: what PostgreSQL said when it refused it; "" otherwise.
        parameters: the types of its parameters.
        columns: of its result.
        reads: the tables that it reads; empty if unknown.
        writes: the tables that it writes; empty if unknown.
        conditions: what coverage of SQL says of each of its conditions, as the terminal does;
            empty without `--understudy-sql-coverage`.
        places: the lines that sent it, as "path:line".
    """

    id: int
    sql: str
    verdict: Literal["checked", "parsed", "refused", "unchecked"]
    refusal: str = ""
    parameters: Sequence[str] = ()
    columns: Sequence[Column] = ()
    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    conditions: Sequence[str] = ()
    places: Sequence[str] = ()
    kind: Literal["statement"] = "statement"


@dataclass(frozen=True)
class Error:
    """An error of the database.

    Attributes:
        sqlstate: its code; "" if a fake raised another exception than an error of PostgreSQL.
        message: its first line.
    """

    sqlstate: str
    message: str


@dataclass(frozen=True)
class TestEvent:
    """Something that happened in a test: a request, or a call at the boundary.

    Attributes:
        type: what it is.
        at: seconds since the test began.
        seconds: how long it took; None if it never ended.
        phase: of the test.
        server: what answered; None for a request.
        connection: the number of the connection in this test, from 1; None on a fake.
        request: the index, in the same list, of the request it belongs to.
        transaction: the number of the transaction in this test, from 1; None outside of one. BEGIN
            and COMMIT belong to it, too; the BEGIN of a fake does not tell.
        statement: the `Statement.id`; None for anything else.
        text: the statement of transaction control, or "GET /users" with the path for a request.
        parameters: the parameters, as text.
        is_many: whether `parameters` are rows, the first ones of a COPY or of execute_many.
        columns: the names of the columns of `rows`.
        rows: the first rows of the answer, as texts; None for NULL. None if unknown.
        count: the number of rows; None if unknown.
        tag: the command tag; None if it failed.
        status: the status of the response, of a request.
        error: the error it was answered with.
        fault: what a rule did to the call, such as "scripted 40001"; "" for nothing.
        rule: the rule that answered it, as "path:line"; "" for none.
        exception: the name of the exception that the app raised, of a request.
        is_counted: whether the terminal counts it as a call: not if it was refused before it ran,
            and not the DECLARE of a cursor.
        place: the line that sent it, as "path:line"; "" if unknown.
        function: the function around that line.
        source: the text of that line.
    """

    __test__ = False  # pytest shall not collect it

    type: EventKind
    at: float
    seconds: float | None
    phase: Literal["setup", "call", "teardown"]
    server: Server | None = None
    connection: int | None = None
    request: int | None = None
    transaction: int | None = None
    statement: int | None = None
    text: str = ""
    parameters: Sequence[str | None] = ()
    is_many: bool = False
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str | None]] | None = None
    count: int | None = None
    tag: str | None = None
    status: int | None = None
    error: Error | None = None
    fault: str = ""
    rule: str = ""
    exception: str = ""
    is_counted: bool = False
    place: str = ""
    function: str = ""
    source: str = ""


@dataclass(frozen=True)
class Test:
    """A test.

    Attributes:
        id: its node id.
        outcome: as pytest counts it.
        seconds: setup, call and teardown together.
        place: its first line, as "path:line".
        failure: the text of its failure, as the terminal shows it; "" if there is none.
        events: in the order in which they began.
        left_out: the number of further events, if there were too many.
        isolation: on `real_postgres`, "rollback" or "clone"; "" without it.
        unseen: why there may be statements that are not among the events; "" if there are none.
    """

    __test__ = False  # pytest shall not collect it

    id: str
    outcome: Outcome
    seconds: float
    place: str
    failure: str = ""
    events: Sequence[TestEvent] = field(default_factory=list)
    left_out: int = 0
    isolation: Literal["", "rollback", "clone"] = ""
    unseen: str = ""
    kind: Literal["test"] = "test"


@dataclass(frozen=True)
class Summary:
    """The end of a run.

    Attributes:
        seconds: of the whole run.
        outcomes: the number of tests by outcome, as the terminal's last line counts them.
        lines: the section of Understudy in the terminal.
        fakes: the calls on fakes and `fake_postgres`, and the different statements, as the terminal
            counts them.
        real_postgres: the same for `real_postgres`.
        checklist: the modules of what `understudy review --format json` has written to
            `report_review`; empty if there is no such file.
        mutants: what `understudy mutate --format json` has written to `report_mutants`; None if
            there is no such file.
    """

    seconds: float
    outcomes: dict[str, int]
    lines: Sequence[str]
    fakes: tuple[int, int] = (0, 0)
    real_postgres: tuple[int, int] = (0, 0)
    checklist: Sequence[dict[str, object]] = ()
    mutants: dict[str, object] | None = None
    kind: Literal["summary"] = "summary"


Record = Run | Statement | Test | Summary
