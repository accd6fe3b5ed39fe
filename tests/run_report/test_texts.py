"""Rows of an answer as the record shows them."""

from __future__ import annotations

from understudy.pg.codec_registry import Values
from understudy.pg.types import Types
from understudy.run_report.texts import row_texts
from understudy.script.boundary import Answer

UNKNOWN = 99_999  # an oid that no catalog explains
BINARY = 1


def test_an_enum_in_binary_form_is_its_label_and_what_is_no_text_is_hexadecimal() -> None:
    rows = [[b"booked", b"\x00\x07", b"\xff", "São".encode()]]
    answer = Answer(["a", "b", "c", "d"], [UNKNOWN] * 4, [BINARY] * 4, rows)

    assert row_texts(answer, Values(Types({}))) == [["booked", "\\x0007", "\\xff", "São"]]
