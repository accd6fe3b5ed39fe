"""The HTML report of a run: one file, which loads nothing and runs no script but its own."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from understudy.atomic_write import write_files
from understudy.run_report.page_data import document
from understudy.run_report.records import Record, Test

_SCRIPTS = ("timeline.js", "page.js")  # the second one begins
_MOST = 2_000_000  # bytes; of a larger page only the first tests that failed are whole
_BYTES_OF_A_VALUE = 6  # on average: its number, and its share of the texts


def write(path: Path, records: Sequence[Record]) -> None:
    """Write the report of a run.

    Args:
        path: the file; missing folders are made.
        records: of the whole run.

    Raises:
        OSError: The file cannot be written.
        ValueError: The records have no `Run` or no `Summary`.
    """
    write_files({path: content(records)})


def content(records: Sequence[Record]) -> bytes:
    """Return the page, cut if it would be too large."""
    if _values(records) * _BYTES_OF_A_VALUE < _MOST:  # or it takes a second to find out
        page = _page(document(records))
        if len(page) <= _MOST:
            return page
    return _page(document(records, is_cut=True))


def _values(records: Sequence[Record]) -> int:
    """Return the number of values in the rows of all tests."""
    tests = (record for record in records if isinstance(record, Test))
    return sum(len(row) for test in tests for event in test.events for row in event.rows or ())


def _page(data: Mapping[str, Any]) -> bytes:
    style, script = _file("page.css"), "\n".join(map(_file, _SCRIPTS))
    # A page cannot write HTML where only trusted types may, and it trusts none.
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    page = Template(_file("page.html")).substitute(
        policy=policy, style=style, script=script, data=_inline(data)
    )
    # A lone surrogate, as in a file name that is not UTF-8, becomes its escape in JSON.
    return page.encode("utf-8", "backslashreplace")


def _inline(data: Mapping[str, Any]) -> str:
    """Return JSON that can stand in a script element: it has no `</script>` and no `<!--`."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
