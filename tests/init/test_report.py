"""Texts that no run in the other tests prints."""

from __future__ import annotations

from pathlib import Path

from understudy.init import report
from understudy.init.sources import Unread
from understudy.script.formatting import first_line_of


def test_many_files_that_were_left_out() -> None:
    files = [Unread(Path(f"{number}.py"), "no") for number in range(7)]

    assert report.unread_files(files) == (
        "  0.py: no\n  1.py: no\n  2.py: no\n  3.py: no\n  4.py: no\n  and 2 more"
    )


def test_the_gist_of_a_long_text() -> None:
    text = "one\n\ntwo\nthree\nfour\nfive\nFor further information visit https://x\n" + "s" * 250

    assert report.gist(text) == f"one\ntwo\n...\nfive\n{'s' * 236} ..."


def test_the_gist_names_the_error() -> None:
    text = "failed:\n  a.py:1\n  code\n  x.Error: 2 problems\n  one\n  two\n  three\n  at b.py:2"

    assert report.gist(text) == (
        "failed:\n  a.py:1\n...\n  x.Error: 2 problems\n...\n  three\n  at b.py:2"
    )


def test_a_long_line_ends_with_a_word() -> None:
    assert report.shortened("word " * 60) == f"{'word ' * 47}..."


def test_an_error_without_words() -> None:
    assert first_line_of(KeyError()) == "KeyError"
