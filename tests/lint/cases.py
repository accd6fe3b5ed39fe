"""Small projects, each written as one text, and the lines where a rule must find something.

A text begins with tests/test_it.py, and a line `=== path` begins another file. A line that must be
found ends with `# here`. Without such a line nothing may be found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from understudy.lint.engine import Engine

from .projects import write

MARK = "# here"
# The app that cases about replaced functions and methods share.
DAO_APP = """\
=== app/users.py
def _discount(user):
    return 1
def price(user):
    return _discount(user)
class DAO:
    def _verify(self):
        return 1
    def _get_connection(self):
        return 1
    def fetch(self):
        return self._verify()
class Other:
    def total(self):
        return 1
"""


def parametrized(cases: Mapping[str, str]) -> pytest.MarkDecorator:
    """Run a test with each of the cases."""
    return pytest.mark.parametrize(
        "case", cases.values(), ids=[case.replace(" ", "_") for case in cases]
    )


def check(code: str, case: str, folder: Path) -> None:
    """Assert that a rule finds what is marked in a case, and nothing else."""
    parts = re.split(r"^=== (\S+)\n", "=== tests/test_it.py\n" + case.lstrip("\n"), flags=re.M)
    files = dict(zip(parts[1::2], parts[2::2], strict=True))
    write(folder, {"pytest.ini": "[pytest]\n", **files})
    expected = [
        (path, number)
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if line.endswith(MARK)
    ]
    engine = Engine([code])
    checked = [engine.check(folder / path) for path in files if path.endswith(".py")]
    assert [file.problem for file in checked if file.problem] == []
    found = [
        (Path(finding.path).relative_to(folder).as_posix(), finding.line)
        for one in checked
        for finding in one.findings
    ]
    assert sorted(found) == sorted(expected)
