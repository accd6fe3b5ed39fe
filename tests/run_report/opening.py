"""How large the HTML report of a large run is, and how long Chromium takes to open it.

python -m tests.run_report.opening [TESTS [STATEMENTS_OF_A_TEST]]
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.run_report import sample_run
from tests.run_report.chromium import chromium
from understudy.run_report import page

_TIMES = 9
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def main(tests: int = 1000, statements: int = 20) -> None:
    """Print the figures."""
    records = sample_run.large(tests, statements)
    with TemporaryDirectory() as folder, chromium(Path(folder) / "profile") as browser:
        path = Path(folder) / "report.html"
        start = perf_counter()
        page.write(path, records)
        written = perf_counter() - start
        times = []
        for _ in range(_TIMES):
            browser.open(path)
            times.append(browser.run(_LOADED))
        print(  # noqa: T201  # the output of this command
            f"{tests:,} tests, {tests * statements:,} statements: "
            f"{path.stat().st_size:,} bytes, written in {written:.2f} s, opened in "
            f"{median(times):.0f} ms (median of {_TIMES}, {min(times):.0f} to {max(times):.0f})"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
