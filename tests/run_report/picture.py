"""Draw the picture in docs/run_report.md, with Chromium.

python -m tests.run_report.picture
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.backend_copy import ROOT
from tests.run_report import sample_run
from tests.run_report.chromium import chromium
from understudy.run_report import page

PICTURE = ROOT / "docs" / "run_report.png"


def main() -> None:
    """Write the picture."""
    with TemporaryDirectory() as folder, chromium(Path(folder) / "profile") as browser:
        path = Path(folder) / "report.html"
        page.write(path, sample_run.small())
        browser.look(width=1180, height=860)
        browser.open(path)
        PICTURE.write_bytes(browser.screenshot())


if __name__ == "__main__":
    main()
