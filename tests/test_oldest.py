"""The lower bounds of the core and of the extras are those that `.ci/run` tries."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# What `understudy demo` needs is for the demo alone.
BOUNDS = {
    match[1]: match[2]
    for requirement in [
        *PROJECT["dependencies"],
        *(item for name, extra in PROJECT["optional-dependencies"].items() if name != "demo"
          for item in extra),
    ]
    if (match := re.fullmatch(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", requirement))
}  # fmt: skip
PINS = dict(
    re.findall(r"^([\w-]+)==([\d.]+)$", (ROOT / "tests/oldest/constraints.txt").read_text(), re.M)
)


@pytest.mark.parametrize("package", BOUNDS)
def test_the_oldest_version_is_tried(package: str) -> None:
    bound = BOUNDS[package].split(".")
    assert PINS[package].split(".")[: len(bound)] == bound


def test_every_requirement_has_a_bound_or_is_an_extra() -> None:
    requirements = [*PROJECT["dependencies"]]
    for name, extra in PROJECT["optional-dependencies"].items():
        requirements += extra if name != "demo" else []
    assert all(">=" in item or item.startswith("understudy[") for item in requirements)
