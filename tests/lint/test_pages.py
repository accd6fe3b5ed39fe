"""The documentation of the rules says what the rules say."""

from __future__ import annotations

from understudy.project.ruff_rules import RUFF, lines

from .pages import FOLDER, pages, table


def test_each_page_is_what_the_rule_says() -> None:
    # python -m tests.lint.pages writes them.
    written = {file: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md")}

    assert written == pages()


def test_the_table_of_all_rules_is_complete() -> None:
    assert table() in (FOLDER.parent / "lint.md").read_text(encoding="utf-8")


def test_the_configuration_of_ruff_is_complete() -> None:
    text = (FOLDER.parent / "lint.md").read_text(encoding="utf-8")

    assert f"[tool.ruff.lint]\n{lines(RUFF)}\n" in text
