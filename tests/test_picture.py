"""The picture in README.md shows what pytest prints today."""

from __future__ import annotations

import runpy

import pytest

from tests.backend_copy import ROOT


@pytest.mark.slow
def test_it_is_what_the_script_draws() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "picture.py"))

    assert script["PICTURE"].read_text(encoding="utf-8") == script["drawn"](script["output"]())
