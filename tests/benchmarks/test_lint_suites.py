"""docs/lint-measured.md matches the judged findings, and its command counts them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import lint_suites
from understudy.lint.registry import all_rules
from understudy.lint.rule import DEFAULT_GROUPS

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "benchmarks" / "lint_labels.tsv"
DEFAULT = {code for code, rule in all_rules().items() if rule.group in DEFAULT_GROUPS}


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "lint-measured.md").read_text(encoding="utf-8")


def labels() -> list[list[str]]:
    return [line.split("\t") for line in LABELS.read_text(encoding="utf-8").splitlines()]


def test_each_judgement_is_complete_and_unique() -> None:
    found = labels()

    assert len(found) >= 150
    assert {code for _, _, _, code, _, _ in found} <= DEFAULT
    assert {verdict for *_, verdict, _ in found} == {"true", "false"}
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", reason) for *_, reason in found)
    assert len({tuple(fields[:4]) for fields in found}) == len(found)


def test_the_rules_are_as_precise_as_required() -> None:
    verdicts = Counter((code, verdict) for _, _, _, code, verdict, _ in labels())
    total = Counter(code for _, _, _, code, _, _ in labels())

    assert sum(verdicts[code, "true"] for code in total) >= 0.95 * total.total()
    assert [code for code in total if verdicts[code, "true"] < 0.9 * total[code]] == []


def test_the_page_has_the_judgements(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    lint_suites.main(["--judged", str(LABELS)])

    assert capsys.readouterr().out in page


def test_the_page_has_the_findings_of_each_suite(page: str) -> None:
    found: dict[str, Counter[str]] = {}
    for suite, _, _, code, _, _ in labels():
        found.setdefault(suite, Counter())[code] += 1
    header, _, *rows = re.findall(r"^\| (.*) \|$", page.split("## How many")[0], re.M)
    codes = header.split(" | ")[3:]
    shown = {
        suite: {code: int(count) for code, count in zip(codes, counts, strict=True) if count}
        for suite, _, _, *counts in (re.split(r" *\| *", row) for row in rows)
    }

    total = shown.pop("all")
    assert {suite: counts for suite, counts in shown.items() if counts} == found
    assert total == sum(found.values(), Counter())


def test_it_counts_findings_and_selects_a_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for suite, text in {
        "one": "def test_a(client):\n    x = client.get()\ndef test_b(client):\n    pass\n",
        "two": "import os\ndef test_c():\n    os.environ['A'] = '1'\n    assert load()\n",
    }.items():
        (tmp_path / suite).mkdir()
        (tmp_path / suite / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (tmp_path / suite / "test_it.py").write_text(text, encoding="utf-8")
    folders = [str(tmp_path / "one"), str(tmp_path / "two")]

    lint_suites.main([*folders, "--sample", "2"])

    table = (
        "| suite | test files | UND007 | UND010 |\n"
        "| --- | --: | --: | --: |\n"
        "| one | 1 | 2 |  |\n"
        "| two | 1 |  | 1 |\n"
        "| all | 2 | 2 | 1 |\n"
    )
    printed = capsys.readouterr().out
    assert printed.startswith(table)
    drawn = printed.removeprefix(table).splitlines()
    assert [line.rsplit("\t", 2)[0] for line in drawn] == ["one\ttest_it.py", "two\ttest_it.py"]

    lint_suites.main([*folders, "--select", "UND010"])

    assert "UND007" not in capsys.readouterr().out
