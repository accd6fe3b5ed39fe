"""`fake_postgres.record()`: what it does in a run that does not record, and what it returns."""

from __future__ import annotations

import os
from types import FrameType
from typing import Any, Protocol, Self

from understudy.script import expectations
from understudy.script.failures import NotRecorded, ScriptError
from understudy.script.origin import Origin


class Target(Protocol):
    """The database from which a script is recorded."""

    def insert(self, table: str, values: dict[str, object]) -> Any:
        """Insert a row, with what else it requires."""

    def execute(self, statement: str) -> None:
        """Execute a statement."""


class Recording:
    """Puts rows into the database from which a script is recorded; a script needs none.

    Args:
        target: that database; None if the script is there already.
    """

    def __init__(self, target: Target | None = None) -> None:
        self._target = target

    def insert(self, table: str, /, **values: object) -> Self:
        """Insert a row with these values, as `real_postgres.insert` does."""
        __tracebackhide__ = True
        if self._target is not None:
            self._target.insert(table, values)
        return self

    def execute(self, statement: str) -> Self:
        """Execute any SQL, such as an INSERT of many rows. It is not part of the script."""
        __tracebackhide__ = True
        if self._target is not None:
            self._target.execute(statement)
        return self


class Recorder(Protocol):
    """What `record()` does in a test."""

    def begin(self, frame: FrameType) -> Recording:
        """Begin the script of a place.

        Args:
            frame: of the code that has called `record()`.
        """


class _NotAsked:
    def begin(self, frame: FrameType) -> Recording:
        place = Origin(frame.f_code, frame.f_lineno).place
        raise expectations.record_failure(
            NotRecorded(
                "fake_postgres.record() is in the place of a script that was not recorded yet\n"
                f"  at: {place}\n"
                "Record it from a run on a real PostgreSQL, which writes the script here:\n"
                f"    pytest --understudy-record {running_test()}"
            )
        )


class _NothingToRecord:
    def begin(self, frame: FrameType) -> Recording:
        raise ScriptError(
            "real_postgres.record(): real_postgres answers without a script, so there is none to "
            "record. It is for the fixture fake_postgres."
        )


NOT_ASKED: Recorder = _NotAsked()
NOTHING_TO_RECORD: Recorder = _NothingToRecord()


def running_test() -> str:
    """Return the test that runs, without its parameters, as pytest's command line takes it."""
    name = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    return name.partition("[")[0]
