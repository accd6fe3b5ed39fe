"""The format of a file, as its project's ruff has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.project import ruff

BLOCK = "fake.on('SELECT 1', {'a': 1}).row(a=1, b=2, c=3, d=4)"


def configure(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder / "test_it.py"


def test_a_block_is_formatted_for_its_place(tmp_path: Path) -> None:
    file = configure(tmp_path, "[tool.ruff]\nline-length = 50\n")

    assert ruff.formatted(BLOCK, 4, file) == (
        'fake.on("SELECT 1", {"a": 1}).row(\n    a=1, b=2, c=3, d=4\n)'
    )
    assert ruff.width(file) == 50


@pytest.mark.parametrize("text", ["", "[tool.pytest.ini_options]\n", "not toml ="])
def test_a_project_without_ruff_keeps_its_format(tmp_path: Path, text: str) -> None:
    file = configure(tmp_path, text)

    assert ruff.formatted(BLOCK, 4, file) == BLOCK
    assert ruff.width(file) == 88


def test_without_the_program_nothing_is_formatted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = configure(tmp_path, "[tool.ruff]\n")
    monkeypatch.setattr(ruff, "program", lambda: None)

    assert ruff.formatted(BLOCK, 4, file) == BLOCK


def test_imports_are_sorted_only_if_they_were(tmp_path: Path) -> None:
    file = configure(tmp_path, "[tool.ruff]\n")
    unsorted = "import re\nimport abc\nimport os\n"

    assert ruff.with_sorted_imports(unsorted, "import abc\nimport re\n", file) == (
        "import abc\nimport os\nimport re\n"
    )
    assert ruff.with_sorted_imports(unsorted, "import re\nimport abc\n", file) == unsorted
