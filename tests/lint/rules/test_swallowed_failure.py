"""UND005: tests that pass whether or not the exception comes."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

CASES = {
    "asserts in the handler alone": """
def test_a():
    try:  # here
        fetch(7)
    except LookupError as error:
        assert "7" in str(error)
""",
    "two handlers": """
async def test_a():
    user = 7
    try:  # here
        await fetch(user)
    except LookupError as error:
        assert error.args
    except ValueError as error:
        assert not error.args
""",
    "swallows its own assertion": """
def test_a():
    try:
        assert fetch(7) == "Ana"
    except Exception:  # here
        pass
def test_b():
    try:
        assert fetch(7) == "Ana"
    except:  # here
        pass
""",
    "fails where nothing is raised": """
import pytest
def test_a():
    try:
        fetch(7)
        pytest.fail("no error")
    except LookupError as error:
        assert error.args
def test_b():
    try:
        fetch(7)
        assert False
    except LookupError as error:
        assert error.args
def test_c():
    try:
        fetch(7)
    except LookupError as error:
        assert error.args
    else:
        raise RuntimeError("no error")
""",
    "asserts afterwards": """
def test_a():
    caught = None
    try:
        fetch(7)
    except LookupError as error:
        caught = error
    assert caught is not None
def test_b():
    try:
        fetch(7)
    except LookupError as error:
        assert error.args
    assert closed()
""",
    "cleans up": """
import os
def test_a():
    assert fetch(7) == "Ana"
    try:
        os.remove("x")
    except FileNotFoundError:
        pass
""",
    "catches something else": """
def test_a():
    try:
        assert fetch(7) == "Ana"
    except ConnectionError:
        pass
    try:
        assert fetch(7) == "Ana"
    except Exception as error:
        raise RuntimeError from error
""",
    "no test": """
def helper():
    try:
        fetch(7)
    except LookupError as error:
        assert error.args
""",
    "one of two assertions": """
def test_a(page):
    try:
        expect(page.next).to_be_attached()
    except AssertionError:
        assert "No items" in page.text
""",
    "what the test itself raises": """
def test_a():
    def fail():
        raise LookupError("Ana")
    try:
        fail()
    except LookupError as error:
        assert shown(error) == "Ana"
""",
    "some of many inputs raise": """
from hypothesis import given
@given(texts)
def test_a(text):
    try:
        parse(text)
    except ValueError as error:
        assert text in str(error)
""",
    "suppressed": """
import contextlib
def test_a(store):
    with contextlib.suppress(Exception):  # here
        assert store.get(7) == 1
async def test_b(store):
    with contextlib.suppress(AssertionError, KeyError):  # here
        rows = await store.all()
        for row in rows:
            assert row
""",
    "told and forgotten": """
import logging
logger = logging.getLogger()
def test_a(store):
    try:
        if store:
            assert store.get(7) == 1
    except Exception as error:  # here
        print(error)
def test_b(store):
    try:
        assert store.get(7) == 1
    except Exception:  # here
        logger.exception("it failed")
""",
    "others are suppressed, or nothing is asserted": """
import contextlib
def test_a(store):
    with contextlib.suppress(KeyError):
        assert store.get(7) == 1
    with contextlib.suppress(Exception):
        store.close()
    assert store
def test_b(store):
    try:
        assert store.get(7) == 1
    except AssertionError:
        raise
    except Exception:
        print("closed")
""",
    "the test itself raises": """
def test_a():
    try:
        try:
            raise ValueError("first")
        except ValueError as error:
            raise RuntimeError("second") from error
    except RuntimeError as error:
        assert error.__cause__ is not None
def test_b(store):
    try:
        with store:
            raise ValueError("first")
    except ValueError as error:
        assert error.args
""",
    "any exception but one": """
def test_a(run):
    try:
        run()
    except RuntimeError as error:
        assert "already awaited" not in str(error)
""",
    "an exception is the failure": """
def test_a(run):
    try:
        run()
    except Exception:
        assert False, "run() failed"
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND005", case, tmp_path)
