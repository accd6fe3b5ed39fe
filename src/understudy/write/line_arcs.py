"""The jumps between lines of a module: those that there are, and those that a call takes."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from understudy.write.trials import Arc


class LineArcs:
    """Traces one module with coverage.py, which stops a measurement of the whole process.

    Args:
        file: the module's file.

    Attributes:
        branches: the arcs of its branches.
        lines: the lines that can run.
    """

    def __init__(self, file: Path) -> None:
        import coverage

        self._file = str(file)
        self._number = 0
        measured: Any = getattr(coverage.process_startup, "coverage", None)
        self._coverage: Any = coverage.Coverage(data_file=None, branch=True, config_file=False)
        if measured is not None:
            # Where a process is measured already, making this one ends that.
            measured._auto_save = True
        self._coverage.set_option("run:include", [self._file])
        # A call that reaches no line of the module is no mistake here.
        self._coverage.set_option("run:disable_warnings", ["no-data-collected"])
        concurrency = ["thread"]
        if importlib.util.find_spec("greenlet") is not None:
            concurrency.append("greenlet")  # SQLAlchemy's asyncio runs code in greenlets
        self._coverage.set_option("run:concurrency", concurrency)
        if coverage.version_info >= (7, 9):
            # sys.monitoring reports a line once, and these are traced again and again.
            self._coverage.set_option("run:core", "ctrace")
        self.branches, self.lines = self._possible()

    @contextmanager
    def traced(self, *, is_on: bool = True) -> Iterator[set[Arc]]:  # untraced
        """Trace the block; the arcs that it took are in the set afterwards.

        Args:
            is_on: whether it is traced at all.
        """
        found: set[Arc] = set()
        if not is_on:
            yield found
            return
        self._number += 1
        context = str(self._number)
        self._coverage.start()
        # Erasing the data instead would cost 30 ms each time.
        self._coverage.switch_context(context)
        try:
            yield found
        finally:
            self._coverage.stop()
            data = self._coverage.get_data()
            data.set_query_context(context)
            found.update(data.arcs(self._file) or ())

    def _possible(self) -> tuple[frozenset[Arc], frozenset[int]]:  # untraced
        """Return the arcs of branches and the lines, as coverage.py reads them from the source."""
        self._coverage.start()
        self._coverage.stop()
        self._coverage.get_data().touch_file(self._file)
        with tempfile.TemporaryDirectory(prefix="understudy-arcs-") as folder:
            report = Path(folder, "report.json")
            self._coverage.json_report(morfs=[self._file], outfile=str(report))
            (described,) = json.loads(report.read_text(encoding="utf-8"))["files"].values()
        self._coverage.erase()
        branches = frozenset((first, last) for first, last in described["missing_branches"])
        return branches, frozenset(described["missing_lines"])
