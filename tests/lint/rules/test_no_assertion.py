"""UND007: tests that get something and assert nothing. UND211's cases are for both."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "prints": """
def test_get_users(client):  # here
    response = client.get("/users")
    print(response.json())
""",
    "logs": """
from app.log import logger
async def test_names(conn):  # here
    logger.info(f"found {await names(conn)}")
def test_count(conn):  # here
    found = count(conn)
    logger.info("found %s", found)
""",
    "a stub": """
def test_rename():  # here
    pass
def test_remove():  # here
    ...
""",
    "a result that is not read": """
async def test_names(conn):  # here
    found: list[str] = await names(conn)
def test_count(conn):  # here
    found = count(conn)
""",
    "a log that is not read": """
import logging
def test_gone(caplog):  # here
    with caplog.at_level(logging.WARNING):
        close()
""",
    "an exception that need not come": """
def test_bad_name(conn):  # here
    try:
        rename(conn, "")
    except ValueError:
        pass
""",
    "an example for other tests": """
def test_tool():
    pass
class TestTool:
    def test_run(self):
        pass
def test_named(registry):
    registry.add(test_tool, TestTool)
    assert registry.names() == ["test_tool", "TestTool"]
""",
    "only calls": """
from app.users import User, rename
async def test_rename(conn):
    await rename(conn, 7)
def test_user():
    user = User("Ana")
def test_move(conn):
    user = User("Ana")
    move(conn, user)
""",
    "says what it does": """
def test_close(conn):
    print("closing")
    conn.close()
""",
    "a log that is read": """
import logging
def test_gone(caplog):
    with caplog.at_level(logging.WARNING):
        close()
    assert "gone" in caplog.text
""",
    "a script": """
def test_names():
    print(names())
if __name__ == "__main__":
    test_names()
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND007", case, tmp_path)
