"""UND211: tests that only call something."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "parametrized": """
import pytest
@pytest.mark.parametrize("number, name", [(1, "a")])
def test_a(client, number, name):  # here
    client.get(f"/{number}/{name}")
""",
    "patched": """
from unittest.mock import patch
@patch("app.mail")
def test_a(mail):  # here
    signup("Ana")
""",
    "a keyword that checks": """
import subprocess
def test_a():
    subprocess.run(["true"], check=True)
""",
    "a helper that only arranges": """
from tests.helpers import arrange
def test_a(client):  # here
    arrange(client)
=== tests/helpers.py
def arrange(client):
    client.post("/users")
=== tests/__init__.py
""",
    "only calls": """
from app.users import rename
async def test_rename(conn):  # here
    await rename(conn, 7)
=== app/users.py
async def rename(conn, user):
    assert user
""",
    "in a class": """
class TestUsers:
    def test_rename(self, client):  # here
        self.arrange(client)
    def arrange(self, client):
        client.post("/users")
""",
    "the ordinary ways to assert": """
import pytest
def test_a():
    assert 1
def test_b():
    with pytest.raises(LookupError):
        fetch(7)
def test_c(mock):
    fetch(mock)
    mock.close.assert_called_once_with()
def test_d():
    if fetch(7):
        pytest.fail("no")
def test_e():
    raise AssertionError("no")
def test_f():
    [only] = fetch(7)
def test_g(conn):
    conn.on("SELECT 1").value(1)
    fetch(conn)
    conn.assert_called("SELECT 1")
""",
    "a helper that asserts": """
from tests.helpers import same, deep
def test_a():
    same(fetch(7), 7)
def test_b():
    deep(fetch(7))
def local(x):
    assert x
def test_c():
    local(fetch(7))
=== tests/helpers.py
def same(one, other):
    assert one == other
def deep(x):
    return deeper(x)
def deeper(x):
    same(x, 7)
=== tests/__init__.py
""",
    "a helper of a base class": """
from tests.base import Base
class TestA(Base):
    def test_a(self):
        self.same(fetch(7), 7)
=== tests/base.py
class Base:
    def same(self, one, other):
        assert one == other
=== tests/__init__.py
""",
    "a fixture that asserts": """
def test_a(run):
    run(7)
def test_b(watched):
    fetch(7)
=== tests/conftest.py
import pytest
@pytest.fixture
def run():
    def inner(x):
        assert fetch(x) == x
    return inner
@pytest.fixture
def watched():
    yield
    assert closed()
""",
    "a fixture of a plugin": """
def test_a(snapshot):
    snapshot(fetch(7))
def test_b(httpx_mock):
    fetch(7)
""",
    "names that say it": """
def test_a():
    check_user(fetch(7))
def test_b():
    verifyThat(fetch(7))
def test_c(page):
    expect(page).to_have_text("x")
""",
    "on purpose": """
def test_close_twice_does_not_raise(conn):
    conn.close()
def test_close(conn):
    # must not fail where it is closed already
    conn.close()
def test_exported():
    from app import Block
def test_loop_exits(client):
    client.loop()
def test_access_passes(client):
    client.get("/users")
""",
    "skipped or expected to fail": """
import pytest
@pytest.mark.skip
def test_a():
    fetch(7)
@pytest.mark.xfail
def test_b():
    fetch(7)
""",
    "a base class from elsewhere": """
from elsewhere import Case
class TestA(Case):
    def test_a(self):
        self.run_it()
""",
    "a callback that asserts": """
def test_a(app):
    def handler(event):
        assert event
    app.run(handler)
def test_b(app):
    app.run(on_error=AssertionError)
""",
    "assertions of a library": """
from aws_cdk import assertions
def test_a(stack):
    template = assertions.Template.from_stack(stack)
    template.resource_count_is("AWS::SQS::Queue", 2)
""",
    "pytest and WebTest check": """
import pytest
def test_old_name():
    with pytest.deprecated_call():
        old_name()
def test_add(app):
    app.post("/users", status=403)
""",
    "below TYPE_CHECKING": """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    def test_type_of_names():
        names()
""",
    "what UND007 finds": """
def test_names():
    found = names()
    print(found)
""",
    "how zope.testing finds tests": """
import unittest
def test_suite():
    return unittest.TestSuite((unittest.makeSuite(Users),))
""",
    "an error that must not come out": """
from unittest.mock import AsyncMock
async def test_publish_error(client):
    client.redis = AsyncMock(side_effect=RuntimeError("gone"))
    await client.publish("run-1")
def test_end_should_suppress_what_close_raises(client):
    client.end()
def test_block_is_exported():
    # will fail the test where it is not there
    from app import Block
def test_pump(client):
    client.get("/pump")

    # Passes if no exception is raised.

def test_pumped(client):  # here
    client.get("/pump")
# No exception is raised by the next one.
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND211", case, tmp_path)
