"""Records of runs of a made-up shop: a small one with everything in it, and a large one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from understudy.review import output
from understudy.review.checklist_items import Answer, Evidence, Item, Review, State
from understudy.run_report.records import (
    Column,
    Error,
    Record,
    Run,
    Statement,
    Summary,
    Test,
    TestEvent,
)

ADDRESS_TAKEN = Error("23505", 'duplicate key value violates unique constraint "users_email_key"')
COLUMNS = ("id", "email", "name", "created_at")
FAILURE = """\
async_client = <httpx.AsyncClient object at 0x7f4ca1>, real_postgres = <real_postgres: 1 connection>

    async def test_a_taken_address_is_a_conflict(async_client, real_postgres):
        real_postgres.insert("users", email="ana@example.com")

        response = await async_client.post("/users", json={"email": "ana@example.com"})

>       assert response.status_code == 409
E       assert 500 == 409
E        +  where 500 = <Response [500 Internal Server Error]>.status_code

tests/test_users.py:16: AssertionError"""


def run() -> Run:
    return Run(
        understudy="1.0",
        python="3.13.1",
        pytest="9.0.1",
        started="2026-11-29T16:40:00Z",
        arguments=["-q", "--understudy-html=report.html"],
        postgres=17,
        redacted=("password",),
    )


def users() -> list[Statement]:
    """Return the statements of the small run."""
    columns = (
        Column("id", "bigint", False),
        Column("email", "text", False),
        Column("name", "text", True),
        Column("created_at", "timestamp with time zone", False),
    )
    return [
        Statement(
            1,
            "SELECT id, email, name, created_at\nFROM users\nWHERE email = $1",
            "checked",
            parameters=("text",),
            columns=columns,
            reads=("users",),
            places=("app/dao/users.py:12",),
            conditions=("no row spared", "email = $1 never false"),
        ),
        Statement(
            2,
            "INSERT INTO users (email, name) VALUES ($1, $2) RETURNING id",
            "checked",
            parameters=("text", "text"),
            columns=(Column("id", "bigint", False),),
            writes=("users",),
            places=("app/dao/users.py:21",),
        ),
        Statement(
            3,
            "INSERT INTO audit (event, details) VALUES ('signup', $1)",
            "checked",
            parameters=("jsonb",),
            writes=("audit",),
            places=("app/dao/audit.py:9",),
        ),
        Statement(
            4,
            "SELECT o.id, o.totl FROM orders o JOIN users u ON u.id = o.owner WHERE u.email = $1",
            "refused",
            'column o.totl does not exist. Perhaps you meant to reference the column "o.total".',
            reads=("orders", "users"),
            places=("app/dao/orders.py:31",),
        ),
    ]


def failing_test() -> Test:
    """Return a test with a request, two transactions, an error and a fault."""
    app: dict[str, Any] = {"phase": "call", "server": "real_postgres", "connection": 1}
    dao: dict[str, Any] = {**app, "place": "app/dao/users.py:21", "function": "add", "request": 3}
    return Test(
        "tests/test_users.py::test_a_taken_address_is_a_conflict",
        "failed",
        0.184,
        "tests/test_users.py:10",
        FAILURE,
        [
            TestEvent("connect", 0.002, 0.0031, "setup", "real_postgres", 1),
            TestEvent(
                "statement",
                0.0101,
                0.0007,
                "setup",
                "real_postgres",
                1,
                statement=2,
                parameters=("ana@example.com", None),
                columns=("id",),
                rows=(("1",),),
                count=1,
                tag="INSERT 0 1",
                place="tests/test_users.py:11",
                function="test_a_taken_address_is_a_conflict",
                source='real_postgres.insert("users", email="ana@example.com")',
            ),
            TestEvent("request", 0.0201, 0.0042, "call", text="GET /health", status=200),
            TestEvent(
                "request",
                0.0262,
                0.0512,
                "call",
                text="POST /users",
                status=500,
                exception="UniqueViolation",
            ),
            TestEvent("begin", 0.0301, 0.0003, transaction=1, text="BEGIN", tag="BEGIN", **dao),
            TestEvent(
                "statement",
                0.0312,
                0.0009,
                statement=1,
                transaction=1,
                parameters=("ana@example.com",),
                columns=COLUMNS,
                rows=(("1", "ana@example.com", None, "2026-11-29 16:40:00+00"),),
                count=1,
                tag="SELECT 1",
                **{**dao, "place": "app/dao/users.py:12", "function": "by_email"},
                source="row = await conn.fetchrow(BY_EMAIL, email)",
            ),
            TestEvent(
                "statement",
                0.0334,
                0.0016,
                statement=2,
                transaction=1,
                parameters=("ana@example.com", "Ana"),
                error=ADDRESS_TAKEN,
                source="row = await conn.fetchrow(ADD, user.email, user.name)",
                **dao,
            ),
            TestEvent("rollback", 0.0361, 0.0004, transaction=1, text="ROLLBACK", **dao),
            TestEvent("begin", 0.0402, 0.0003, transaction=2, text="BEGIN", **dao),
            TestEvent(
                "statement",
                0.0413,
                0.0305,
                statement=3,
                transaction=2,
                parameters=('{"email": "ana@example.com", "source": "web"}',),
                count=1,
                tag="INSERT 0 1",
                fault="slow: 30 ms",
                **{**dao, "place": "app/dao/audit.py:9", "function": "record"},
                source="await conn.execute(RECORD, details)",
            ),
            TestEvent("commit", 0.0723, 0.0012, transaction=2, text="COMMIT", **dao),
            TestEvent("rollback", 0.0931, 0.0006, "teardown", "real_postgres", 1, text="ROLLBACK"),
        ],
    )


def small() -> list[Record]:
    """Return a run with a test of each outcome, each verdict, mutants and a review."""
    others = [
        Test(
            "tests/test_orders.py::TestTotals::test_sums[eur]",
            "passed",
            0.01,
            "tests/test_orders.py:4",
        ),
        Test(
            "tests/test_orders.py::test_orders_of_a_user",
            "error",
            0.02,
            "tests/test_orders.py:20",
            "PostgreSQL refused a statement:\n  column o.totl does not exist",
            [
                TestEvent(
                    "statement",
                    0.001,
                    0.0004,
                    "call",
                    "fake_postgres",
                    1,
                    statement=4,
                    parameters=("ana@example.com",),
                    error=Error("42703", "column o.totl does not exist"),
                    place="app/dao/orders.py:31",
                )
            ],
        ),
        Test(
            "tests/test_mail.py::test_smtp",
            "skipped",
            0.0,
            "tests/test_mail.py:3",
            "Skipped: no SMTP here",
        ),
        Test("tests/test_mail.py::test_later", "xfailed", 0.01, "tests/test_mail.py:9"),
    ]
    return [run(), *users(), others[0], failing_test(), *others[1:], summary()]


def reviews() -> list[Review]:
    """Return the review that the small run shows."""
    found: dict[Item, tuple[State, Evidence]] = {
        Item.LAYER: ("ok", Evidence("its name says dao")),
        Item.ERRORS: ("not ok", Evidence("no test runs this except", "app/dao/users.py", 24)),
        Item.REPEATABLE: ("cannot tell", Evidence("a test was stopped after 60 s")),
    }
    answers = tuple(Answer(item, state, (why,)) for item, (state, why) in found.items())
    hint = Answer(Item.HINTS, "not ok", (Evidence("no hint for conn", "tests/test_users.py", 10),))
    return [Review("app.dao.users", "app/dao/users.py", 2, 83.3, answers, (hint,))]


def summary() -> Summary:
    mutants = [
        ("SELECT without WHERE", "Survived", ""),
        ("<> instead of =", "Killed", "tests/test_users.py::test_a_taken_address_is_a_conflict"),
    ]
    return Summary(
        0.73,
        {"failed": 1, "error": 1, "passed": 1, "skipped": 1, "xfailed": 1},
        [
            "5 calls on real_postgres, 3 different statements",
            "1 call on fakes, 1 different statement",
        ],
        checklist=json.loads(output.document(reviews()))["modules"],
        mutants={
            "files": {
                "app/dao/users.py": {
                    "mutants": [
                        {
                            "mutatorName": "x",
                            "description": change,
                            "status": status,
                            "statement": users()[0].sql,
                            "killedBy": [killer] if killer else [],
                        }
                        for change, status, killer in mutants
                    ]
                }
            }
        },
    )


def large(tests: int = 1000, statements: int = 20) -> list[Record]:
    """Return a run in which one test fails, and each test sends `statements` statements."""
    known = [
        Statement(
            number,
            f"SELECT id, email, name, created_at FROM users_{number % 40}\n"
            f"WHERE email = $1 AND shop = $2 ORDER BY created_at DESC LIMIT {number}",
            "checked",
            parameters=("text", "bigint"),
            columns=[Column(name, "text", name == "name") for name in COLUMNS],
            reads=(f"users_{number % 40}", "shops"),
            writes=("audit",) if number % 5 == 0 else (),
            places=(f"app/dao/module_{number % 25}.py:{number}",),
        )
        for number in range(1, 301)
    ]
    found: list[Record] = [run(), *known]
    for number in range(tests):
        fails = number == tests * 3 // 4
        found.append(
            Test(
                f"tests/unit/test_module_{number % 50}.py::test_case_{number}_does_what_it_says",
                "failed" if fails else "passed",
                0.05,
                f"tests/unit/test_module_{number % 50}.py:{number}",
                FAILURE if fails else "",
                _many_events(number, statements, fails),
            )
        )
    outcomes = {"failed": 1, "passed": tests - 1}
    return [*found, Summary(61.2, outcomes, [f"{tests * statements:,} calls on real_postgres"])]


def _many_events(test: int, statements: int, fails: bool) -> Sequence[TestEvent]:
    """Return the events of a request in one transaction, with values that no other test has."""
    events = [
        TestEvent("request", 0.001, 0.04, "call", text=f"GET /module/{test % 60}", status=200),
        TestEvent("begin", 0.0012, 0.0003, "call", "real_postgres", 1, 0, 1, text="BEGIN"),
    ]
    for number in range(statements):
        sent = 1 + (test * 7 + number * 11) % 300
        serial = test * statements + number
        events.append(
            TestEvent(
                "statement",
                0.002 + number * 0.001731,
                0.0004 + serial % 97 * 1e-6,
                "call",
                "real_postgres",
                1,
                0,
                1,
                sent,
                parameters=(f"user{serial}@example.com", str(serial % 9)),
                columns=COLUMNS,
                rows=[
                    (str(serial), f"user{serial}@example.com", None, f"2026-11-29 {row}:40:00+00")
                    for row in range(10, 13)
                ],
                count=3,
                tag="SELECT 3",
                error=ADDRESS_TAKEN if fails and number == statements - 2 else None,
                place=f"app/dao/module_{sent % 25}.py:{sent}",
                function=f"query_{sent}",
                source=f"return await conn.fetch(QUERY_{sent}, email, shop)",
            )
        )
    end = TestEvent("commit", 0.039, 0.001, "call", "real_postgres", 1, 0, 1, text="COMMIT")
    return [*events, end]
