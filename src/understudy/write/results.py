"""What a run of `understudy write` found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from understudy.init.plan import Change
from understudy.write.failing_fixtures import FailingFixture
from understudy.write.trials import LeftOut


@dataclass
class WrittenTest:
    """A test that was written.

    Attributes:
        name: its function.
        target: what it calls.
        shows: what only it shows.
        suspicion: why what it shows looks like a bug; "" if it does not.
    """

    name: str
    target: str
    shows: Sequence[str]
    suspicion: str


@dataclass
class WrittenFile:
    """The test file of one layer.

    Attributes:
        change: the file, before and after.
        layer: its layer.
        tests: the tests that are new.
        dropped: those that did not pass each time, each with its first failure.
        sends_sql: whether the module's own code sends SQL in them.
    """

    change: Change
    layer: str
    tests: list[WrittenTest]
    dropped: dict[str, str] = field(default_factory=dict)
    sends_sql: bool = True


@dataclass
class Results:
    """What a run found.

    Attributes:
        module: the module's name.
        path: its file, relative to the project.
        files: the test files.
        kept: why nothing is added to the test file of a layer, by layer.
        replaced: the fixtures of the project that fail, and that the test files replace.
        setting: pyproject.toml with the setting that the tests need; None if it is there.
        left_out: the functions and cases without a test.
        open: the branches that no test takes, as line numbers from and to.
        runs: how often the tests ran in a random order.
        mutants: how many mutants of the module's SQL the tests notice, and could notice; None
            without SQL.
        unnoticed: the mutants that they do not notice: the statement's place, and the change.
        seconds: how long it took.
        end: why it ended early; "" if it did not.
    """

    module: str
    path: Path
    files: list[WrittenFile] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    replaced: list[FailingFixture] = field(default_factory=list)
    setting: Change | None = None
    left_out: list[LeftOut] = field(default_factory=list)
    open: list[tuple[int, int]] = field(default_factory=list)
    runs: int = 0
    mutants: tuple[int, int] | None = None
    unnoticed: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    end: str = ""

    @property
    def changes(self) -> list[Change]:
        """The files to write."""
        found = [file.change for file in self.files if file.tests]
        return found if self.setting is None or not found else [*found, self.setting]

    @property
    def looks_wrong(self) -> bool:
        """Whether anything was found that looks like a bug."""
        tests = [test for file in self.files for test in file.tests]
        return any(test.suspicion for test in tests)

    def document(self) -> dict[str, Any]:
        """Return it for a JSON document."""
        return {
            "module": self.module,
            "path": str(self.path),
            "files": [
                {
                    "path": str(file.change.path),
                    "layer": file.layer,
                    "new": file.change.before is None,
                    "tests": [vars(test) for test in file.tests],
                    "dropped": file.dropped,
                }
                for file in self.files
            ],
            "kept": self.kept,
            "replaced_fixtures": [vars(one) for one in self.replaced],
            "setting": None if self.setting is None else self.setting.as_json("pyproject.toml"),
            "left_out": [
                {"name": one.name, "reason": one.reason, "line": one.line} for one in self.left_out
            ],
            "not_reached": [{"line": first, "to": last} for first, last in self.open],
            "runs": self.runs,
            "mutants": None
            if self.mutants is None
            else {"killed": self.mutants[0], "killable": self.mutants[1]},
            "unnoticed": [{"place": place, "change": text} for place, text in self.unnoticed],
            "seconds": round(self.seconds, 1),
            "end": self.end,
        }
