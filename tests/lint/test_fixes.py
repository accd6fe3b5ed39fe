"""What --fix writes: golden results, each of which is also checked again."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from understudy.lint.engine import Engine
from understudy.lint.registry import all_rules
from understudy.lint.rewrites import CannotFix, fixed_source
from understudy.lint.rule import Rule

from .projects import found_in, write, write_example

FIXABLE = {code: rule for code, rule in all_rules().items() if rule.fixable}

GOLDEN = {
    "UND001": """
import pytest


@pytest.mark.asyncio
async def test_names_are_unique():  # UND001
    assert await names() == {"Ana", "Bia"}
""",
    "UND002": "\n\n",
    "UND003": """
import pytest_asyncio


@pytest_asyncio.fixture
async def conn(pool):  # UND003
    async with pool.acquire() as conn:
        yield conn
""",
    "UND004": """
from unittest.mock import AsyncMock, MagicMock


class Transaction:
    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        return False  # UND004


def connection():
    conn = MagicMock()
    conn.transaction.return_value.__aexit__ = AsyncMock(return_value=False)  # UND004
    return conn
""",
}


def fix(folder: Path, code: str, path: str) -> str:
    findings = Engine([code]).check(folder / path).findings
    changed = fixed_source((folder / path).read_bytes(), findings)
    (folder / path).write_bytes(changed)
    return changed.decode()


@pytest.mark.parametrize("rule", FIXABLE.values(), ids=list(FIXABLE))
def test_the_wrong_example_is_fixed(rule: Rule, tmp_path: Path) -> None:
    write_example(tmp_path, rule, rule.wrong)

    text = fix(tmp_path, rule.code, rule.path)

    assert text == GOLDEN[rule.code].removeprefix("\n")
    assert found_in(tmp_path, rule.code, rule.path) == []


@pytest.mark.parametrize("rule", FIXABLE.values(), ids=list(FIXABLE))
def test_a_second_time_changes_nothing(rule: Rule, tmp_path: Path) -> None:
    write_example(tmp_path, rule, rule.wrong)
    once = fix(tmp_path, rule.code, rule.path)

    assert fix(tmp_path, rule.code, rule.path) == once


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        pytest.param(
            "UND001",
            '"""Doc."""\nfrom __future__ import annotations\n\nimport os\n\n\n'
            "class TestNames:\n"
            "    @decorated\n"
            "    @classmethod\n"
            "    async def helper(self): pass\n\n"
            "    async def test_é(self): assert 'é'  # kept\n",
            '"""Doc."""\nfrom __future__ import annotations\n\nimport os\nimport pytest\n\n\n'
            "class TestNames:\n"
            "    @decorated\n"
            "    @classmethod\n"
            "    async def helper(self): pass\n\n"
            "    @pytest.mark.asyncio\n"
            "    async def test_é(self): assert 'é'  # kept\n",
            id="in a class, after the docstring and __future__",
        ),
        pytest.param(
            "UND003",
            "from pytest import fixture, mark\n\n"
            "@fixture(scope='session', autouse=True)\nasync def db(): yield 1\n\n"
            "@mark.asyncio\nasync def test_it(db): assert db\n",
            "from pytest import mark\nimport pytest_asyncio\n\n"
            "@pytest_asyncio.fixture(scope='session', autouse=True)\nasync def db(): yield 1\n\n"
            "@mark.asyncio\nasync def test_it(db): assert db\n",
            id="arguments are kept",
        ),
        pytest.param(
            "UND002",
            "import asyncio\nimport pytest\n\n"
            "@pytest.fixture\ndef event_loop():\n    yield asyncio.new_event_loop()\n\n"
            "@pytest.fixture\ndef seven(): return 7\n",
            "import pytest\n\n@pytest.fixture\ndef seven(): return 7\n",
            id="what others use stays imported",
        ),
        pytest.param(
            "UND004",
            "from unittest import mock\nm = mock.MagicMock()\n"
            "m.__aexit__.return_value = True\nm.__exit__ = mock.Mock()\n",
            "from unittest import mock\nm = mock.MagicMock()\n"
            "m.__aexit__.return_value = False\nm.__exit__ = mock.Mock(return_value=False)\n",
            id="mocks",
        ),
    ],
)
def test_the_rest_of_the_file_stays(code: str, before: str, after: str, tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "tests/test_it.py": before})

    text = fix(tmp_path, code, "tests/test_it.py")

    ast.parse(text)
    assert text == after


@pytest.mark.parametrize(
    ("head", "encoding", "newline"),
    [
        ("", "utf-8-sig", "\n"),
        ("# -*- coding: latin-1 -*-\n", "latin-1", "\n"),
        ("", "utf-8", "\r\n"),
    ],
)
def test_encoding_and_line_ends_stay(
    head: str, encoding: str, newline: str, tmp_path: Path
) -> None:
    source = f"{head}import pytest\n\nasync def test_it():\n    assert 'é'\n"
    file = tmp_path / "test_it.py"
    file.write_bytes(source.replace("\n", newline).encode(encoding))
    findings = Engine(["UND001"]).check(file).findings

    changed = fixed_source(file.read_bytes(), findings)

    expected = source.replace("async def", "@pytest.mark.asyncio\nasync def")
    assert changed == expected.replace("\n", newline).encode(encoding)


def test_a_file_that_libcst_cannot_parse() -> None:
    with pytest.raises(CannotFix) as raised:
        fixed_source(b"def (:\n", [])

    assert str(raised.value).startswith("Syntax Error @ 1:1.")


def test_a_rule_without_a_fix_changes_nothing(tmp_path: Path) -> None:
    rule = all_rules()["UND007"]
    write_example(tmp_path, rule, rule.wrong)
    findings = Engine(["UND007"]).check(tmp_path / rule.path).findings

    source = (tmp_path / rule.path).read_bytes()

    assert findings
    assert fixed_source(source, findings) == source
