"""The tests that are written for the models of a module, and what happens when they run."""

from __future__ import annotations

import importlib
from pathlib import Path
from textwrap import indent

from understudy.init.layers import find_layers
from understudy.init.modules import Modules
from understudy.init.sources import read_sources
from understudy.write import dto_trials
from understudy.write.trials import Arc, Kept, LeftOut


def kept(
    folder: Path, source: str, reached: set[Arc] | None = None
) -> tuple[list[Kept], list[LeftOut]]:
    """Return the tests of the models in a module, and note the arcs that were reached."""
    (folder / "models.py").write_text(source, encoding="utf-8")
    importlib.invalidate_caches()
    modules = Modules(read_sources(folder), Path())
    return dto_trials.kept(
        find_layers(modules)["dto"], folder, set() if reached is None else reached
    )


def run(test: Kept) -> None:
    """Run a test with each of its cases."""
    trial = test.trial
    names = [name for name, _ in trial.parameters]
    lines = [line for setup in trial.setups for line in setup.lines]
    body = "\n".join([*lines, *trial.script, *test.assertions])
    source = f"def test({', '.join(names)}):\n{indent(body, '    ')}\n"
    namespace: dict[str, object] = {}
    exec("\n".join([*trial.target.imports, *trial.imports, *test.imports, source]), namespace)
    for case in trial.cases or ((),):
        exec(f"test({', '.join(case)})", namespace)


def named(tests: list[Kept], scenario: str) -> Kept:
    """Return the test with a scenario."""
    (found,) = (test for test in tests if test.trial.scenario == scenario)
    return found
