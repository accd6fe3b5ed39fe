"""What the schema decides about an answer, an error, and how to switch a check off."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

SCHEMA = """
    CREATE TABLE users (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(5) NOT NULL,
        email text NOT NULL CONSTRAINT users_email_key UNIQUE, balance numeric(4, 2)
    );
    CREATE TABLE log (id int PRIMARY KEY, line text NOT NULL);
    CREATE FUNCTION add_user(text) RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO users (name, email) VALUES ('x', $1); RETURN 1; END $$;
    CREATE VIEW added AS SELECT add_user('x') AS id;
    CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO log VALUES (1, 'x'); RETURN NULL; END $$;
    CREATE TRIGGER note AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note();
    CREATE DOMAIN checked AS int CHECK (add_user(VALUE::text) = 1);
    CREATE TABLE counted (n checked, k int UNIQUE);
    CREATE TABLE ruled (n int NOT NULL);
    CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO log VALUES (1, 'x');
    CREATE TABLE guarded (n int NOT NULL);
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
    CREATE TABLE plain (n int UNIQUE);
    CREATE TABLE items (
        n int CONSTRAINT positive CHECK (n > 0), kind text CHECK (kind IN ('a', 'b'))
    );
"""
CONFIGURED = """
    [tool.understudy]
    schema = ["schema.sql"]
    driver = "asyncpg"
    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
