"""UND038: mocks of stacked patches in parameters that are named after one another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from understudy.lint.class_mocks import injected
from understudy.lint.patches import patches
from understudy.lint.rule import Found, Rule
from understudy.project.sources import Module

_LABELS = re.compile(r"(?<![a-z])(mock(ed)?|patch(ed)?|fake|stub|m)(?![a-z])")


def check(module: Module) -> Iterator[Found]:
    """Yield patches with a parameter that has the name of another one, and the other way round."""
    by_call = {patch.call: patch for patch in patches(module)}
    for function in module.functions:
        if len(function.node.decorator_list) < 2:
            continue
        filled = [
            (call, by_call[call].name, parameter)
            for call, parameter in injected(module, function, by_call).items()
        ]
        for number, (call, name, parameter) in enumerate(filled):
            for _, other_name, other_parameter in filled[number + 1 :]:
                if (
                    _plain(name) != _plain(other_name)
                    and _plain(parameter) == _plain(other_name)
                    and _plain(other_parameter) == _plain(name)
                ):
                    yield Found(
                        call,
                        f"{parameter} is the mock of {name}, and {other_parameter} that of"
                        f" {other_name}: the lowest patch fills the first parameter",
                    )


def _plain(name: str) -> str:
    """Return a name without what says that it is a mock, and without its case."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    return _LABELS.sub("", words.replace("_", " ")).replace(" ", "")


RULE = Rule(
    code="UND038",
    name="swapped-mocks",
    group="bugs",
    why=(
        "Patches are applied from the lowest to the highest, so the first parameter gets the"
        " lowest one's mock. Here each name says the other one."
    ),
    instead="Write the parameters in the order of the patches from the lowest to the highest.",
    wrong="""
from unittest.mock import patch

from app.users import invite


@patch("app.users.store")
@patch("app.users.send")  # UND038
def test_nothing_is_stored(mock_store, mock_send):
    invite("ana@example.com")

    mock_store.assert_called_once()
    mock_send.assert_not_called()
""",
    right="""
from unittest.mock import patch

from app.users import invite


@patch("app.users.store")
@patch("app.users.send")
def test_nothing_is_stored(mock_send, mock_store):
    invite("ana@example.com")

    mock_send.assert_called_once()
    mock_store.assert_not_called()
""",
    check=check,
)
