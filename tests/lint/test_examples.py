"""Each rule finds its own wrong example where it says so, and is silent on the right one."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

from understudy.lint.registry import all_rules
from understudy.lint.rule import GROUPS, Rule

from .cases import MARK
from .projects import expected_in, found_in, write_example

EACH = pytest.mark.parametrize("rule", all_rules().values(), ids=list(all_rules()))


@EACH
def test_the_wrong_example_is_found(rule: Rule, tmp_path: Path) -> None:
    write_example(tmp_path, rule, rule.wrong)

    expected = expected_in(tmp_path, rule.code, rule.path)

    assert expected
    assert found_in(tmp_path, rule.code, rule.path) == expected


@EACH
def test_the_right_example_is_clean(rule: Rule, tmp_path: Path) -> None:
    path = write_example(tmp_path, rule, rule.right)

    assert found_in(tmp_path, rule.code, path) == []


@EACH
def test_a_comment_silences_it(rule: Rule, tmp_path: Path) -> None:
    write_example(
        tmp_path, rule, re.sub(f"# {rule.code}$", f"# noqa: {rule.code}", rule.wrong, flags=re.M)
    )

    assert found_in(tmp_path, rule.code, rule.path) == []


@EACH
def test_it_is_described(rule: Rule) -> None:
    assert re.fullmatch(r"UND\d{3}", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert rule.group in GROUPS
    assert rule.why.endswith(".")
    assert "\n" not in rule.why
    assert rule.instead.endswith((".", "."))


def test_codes_and_names_are_unique() -> None:
    rules = all_rules()

    assert len({rule.name for rule in rules.values()}) == len(rules)


@EACH
def test_it_has_planted_cases_and_look_alikes(rule: Rule) -> None:
    module = sys.modules[rule.check.__module__].__name__.rpartition(".")[2]
    cases = importlib.import_module(f"tests.lint.rules.test_{module}").CASES.values()

    planted = [case for case in cases if MARK in case]

    assert len(planted) >= 3
    assert len(cases) - len(planted) >= 3