"""
TESTS = """
    from contextlib import suppress
    from decimal import Decimal

    import psycopg
    import pytest
    from understudy import AnswerImpossible, ErrorImpossible, FakeConnection, db_error
    from understudy import ParametersRefused, StatementRefused

    ONE = "SELECT id, name FROM users WHERE id = $1"
    ADD = "INSERT INTO users (name, email, balance) VALUES ($1, $2, $3)"
    FINE = ["Ana", "ana@x", Decimal("99.99")]


    def answered(statement, *parameters, rows=None, tag=None):
        conn = FakeConnection()
        rule = conn.on(statement)
        rule.tag(tag) if tag else rule.rows(*rows)
        return conn.fetch(statement, list(parameters))


    ROW = {"id": 1, "name": "Ana"}
    COUNT = "SELECT count(*) FROM users"
    NAMES = "SELECT id, name FROM users"
    RETURNING = f"{ADD} RETURNING id"
    UPSERT = f"{ADD} ON CONFLICT DO NOTHING RETURNING id"


    @pytest.mark.parametrize(("statement", "parameters", "rows", "reason"), [
        (COUNT, [], [], "this SELECT returns exactly 1 row, and was answered with none"),
        (COUNT, [], [{"count": 1}] * 2, "exactly 1 row, and was answered with 2"),
        (f"{NAMES} LIMIT 1", [], [ROW, ROW], "at most 1 row, and was answered with 2"),
        (f"{NAMES} LIMIT $1", [2], [ROW] * 3, "at most 2 rows, and was answered with 3"),
        (ONE, [1], [ROW, ROW], "at most 1 row, and was answered with 2"),
        (f"{NAMES} WHERE email = $1", ["x"], [ROW, ROW], "at most 1 row"),
        (RETURNING, FINE, [], "this INSERT returns exactly 1 row, and was answered with none"),
        (RETURNING, FINE, [{"id": 1}] * 2, "this INSERT returns exactly 1 row"),
        (UPSERT, FINE, [{"id": 1}] * 2, "at most 1 row"),
        (RETURNING, ["Anabel", "x", None], [{"id": 1}], "value too long for type character var"),
        (RETURNING, ["Ana", None, None], [{"id": 1}], "null value in column"),
        (RETURNING, ["Ana", "x", Decimal("99.995")], [{"id": 1}], "numeric field overflow"),
        ("UPDATE users SET name = $1 RETURNING id", ["Anabel"], [{"id": 1}], "value too long"),
        ("INSERT INTO users (name) VALUES ('Ana') RETURNING id", [], [{"id": 1}],
         "null value in column \\"email\\" of relation \\"users\\" violates not-null constraint"),
        ("INSERT INTO items VALUES (-1) RETURNING n", [], [{"n": -1}],
         "-1 goes into items.n; CHECK .n > 0."),
        ("INSERT INTO items VALUES (1, $1) RETURNING n", ["c"], [{"n": 1}], "items_kind_check"),
        ("UPDATE items SET n = $1 RETURNING n", [0], [{"n": 0}], "$1 = 0 .int. goes into items.n"),
    ])
    async def test_rows_that_cannot_be(statement, parameters, rows, reason):
        with pytest.raises(AnswerImpossible, match=reason.replace("$", "[$]")):
            await answered(statement, *parameters, rows=rows)


    @pytest.mark.parametrize(("statement", "parameters", "rows"), [
        (COUNT, [], [{"count": 0}]),
        (f"{COUNT} HAVING count(*) > 1", [], []),
        (f"{NAMES} LIMIT $1", [None], [ROW] * 3),
        (f"{NAMES} WHERE name = $1", ["x"], [ROW, ROW]),
        (ONE, [1], []),
        (RETURNING, FINE, [{"id": 1}]),
        (RETURNING, ["Ana     ", "x", Decimal("99.994")], [{"id": 1}]),
        (UPSERT, FINE, []),
        ("UPDATE users SET name = $1 RETURNING id", ["Anabel"], []),
        ("UPDATE users SET name = $1::varchar(5) RETURNING id", ["Anabel"], [{"id": 1}]),
        ("INSERT INTO items VALUES ($1, $2) RETURNING n", [1, None], [{"n": 1}]),
        ("UPDATE items SET n = $1 RETURNING n", [0], []),
        ("INSERT INTO ruled VALUES (NULL) RETURNING n", [], [{"n": None}]),
    ])
    async def test_rows_that_can_be(statement, parameters, rows):
        await answered(statement, *parameters, rows=rows)


    @pytest.mark.parametrize(("statement", "parameters", "tag", "reason"), [
        (ADD, FINE, "INSERT 1", "PostgreSQL's tag of an INSERT is 'INSERT 0 1', not 'INSERT 1'"),
        (ADD, FINE, "INSERT 0 0", "this INSERT changes exactly 1 row, and was answered with none"),
        (ADD, FINE, "INSERT 0 2", "changes exactly 1 row, and was answered with 2"),
        ("DELETE FROM users WHERE id = $1", [1], "DELETE 2", "changes at most 1 row"),
        ("UPDATE users SET email = NULL", [], "UPDATE 3", "null value in column"),
    ])
    async def test_tags_that_cannot_be(statement, parameters, tag, reason):
        with pytest.raises(AnswerImpossible, match=reason):
            await answered(statement, *parameters, tag=tag)


    @pytest.mark.parametrize(("statement", "parameters", "tag"), [
        (ADD, FINE, "INSERT 0 1"),
        ("DELETE FROM users WHERE id = $1", [1], "DELETE 0"),
        ("DELETE FROM orders WHERE id > $1", [1], "DELETE 7"),
        ("UPDATE users SET email = NULL", [], "UPDATE 0"),
    ])
    async def test_tags_that_can_be(statement, parameters, tag):
        await answered(statement, *parameters, tag=tag)


    async def test_plain_attributes():
        conn = FakeConnection()
        conn.fetch_return = []
        with pytest.raises(AnswerImpossible, match="exactly 1 row"):
            await conn.fetch(COUNT)
        with pytest.raises(AnswerImpossible, match="null value"):
            await conn.execute(ADD, ["Ana", None, None])
        with pytest.raises(AnswerImpossible, match="truncation[)] in row 2 of 2"):
            await conn.execute_many(ADD, [FINE, ["Anabel", "y", None]])


    async def test_the_error_that_it_would_be_is_right():
        conn = FakeConnection()
        null = db_error("23502", column="email", table="users")
        conn.on(ADD).raises(db_error("22001", datatype="x")).then.raises(null)
        for _ in range(2):
            with suppress(Exception):
                await conn.execute(ADD, ["Anabel", None, None])


    # Errors of what functions, triggers and rules do

    ELSEWHERE = dict(constraint="users_email_key", table="users")

    @pytest.mark.parametrize(("statement", "parameters"), [
        ("SELECT add_user($1)", ["x"]),
        ("SELECT id FROM added", []),
        ("CALL noted($1)", [1]),
        ("INSERT INTO orders VALUES (1, 1)", []),
        ("DELETE FROM users", []),
        ("INSERT INTO counted (n) VALUES (1)", []),
        ("SELECT 1::checked", []),
        ("INSERT INTO ruled VALUES (1)", []),
        ("INSERT INTO guarded VALUES (1)", []),
        ("WITH gone AS (DELETE FROM orders RETURNING id) SELECT id FROM gone", []),
    ])
    @pytest.mark.parametrize("error", [
        db_error("23505", **ELSEWHERE), db_error("23502", column="line", table="log"),
        db_error("P0001", message="no", constraint="made_up"),
        db_error("UE001", message="no", constraint="made_up"),
    ])
    async def test_what_code_of_the_schema_raises_is_possible(statement, parameters, error):
        conn = FakeConnection()
        conn.on(statement).raises(error)
        with suppress(Exception):
            await conn.fetch(statement, parameters)


    @pytest.mark.parametrize("statement", [
        "SELECT id FROM orders", "INSERT INTO plain VALUES (1)", "SELECT lower('x')",
        "UPDATE log SET line = 'x'",
    ])
    async def test_what_no_code_can_raise_is_not(statement):
        conn = FakeConnection()
        conn.on(statement).raises(db_error("23505", **ELSEWHERE))
        with pytest.raises(ErrorImpossible):
            await conn.execute(statement)


    # Switched off

    def wrong():
        conn = FakeConnection()
        conn.on(COUNT).rows().then.raises(db_error("23505", constraint="nope"))
        return conn

    async def call_twice(conn):
        await conn.fetch(COUNT)
        with suppress(Exception):
            await conn.fetch(COUNT)

    async def test_a_rule_is_not_checked():
        conn = FakeConnection()
        conn.on(COUNT).rows().then.raises(db_error("23505", constraint="nope")).unchecked()
        await call_twice(conn)

    @pytest.mark.understudy(check_answers="off", check_errors="off")
    async def test_a_test_is_not_checked():
        await call_twice(wrong())

    @pytest.mark.understudy(check_statements="off")
    async def test_a_statement_is_not_checked():
        await FakeConnection().execute("SELECT nope FROM users")

    @pytest.mark.understudy(check_parameters="off")
    async def test_parameters_are_not_checked():
        await FakeConnection().execute(ONE, ["1"])

    async def test_messages_end_with_the_way_to_switch_off():
        def last_line(check, rule=""):
            return f'  not to check this: {rule}@pytest.mark.understudy({check}="off") on the test'

        conn, rule = wrong(), ".unchecked() on the rule, or "
        with pytest.raises(AnswerImpossible) as caught:
            await conn.fetch(COUNT)
        assert str(caught.value).splitlines()[-1] == last_line("check_answers", rule)
        with pytest.raises(ErrorImpossible) as caught:
            await conn.fetch(COUNT)
        assert str(caught.value).splitlines()[-1] == last_line("check_errors", rule)
        with pytest.raises(ParametersRefused) as caught:
            await conn.fetch(ONE, ["1"])
        assert str(caught.value).splitlines()[-1] == last_line("check_parameters")
        with pytest.raises(StatementRefused) as caught:
            await conn.fetch("SELECT nope")
        assert str(caught.value).splitlines()[-1] == last_line("check_statements")


    # Real drivers on the server

    @pytest.fixture
    async def wire(fake_postgres):
        conn = await fake_postgres.asyncpg.connect()
        yield conn
        await conn.close()

    async def test_the_wire_fits(fake_postgres, wire):
        fake_postgres.on(COUNT).row(count=3)
        fake_postgres.on(ADD).tag("INSERT 0 1")
        assert await wire.fetchval(COUNT) == 3
        assert await wire.execute(ADD, *FINE) == "INSERT 0 1"

    async def test_call_knows_its_parameters(fake_postgres, wire):
        fake_postgres.on("CALL noted($1)", 7)
        fake_postgres.on("CALL renamed($1, $2)", 7, "x").row(new_name="X")
        assert await wire.execute("CALL noted($1)", 7) == "CALL"
        assert await wire.fetchval("CALL renamed($1, $2)", 7, "x") == "X"
        with pytest.raises(ParametersRefused):
            await FakeConnection().execute("CALL noted($1)", ["7"])

    async def test_red_count(fake_postgres, wire):
        fake_postgres.on(COUNT).rows()
        with suppress(Exception):
            await wire.fetchval(COUNT)

    async def test_red_second_call(fake_postgres, wire):
        fake_postgres.on(ADD).tag("INSERT 0 1")
        await wire.execute(ADD, *FINE)
        with suppress(Exception):
            await wire.execute(ADD, "Anabel", "x", None)

    async def test_red_limit(fake_postgres, wire):
        fake_postgres.on(f"{NAMES} LIMIT $1")(lambda call: [ROW, ROW])
        with suppress(Exception):
            await wire.fetch(f"{NAMES} LIMIT $1", 1)

    async def test_red_check(fake_postgres, wire):
        fake_postgres.on("INSERT INTO items VALUES ($1, 'a')").tag("INSERT 0 1")
        await wire.execute("INSERT INTO items VALUES ($1, 'a')", 1)
        with suppress(Exception):
            await wire.execute("INSERT INTO items VALUES ($1, 'a')", 0)

    def test_red_check_of_a_text(fake_postgres):
        fake_postgres.on("INSERT INTO items VALUES (1, $1)").tag("INSERT 0 1")
        with psycopg.connect(fake_postgres.dsn) as conn, suppress(Exception):
            conn.execute("INSERT INTO items VALUES (1, %s)", ["c"])

    async def test_before_a_lost_connection_rows_may_be_missing(fake_postgres, wire):
        fake_postgres.on("VALUES (1), (2)").drops("during", {"column1": 1})
        with suppress(Exception):
            await wire.fetch("VALUES (1), (2)")
