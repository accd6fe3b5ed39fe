"""The fixtures, the patterns and the complete test file, run in copies of the reference backend."""

from __future__ import annotations

import ast

import pytest

from tests.backend_copy import Folder
from tests.seed_contract.conftest import written


def names_in(name: str) -> list[str]:
    """The names of the tests in a written file."""
    tree = ast.parse(written(name))
    functions = [
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [node.name for node in functions if node.name.startswith("test_")]


FIXTURES, PATTERNS, COMPLETE = map(names_in, ("fixtures", "patterns", "complete_file"))


def passed(outcomes: dict[str, str], file: str, test: str) -> None:
    """Assert that a written test passed, with each of its parameters."""
    prefix = f"tests/test_{file}.py::{test}"
    found = {name: how for name, how in outcomes.items() if name.partition("[")[0] == prefix}
    assert found
    assert set(found.values()) == {"passed"}, "\n".join(found.values())


@pytest.mark.parametrize("test", FIXTURES)
def test_fixture(written_outcomes: dict[str, str], test: str) -> None:
    passed(written_outcomes, "fixtures", test)


@pytest.mark.parametrize("test", PATTERNS)
def test_pattern(written_outcomes: dict[str, str], test: str) -> None:
    passed(written_outcomes, "patterns", test)


@pytest.mark.parametrize("test", COMPLETE)
def test_complete_file(written_outcomes: dict[str, str], test: str) -> None:
    passed(written_outcomes, "complete_file", test)


def test_fixtures_of_the_projects_own_win(backend: Folder) -> None:
    backend.write("tests/conftest.py", written("own_conftest"))
    backend.write("tests/test_own_fixtures.py", written("own_fixtures"))

    outcomes = backend.outcomes("tests/test_own_fixtures.py")

    assert [name.rpartition("::")[2] for name in outcomes] == names_in("own_fixtures")
    assert set(outcomes.values()) == {"passed"}, outcomes


# One change for each pattern, after which its test must fail: none of them passes by accident.
CHANGES = {
    "src/domain/dal/dao/user.py": [
        ("[dto.name, dto.email, dto.cpf]", "[dto.name, dto.email]"),  # 1
        ('failing_as("Erro ao buscar usuário")', 'failing_as("Erro")'),  # 2
        ("[dto.user_id, dto.role_id, scope_id]", "[dto.role_id, dto.user_id, scope_id]"),  # 4
        ("for item in items]", "for item in items[1:]]"),  # 5
        ("return rows.result()\n", "return rows.result()[1:]\n"),  # 7
        ("return count\n", "return count + 1\n"),  # 8
    ],
    "src/domain/service/user.py": [
        ("return await self.user_dao.fetch_all()", "return []"),  # 3
    ],
    "src/api/path/users.py": [
        ("return await UserService.get_all()", "return []"),  # 6
    ],
}


def test_each_pattern_notices_a_mistake(backend: Folder) -> None:
    backend.write("tests/test_patterns.py", written("patterns"))
    for name, changes in CHANGES.items():
        text = (backend.path / name).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        backend.write(name, text)

    outcomes = backend.outcomes("tests/test_patterns.py")

    assert "passed" not in outcomes.values(), outcomes
    assert {name.rpartition("::")[2].partition("[")[0] for name in outcomes} == set(PATTERNS)
