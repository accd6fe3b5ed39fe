"""The problem matcher for VS Code that docs/lint.md shows reads what the command prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.backend_copy import ROOT
from understudy.cli import main

from .projects import write


def test_it_reads_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.search(r"```json\n(.*?)```", (ROOT / "docs/lint.md").read_text("utf-8"), re.DOTALL)
    assert shown is not None
    (task,) = json.loads(shown[1])["tasks"]
    pattern = task["problemMatcher"]["pattern"]
    write(tmp_path, {"tests/test_a.py": "async def test_it():\n    assert 1\n"})
    monkeypatch.chdir(tmp_path)

    first = CliRunner().invoke(main, task["command"].split()[1:]).stdout.splitlines()[0]

    found = re.match(pattern["regexp"], first)
    assert found is not None
    parts = {name: found[pattern[name]] for name in ("file", "line", "column", "code", "message")}
    assert parts == {
        "file": "tests/test_a.py",
        "line": "1",
        "column": "1",
        "code": "UND001",
        "message": "no plugin runs test_it: it is async and has no asyncio marker",
    }
