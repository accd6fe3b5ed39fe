"""A review as a person and as a program reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.review.conftest import ADDOPTS, write
from understudy.cli.review import review as command
from understudy.review import output
from understudy.review.checklist_items import Answer, Evidence, Item, Review

PLACES = tuple(Evidence(f"line {number}", "app/users.py", number) for number in range(1, 8))
USERS = Review(
    "app.users",
    "app/users.py",
    3,
    87.5,
    (
        Answer(Item.LAYER, "cannot tell", (Evidence("nothing says so"),)),
        Answer(Item.LEVEL, "ok", (Evidence("nothing is replaced"), Evidence("truly"))),
        Answer(Item.PATHS, "not ok", PLACES),
    ),
)
ROLES = Review("app.roles", "app/roles.py", 1, 100.0, (Answer(Item.LEVEL, "ok", ()),))


def lines(*reviews: Review, fancy: bool = True, whole: bool = False) -> list[str]:
    """Return the lines of a report, without colours."""
    return list(output.text(reviews, fancy=fancy, whole=whole, paint=lambda _, text: text))


def test_one_module() -> None:
    assert lines(USERS) == [
        "",
        "app.users (app/users.py): 3 tests, 88% covered",
        "  before writing tests",
        "    ?  the layer under test is clear",
        "         nothing says so",
        "  while writing",
        "    ✔  the boundary is replaced, not the inside",
        "         nothing is replaced",
        "  after writing tests",
        "    ✘  every path is taken",
        "         app/users.py:1  line 1",
        "         app/users.py:2  line 2",
        "         app/users.py:3  line 3",
        "         app/users.py:4  line 4",
        "         app/users.py:5  line 5",
        "         and 2 more (--verbose shows them)",
        "",
        "1 fulfilled, 1 not, 1 undecided",
    ]


def test_opinions_are_one_line_at_the_end() -> None:
    lacking = (Evidence("test_a has no docstring", "tests/test_users.py", 3),)
    opinions = (
        Answer(Item.DOCSTRINGS, "not ok", lacking),
        Answer(Item.HINTS, "not ok", PLACES),
    )
    review = replace(ROLES, opinions=opinions)

    assert lines(review)[-3:] == [
        "  opinion, not counted: docstrings (1), type hints (7); --verbose shows the places",
        "",
        "1 fulfilled, 0 not, 0 undecided",
    ]
    assert lines(review, whole=True)[-11:-9] == [
        "  opinion, not counted: docstrings (1), type hints (7)",
        "         tests/test_users.py:3  test_a has no docstring",
    ]
    assert review.wrong == []


def test_all_evidence() -> None:
    text = lines(USERS, whole=True)

    assert "         truly" in text
    assert text[-3] == "         app/users.py:7  line 7"


def test_marks_where_only_ascii_can_be_written() -> None:
    text = lines(USERS, fancy=False)

    assert "    ok the boundary is replaced, not the inside" in text
    assert "    NO every path is taken" in text


def test_several_modules_have_a_summary() -> None:
    assert lines(USERS, ROLES)[:3] == [
        "module     not fulfilled  covered  tests",
        "app.users              1      88%      3",
        "app.roles              0     100%      1",
    ]


def test_json() -> None:
    document = json.loads(output.document([USERS]))

    (module,) = document["modules"]
    assert (module["module"], module["tests"], module["covered"]) == ("app.users", 3, 87.5)
    assert module["items"][0] == {
        "item": "layer",
        "stage": "before",
        "text": "the layer under test is clear",
        "state": "cannot tell",
        "evidence": [{"text": "nothing says so", "path": "", "line": 0}],
    }


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments after two dashes are for pytest; the exit code shows an unfulfilled item."""
    files = {
        "pyproject.toml": f"[tool.pytest.ini_options]\n{ADDOPTS}",
        "app.py": "def double(x):\n    return 2 * x\n",
        "test_app_service.py": "import app\n\n\n"
        "def test_double():\n    assert app.double(2) == 4\n\n\n"
        "def test_left_out():\n    raise AssertionError\n",
    }
    monkeypatch.chdir(write(tmp_path.resolve(), files))

    done = CliRunner().invoke(
        command, ["app", "--seed", "3", "--format", "json", "--", "-k", "double"]
    )

    (module,) = json.loads(done.stdout)["modules"]
    states = {item["item"]: item["state"] for item in module["items"]}
    assert (module["tests"], states["passing"], states["isolated"]) == (1, "ok", "ok")
    assert states["errors"] == "not ok"
    assert done.exit_code == 1


def test_the_command_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(command, ["nowhere"])

    assert done.exit_code == 2
    assert done.stderr == (
        "Error: There is no module 'nowhere' in this folder. "
        "Name it as it is imported (src.domain.user), or by its path (src/domain/user.py).\n"
    )
