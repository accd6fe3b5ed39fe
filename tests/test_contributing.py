"""What CONTRIBUTING.md and AGENTS.md say of the repository is true."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from tests.backend_copy import ROOT

PAGES = ("CONTRIBUTING.md", "AGENTS.md")
PATH = re.compile(
    r"`((?:\.github|docs|examples|lint|src|tests)/[\w./-]+|[\w.-]+\.(?:md|toml|yaml))`"
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))


def test_the_list_of_rooms_has_the_order_of_the_contract(pyproject: dict[str, Any]) -> None:
    layers = pyproject["tool"]["importlinter"]["contracts"][0]["layers"]
    level = {room: number for number, line in enumerate(layers) for room in line.split(" | ")}
    rooms = re.findall(r"^    (\w+)  ", read("CONTRIBUTING.md"), flags=re.M)

    assert set(rooms) == set(level)
    levels = [level[room] for room in rooms]
    assert levels == sorted(levels)


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_are_named_exist(page: str) -> None:
    paths = PATH.findall(read(page))

    assert len(paths) > 5
    starts = (ROOT, ROOT / "src/understudy")
    assert [path for path in paths if not any((start / path).exists() for start in starts)] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_targets_of_make_exist(page: str) -> None:
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", read(page), flags=re.M))

    assert named > {"check", "test"}
    assert named - set(re.findall(r"^([a-z-]+):", read("Makefile"), flags=re.M)) == set()


def test_the_pythons_that_are_supported_are_tested(pyproject: dict[str, Any]) -> None:
    prefix = "Programming Language :: Python :: "
    classifiers = pyproject["project"]["classifiers"]
    supported = [name.removeprefix(prefix) for name in classifiers if name.startswith(prefix)]
    matrix = re.search(r"^ +python: \[(.+)\]$", read(".github/workflows/tests.yml"), flags=re.M)

    assert matrix is not None
    assert re.findall(r'"(.+?)"', matrix[1]) == supported
    assert f"Python {supported[0]} to {supported[-1]}" in read("README.md")
