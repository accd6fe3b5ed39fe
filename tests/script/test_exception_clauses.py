"""What catches an error of a line: by name, or whatever it is."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from understudy.script.exception_clauses import catches_by_name, is_in_finally
from understudy.script.origin import Origin

SOURCE = """
def function():
    try:
        plain()
    except {caught}:
        handler()
    finally:
        last()
    outside()
"""


def origin(tmp_path: Path, source: str, word: str) -> Origin:
    path = tmp_path / "module.py"
    source = dedent(source)
    path.write_text(source)
    names: dict[str, object] = {}
    exec(compile(source, str(path), "exec"), names)
    code = names["function"].__code__  # type: ignore[attr-defined] # a function
    [line] = [number for number, text in enumerate(source.splitlines(), 1) if word in text]
    return Origin(code, line)


@pytest.mark.parametrize(
    ("caught", "is_by_name"),
    [
        ("KeyError", True),
        ("asyncpg.UniqueViolationError", True),
        ("(IntegrityError, ValueError)", True),
        ("Exception", False),
        ("BaseException as error", False),
        ("(UniqueViolation, asyncpg.PostgresError)", False),
        ("exc.SQLAlchemyError", False),
    ],
)
def test_what_is_caught(tmp_path: Path, caught: str, is_by_name: bool) -> None:
    source = SOURCE.format(caught=caught)
    assert catches_by_name(origin(tmp_path, source, "plain")) is is_by_name
    assert catches_by_name(origin(tmp_path, source, "handler")) is None
    assert catches_by_name(origin(tmp_path, source, "outside")) is None
    assert is_in_finally(origin(tmp_path, source, "last"))
    assert not is_in_finally(origin(tmp_path, source, "plain"))


def test_the_try_of_another_function_says_nothing(tmp_path: Path) -> None:
    source = """
        try:
            def function():
                plain()
        except Exception:
            raise
    """
    assert catches_by_name(origin(tmp_path, source, "plain")) is None


def test_code_without_a_source_file() -> None:
    code = compile("1", "<string>", "exec")
    assert catches_by_name(Origin(code, 1)) is None
    assert not is_in_finally(Origin(code, 1))
