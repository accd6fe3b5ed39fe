"""Runs of a suite whose tests do not meet their expectations."""

from __future__ import annotations

from textwrap import dedent

import pytest

import understudy.fakes  # noqa: F401 # loaded once: pytester unloads what an inner run loads
from tests.plugin.conftest import Project

CAUGHT = "(It was raised, and caught before it reached the test.)"
UNUSED = "If it need not happen, say so with .optional()."
# Code under test that hides what happens to it.
SERVICE = """
    async def hide(conn):
        try:
            await conn.execute("DELETE FROM users")
        except Exception:
            return "hidden"

    class Wrapped(Exception):
        pass

    async def wrap(conn):
        try:
            await conn.execute("DELETE FROM users")
        except Exception as error:
            raise Wrapped("it failed") from error

    async def replace(conn):
        try:
            await conn.execute("DELETE FROM users")
        except Exception:
            raise Wrapped("it failed") from None
"""
UNEXPECTED = """\
UnexpectedStatement: execute() matched no rule
  sql:    DELETE FROM users
  params: none    at: service.py:{line} in {function}
No rules: nothing was scripted on this fake.
To allow it:
  conn.on("DELETE FROM users").tag("DELETE 1")"""
HIDDEN = UNEXPECTED.format(line=4, function="hide") + f"\n{CAUGHT}"


@pytest.fixture
def suite(project: Project) -> Project:
    project.pytester.syspathinsert()
    return project.write(service=SERVICE)


def run(suite: Project, test: str, *args: str, **expected: int) -> str:
    """Run one test file, and return all that was printed of its failures."""
    head = "import pytest\nfrom understudy import *\nfrom service import *\n"
    suite.write_text(suite.path / "test_it.py", head + dedent(test))
    result = suite.run("-o", "asyncio_mode=auto", "-rN", *args)
    result.assert_outcomes(**expected)
    return result.stdout.str()


def noted(told: str, indent: int = 7) -> str:
    """As pytest shows a note on an exception that left a test or a fixture."""
    return "\n".join(f"E{' ' * indent}{line}" for line in ["", *told.splitlines()])
