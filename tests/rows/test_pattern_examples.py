"""Examples of regular expressions, and rows whose checks have one."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

from understudy.rows.pattern_examples import example

PATTERNS = [
    "^[a-z_]+:[a-z_]+$",
    "^[A-Z]{3}-[0-9]{4}$",
    r"^\d{3}\.\d{3}\.\d{3}-\d{2}$",
    "^(red|green|(dark )?blue)$",
    "^[^ @]+@[^ @]+[.][a-z]{2,}$",
    "^#?[0-9a-f]{6}$",
    "^[]x-]*$",
    r"^\+?[\d\s]{2,5}?$",
    "^(?:ab|cd){2}$",
    "^a.c$",
    "",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_example_matches_its_pattern(pattern: str) -> None:
    random = Random(4)
    texts = [example(pattern, random) for _ in range(50)]

    assert all(text is not None and re.search(pattern, text) for text in texts), texts


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"^(a)\1$", "^(?=a)a$", "a{3000}", "[z-a]", "[", "(", ")", "[[:nothing:]]", "*", "\\"),
        *(r"[^\w _.:/@+-]", "(" * 60 + ")" * 60),
    ],
)
def test_what_is_not_read_has_no_example(pattern: str) -> None:
    assert example(pattern, Random(4)) is None


def test_rows_whose_checks_have_a_pattern(rows: Any) -> None:
    made = rows("""
        CREATE DOMAIN plate AS text CHECK (VALUE ~ '^[[:upper:]]{3}-[0-9]{4}$');
        CREATE TABLE cars (
            id int GENERATED ALWAYS AS IDENTITY, plate plate NOT NULL,
            code text NOT NULL UNIQUE CHECK (code ~ '^[a-z_]+:[a-z_]+$'),
            color text NOT NULL CHECK (color ~* '^(red|green)$' AND length(color) > 3)
        )
    """)

    cars = [made.insert("cars") for _ in range(5)]

    assert len({car.code for car in cars}) == 5
    assert all(re.fullmatch("[A-Z]{3}-[0-9]{4}", car.plate) for car in cars)
    assert {car.color for car in cars} == {"green"}
