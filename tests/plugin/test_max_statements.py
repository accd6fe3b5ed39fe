"""The marker `max_statements`: it counts the body of a test, and refuses what is no number."""

from __future__ import annotations

from tests.plugin.conftest import Project, section


def test_the_statements_of_a_body(project: Project) -> None:
    project.write(
        test_it="""
            import psycopg, pytest

            limit = pytest.mark.understudy

            @pytest.fixture
            def conn(fake_postgres):
                fake_postgres.on("SELECT ...").value(1)
                with psycopg.connect(fake_postgres.dsn) as conn:
                    conn.execute("SELECT 1")
                    yield conn
                    conn.execute("SELECT 1")

            @limit(max_statements=1)
            def test_within(conn):
                conn.execute("SELECT 2")

            @limit(max_statements=1)
            class TestMore:
                def test_beyond(self, conn):
                    for _ in range(2):
                        conn.execute("SELECT 2")

                @limit(max_statements=2)
                def test_nearest(self, conn):
                    self.test_beyond(conn)

            @limit(max_statements=-1)
            def test_negative(conn): pass

            @limit(max_statements="3")
            def test_text(conn): pass

            @limit(max_statements=True)
            def test_bool(conn): pass

            @limit(max_statements=3, isolation="clone")
            def test_clone(real_postgres): pass

            @limit(max_statements=0)
            def test_without_a_database(): pass
        """
    )
    result = project.run("-p", "no:randomly")
    result.assert_outcomes(passed=3, failed=1, errors=4)
    assert (
        "TooManyStatements: 2 statements were sent, @pytest.mark.understudy(max_statements=1) "
        "allows 1\n"
        "  2 x SELECT 2\n"
        "      at: test_it.py:22 in TestMore.test_beyond\n"
        "If test_it.py:22 is in a loop over rows, ask once for all of them: `WHERE ... = ANY($1)`, "
        "with SQLAlchemy `selectinload`, with Tortoise `prefetch_related`.\n"
    ) in result.stdout.str()
    number = "@pytest.mark.understudy: max_statements takes a whole number from 0, not "
    assert section(result, "test_negative") == f"{number}-1."
    assert section(result, "test_text") == f"{number}'3'."
    assert section(result, "test_bool") == f"{number}True."
    assert section(result, "test_clone") == (
        "@pytest.mark.understudy: max_statements needs isolation by rollback: what a test sends to "
        "a clone is not counted."
    )
