"""What cannot be checked: one clear message each, and the rest is still checked."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.lint.discovery import discover
from understudy.lint.engine import Engine, check_files
from understudy.lint.finding import Checked, Problem
from understudy.lint.registry import all_rules
from understudy.lint.rule import Found
from understudy.project import parsing
from understudy.project.sources import Module

UNMARKED = b"async def test_it():\n    assert 1\n"


def reason(folder: Path, source: bytes) -> str:
    file = folder / "test_it.py"
    file.write_bytes(source)
    checked = Engine(tuple(all_rules())).check(file)
    assert checked.findings == ()
    assert checked.problem is not None
    return checked.problem.reason


def lines(folder: Path, source: bytes) -> list[tuple[int, int]]:
    file = folder / "test_it.py"
    file.write_bytes(source)
    checked = Engine(["UND001"]).check(file)
    assert checked.problem is None
    return [(finding.line, finding.column) for finding in checked.findings]


def test_a_file_that_does_not_parse(tmp_path: Path) -> None:
    assert reason(tmp_path, b"x = 1\ny = (\n") == (
        "not checked: line 2 is not valid Python: '(' was never closed"
    )


def test_a_nul_byte(tmp_path: Path) -> None:
    assert reason(tmp_path, b"x = 1\ny = '\0'\n") == (
        "not checked: line 2 has a NUL byte, which no Python source may have"
    )


def test_another_encoding_than_declared(tmp_path: Path) -> None:
    assert reason(tmp_path, b"x = '\xe9'\n") == (
        "not checked: cannot be decoded: invalid or missing encoding declaration"
    )


def test_an_encoding_that_does_not_exist(tmp_path: Path) -> None:
    assert reason(tmp_path, b"# coding: klingon\n") == (
        "not checked: cannot be decoded: unknown encoding: klingon"
    )


def test_an_enormous_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "LARGEST", 1_000_000)

    assert reason(tmp_path, b"#" * 1_500_000) == (
        "not checked: 1.5 MB, and files above 1 MB are not parsed;"
        " leave it out with `exclude` in [tool.understudy.lint]"
    )


def test_source_that_is_too_large_in_memory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "LARGEST", 1_000_000)

    with pytest.raises(parsing.Unreadable) as raised:
        parsing.decoded(b"#" * 2_000_000)

    assert str(raised.value).startswith("2.0 MB")


def test_nested_more_deeply_than_the_parser_goes(tmp_path: Path) -> None:
    # Which of Python's limits it meets depends on the version.
    assert reason(tmp_path, b"x = " + b"(" * 5000 + b")" * 5000).startswith("not checked: ")


def test_a_parser_that_runs_out_of_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(text: str) -> ast.Module:
        raise RecursionError

    monkeypatch.setattr("understudy.project.parsing.ast.parse", overflow)

    assert reason(tmp_path, b"x = 1\n") == (
        "not checked: nested more deeply than Python's parser can follow"
    )


def test_an_expression_deeper_than_python_recurses(tmp_path: Path) -> None:
    long = b"def test_a():\n    x = 1" + b" + 1" * 900 + b"\n    assert x\n"

    assert lines(tmp_path, long + UNMARKED) == [(4, 1)]


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbf" + UNMARKED,
        UNMARKED.replace(b"\n", b"\r\n"),
        UNMARKED.replace(b"\n", b"\r"),
    ],
    ids=["BOM", "CRLF", "CR"],
)
def test_other_ways_to_write_text(source: bytes, tmp_path: Path) -> None:
    assert lines(tmp_path, source) == [(1, 1)]


def test_latin_1(tmp_path: Path) -> None:
    assert lines(tmp_path, b"# coding: latin-1\nx = '\xe9'\n" + UNMARKED) == [(3, 1)]


def test_columns_count_characters(tmp_path: Path) -> None:
    source = "class TestÉ:\n    é = 'é'; x = 1\n    async def test_é(self): assert 1\n"

    assert lines(tmp_path, source.encode()) == [(3, 5)]


def test_invalid_escapes_cause_no_warning(tmp_path: Path) -> None:
    # A warning would be an error here.
    assert lines(tmp_path, b"x = '\\d'\n" + UNMARKED) == [(2, 1)]


def test_a_file_that_the_system_does_not_let_be_read(tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    file.mkdir()

    problem = Engine(["UND001"]).check(file).problem

    assert problem == Problem(str(file), "not checked: not a regular file")


def test_a_file_that_was_deleted(tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"

    assert Engine(["UND001"]).check(file).problem == Problem(
        str(file), "not checked: No such file or directory"
    )


def test_others_are_still_checked(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_bytes(b"x = (")
    (tmp_path / "test_b.py").write_bytes(UNMARKED)
    paths = [str(tmp_path / name) for name in ("test_a.py", "test_b.py")]

    (one, _), (other, _) = check_files(paths, Engine(["UND001"]))

    assert one.problem is not None
    assert [finding.code for finding in other.findings] == ["UND001"]


def test_a_bug_in_a_rule_stops_no_other_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(module: Module) -> list[Found]:
        raise KeyError("x")

    rules = all_rules()
    mistaken = {**rules, "UND007": replace(rules["UND007"], check=broken)}
    monkeypatch.setattr("understudy.lint.engine.all_rules", lambda: mistaken)
    engine = Engine(["UND001", "UND007"])
    (tmp_path / "test_it.py").write_bytes(UNMARKED)

    checked = engine.check(tmp_path / "test_it.py")

    assert [finding.code for finding in checked.findings] == ["UND001"]
    assert checked.problem is not None
    assert checked.problem.reason.startswith(
        "not checked for UND007: internal error at test_bad_input.py:"
    )
    assert checked.problem.reason.endswith(
        ": KeyError: 'x'; please report it, with the file if you can"
    )


def test_other_code_is_not_parsed(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(b"x = (")

    assert Engine(["UND001"]).check(file) == Checked(str(file))


def test_links_are_not_followed_in_circles(tmp_path: Path) -> None:
    inside = tmp_path / "tests"
    inside.mkdir()
    (inside / "test_it.py").write_bytes(UNMARKED)
    (inside / "again").symlink_to(tmp_path, target_is_directory=True)

    assert discover([tmp_path], [], tmp_path) == ([inside / "test_it.py"], [])


def test_paths_that_are_not_python_files(tmp_path: Path) -> None:
    for name in ("a.ipynb", "b.txt"):
        (tmp_path / name).touch()
    paths = [tmp_path / name for name in ("a.ipynb", "b.txt", "c.py")]

    found, problems = discover(paths, [], tmp_path)

    assert found == []
    assert [problem.reason for problem in problems] == [
        "not checked: notebooks are not read; move its tests into a .py file",
        "not checked: not a Python file; name files that end with .py, or folders",
        "not checked: there is no such file or folder",
    ]


def test_folders_of_tools_and_environments_are_left_out(tmp_path: Path) -> None:
    for name in (".venv", "node_modules", "mine", "other", "build/lib"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "test_it.py").touch()
    (tmp_path / "other" / "pyvenv.cfg").touch()

    found, _ = discover([tmp_path], [], tmp_path)

    assert found == [tmp_path / "mine" / "test_it.py"]


@pytest.mark.parametrize("pattern", ["test_a.py", "tests/sub", "tests/sub/", "tests/*/test_a.py"])
def test_exclude(pattern: str, tmp_path: Path) -> None:
    for name in ("tests/test_b.py", "tests/sub/test_a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    found, _ = discover([tmp_path], [pattern], tmp_path)

    assert found == [tmp_path / "tests" / "test_b.py"]