"""
REASONS = {
    "test_red_count": "this SELECT returns exactly 1 row, and was answered with none",
    "test_red_second_call": "value too long for type character varying(5)",
    "test_red_check": 'violates check constraint "positive"',
    "test_red_check_of_a_text": "$1 = 'c' (str) goes into items.kind",
    "test_red_limit": "this SELECT returns at most 1 row, and was answered with 2",
}


@pytest.fixture
def suite(project: Project) -> Project:
    project.configure(CONFIGURED).write(test_answers=TESTS)
    project.write_text(
        project.path / "schema.sql",
        SCHEMA + "CREATE PROCEDURE noted(int) LANGUAGE sql AS 'INSERT INTO log VALUES ($1, 1)';"
        "CREATE PROCEDURE renamed(int, INOUT new_name text) LANGUAGE sql AS 'SELECT $2'",
    )
    return project


def test_answers_and_errors_that_the_schema_decides(suite: Project) -> None:
    result = suite.run("-q")

    failed = {line.split("::")[1] for line in result.outlines if line.startswith("FAILED")}
    assert {name.split(" ")[0] for name in failed} == set(REASONS), result.stdout.str()
    for reason in REASONS.values():
        result.stdout.fnmatch_lines([f"*{reason.replace('(5)', '*')}*"])


def test_a_marker_with_an_invalid_level(project: Project) -> None:
    project.write(
        test_levels="""
        import pytest

        @pytest.mark.understudy(check_answers="of")
        def test_it(): ...
        """
    )
    assert (
        "@pytest.mark.understudy: 'of' is not a level of a check. Did you mean 'off'?\n"
        "check_answers may be: 'error', 'warn', 'off'."
    ) in project.message("test_it")
