"""The layout and naming of a suite, as the reference backend follows them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.backend_copy import BACKEND

TESTS = BACKEND / "tests"
LAYERS = {"dao", "service", "router", "dto"}
# More layers of this backend: the folders of its sources.
MORE_LAYERS = {"adapter", "config", "dal"}
_FILE = re.compile(rf"test_[a-z]+(_[a-z]+)*_({'|'.join(sorted(LAYERS | MORE_LAYERS))})\.py")
_TEST = re.compile(r"test_[a-z0-9]+(_[a-z0-9]+)+")


def unit_tests() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file in sorted(TESTS.glob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
                "test_"
            ):
                yield file, node


def test_the_shared_files_are_where_the_seed_puts_them() -> None:
    assert (TESTS / "conftest.py").is_file()
    assert (TESTS / "fakes.py").is_file()


def test_each_layer_has_its_files() -> None:
    layers = {file.stem.rpartition("_")[2] for file in TESTS.glob("test_*.py")}

    assert layers >= LAYERS


def test_test_files_are_named_for_module_and_layer() -> None:
    assert [file.name for file in TESTS.glob("test_*.py") if not _FILE.fullmatch(file.name)] == []


def test_tests_are_named_for_what_and_when() -> None:
    assert [node.name for _, node in unit_tests() if not _TEST.fullmatch(node.name)] == []


def test_tests_say_what_they_return_and_what_they_show() -> None:
    untyped = [f"{file.name}: {node.name}" for file, node in unit_tests() if node.returns is None]
    silent = [
        f"{file.name}: {node.name}" for file, node in unit_tests() if not ast.get_docstring(node)
    ]

    assert untyped == []
    assert silent == []


def test_the_fakes_of_the_seed_come_from_tests_fakes() -> None:
    tree = ast.parse((TESTS / "fakes.py").read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "understudy"
        for alias in node.names
    }

    assert imported >= {"FakeConnection", "FakeRecord", "FakeTransaction", "FakeTransactionContext"}
