"""The file of the page: one, small, and harmless whatever the texts of a run are."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.run_report import sample_run
from understudy.run_report import page
from understudy.run_report.page_data import document
from understudy.run_report.records import Test


def inlined(content: bytes) -> object:
    """The data of a page, found as a browser finds it: it ends at the first `</script`."""
    text = content.decode()
    begin = text.index('id="data">') + len('id="data">')
    return json.loads(text[begin : text.index("</script", begin)])


def test_a_page_has_the_data_of_its_run(tmp_path: Path) -> None:
    page.write(tmp_path / "reports" / "report.html", sample_run.small())

    content = (tmp_path / "reports" / "report.html").read_bytes()
    assert inlined(content) == json.loads(json.dumps(document(sample_run.small())))


def test_two_pages_of_one_run_are_the_same() -> None:
    assert page.content(sample_run.small()) == page.content(sample_run.small())


def test_the_policy_allows_its_own_style_and_script_and_nothing_else() -> None:
    text = page.content(sample_run.small()).decode()
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert found is not None
    policy = dict(part.strip().split(" ", 1) for part in found[1].split(";"))
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    style = text.partition("<style>")[2].partition("</style>")[0]

    def hashed(content: str) -> str:
        return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"

    assert policy == {
        "default-src": "'none'",
        "script-src": hashed(script),
        "style-src": hashed(style),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_page_names_no_other_file_and_no_address() -> None:
    empty = [sample_run.run(), sample_run.summary()]

    assert (
        re.findall(r"https?://|//cdn|<link|<img|@import|url\(", page.content(empty).decode()) == []
    )


HOSTILE = (
    "</script>",
    "<!--",
    "<script>",
    "]]>",
    "$data",
    "${x}",
    "\0",
    "\u2028",
    "\ud800",
    "\\u003c",
)


@given(st.lists(st.sampled_from(HOSTILE) | st.characters()).map("".join))
def test_no_text_ends_the_data(text: str) -> None:
    test = Test(text, "failed", 0.0, text, failure=text)
    records = [sample_run.run(), test, sample_run.summary()]

    content = page.content(records)

    assert inlined(content) == json.loads(json.dumps(document(records)))
    assert content.count(b"<script") == 2
    assert b"<!--" not in content


@pytest.mark.parametrize("fits", [True, False], ids=["within", "above"])
def test_a_page_is_cut_if_it_would_be_too_large(
    fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_MOST", 400_000 if fits else 160_000)

    content = page.content(sample_run.large(tests=20))

    assert inlined(content)["is_cut"] is not fits  # type: ignore[index]  # it is an object


@pytest.mark.slow
def test_a_thousand_tests_with_twenty_statements_each_take_two_megabytes() -> None:
    records = sample_run.large()
    tests = [record for record in records if isinstance(record, Test)]

    assert len(tests) == 1000
    assert sum(event.type == "statement" for test in tests for event in test.events) == 20_000
    assert len(page.content(records)) <= 2_000_000
