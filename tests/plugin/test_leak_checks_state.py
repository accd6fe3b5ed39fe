"""What a test leaves behind that a later one will see."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from understudy.plugin.leak_checks.global_state import State
from understudy.plugin.leak_checks.project_files import ProjectFiles

APP = """
    TIMEOUT = 5
    UNSET = None
    users = {}
    NAMES = []
    MANY = list(range(300))
    PRICES = {}
    _seen = set()
    pool = None

    def send(): ...

    class Strange:
        def __eq__(self, other):
            raise TypeError
        __hash__ = None

    STRANGE = Strange()
    STRANGERS = [STRANGE]

    class Service:
        RETRIES = 3
        WAITING = []
        def stop(self): ...

    class App:
        def __init__(self):
            self.dependency_overrides = {}

    app = App()
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of a project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("LEFT", "")  # so that it is taken away again
    monkeypatch.delenv("LEFT")
    return module(tmp_path / "app.py", APP, monkeypatch)


def module(file: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType(file.stem)
    made.__file__ = str(file)
    exec(compile(dedent(text), str(file), "exec"), vars(made))
    monkeypatch.setitem(sys.modules, file.stem, made)
    return made


@pytest.fixture
def state(app: Any, tmp_path: Path) -> State:
    return State(ProjectFiles(tmp_path))


@pytest.mark.parametrize(
    ("leave", "left"),
    [
        (lambda app: os.environ.update(LEFT="1"), "os.environ['LEFT'] was set"),
        (lambda app: os.environ.update(KEPT="2"), "os.environ['KEPT'] was changed"),
        (lambda app: os.environ.pop("KEPT"), "os.environ['KEPT'] was removed"),
        (lambda app: setattr(app, "TIMEOUT", 0), "app.TIMEOUT was replaced"),
        (lambda app: setattr(app, "send", print), "app.send was replaced"),
        (lambda app: setattr(app, "App", None), "app.App was replaced"),
        (lambda app: delattr(app, "send"), "app.send was removed"),
        (lambda app: (delattr(app, "send"), setattr(app, "sent", 1)), "app.send was removed"),
        (lambda app: app.PRICES.update(ana=1), "app.PRICES, a dict, has other content"),
        (lambda app: app.NAMES.append(1), "app.NAMES, a list, has other content"),
        (lambda app: app.MANY.append(1), "app.MANY, a list, has other content"),
        (lambda app: setattr(app.Service, "RETRIES", 0), "app.Service.RETRIES was replaced"),
        (lambda app: setattr(app.Service, "stop", print), "app.Service.stop was replaced"),
        (
            lambda app: app.Service.WAITING.append(1),
            "app.Service.WAITING, a list, has other content",
        ),
        (
            lambda app: app.app.dependency_overrides.update({1: 2}),
            "app.app.dependency_overrides, a dict, has other content",
        ),
    ],
)
def test_what_is_left(app: Any, state: State, leave: Callable[[Any], object], left: str) -> None:
    leave(app)
    assert state.changes() == [left]
    assert state.changes() == []  # it is told once


def test_the_working_directory(
    app: Any, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert state.changes() == [
        f"the working directory was {tmp_path} and is {tmp_path / 'elsewhere'}"
    ]
    (tmp_path / "elsewhere").rmdir()
    assert state.changes() == [
        f"the working directory was {tmp_path / 'elsewhere'} and is one that was deleted"
    ]


def test_logging(app: Any, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    before = logging.root.level
    monkeypatch.setattr(logging.root, "level", 9)
    assert state.changes() == [f"the level of the root logger was {before} and is 9"]


def lazily(app: Any) -> None:
    app.UNSET = 1
    app.pool = object()
    app.new = print
    app.users["ana"] = 1
    app._seen.add("ana")
    app.users = {}


@pytest.mark.parametrize("leave", [lambda app: None, lazily, lambda app: app.NAMES.extend([])])
def test_what_code_makes_when_it_is_needed(
    app: Any, state: State, leave: Callable[[Any], object]
) -> None:
    leave(app)
    assert state.changes() == []


def test_what_a_module_does_when_it_is_imported(
    app: Any, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = module(tmp_path / "late.py", "import os\nos.environ['LEFT'] = '1'\nA = 1", monkeypatch)
    assert state.changes() == []
    late.A = 2  # type: ignore[attr-defined]
    os.environ["LEFT"] = "2"
    assert state.changes() == ["late.A was replaced", "os.environ['LEFT'] was changed"]


def test_an_app_that_is_made_when_it_is_needed_is_watched_from_then_on(
    app: Any, state: State
) -> None:
    app.pool = app.App()
    assert state.changes() == []
    app.pool.dependency_overrides[1] = 2
    assert state.changes() == ["app.pool.dependency_overrides, a dict, has other content"]


def test_a_name_that_was_not_there_may_be_made_again(app: Any, state: State) -> None:
    app.task = app.send  # as a decorator does that keeps the function that it is given
    assert state.changes() == []
    app.task = print
    assert state.changes() == []


def test_what_a_test_changes_beside_a_wider_fixture_is_told_all_the_same(
    app: Any, state: State
) -> None:
    app.TIMEOUT = 0
    state.accept_changes()()
    assert state.changes() == ["app.TIMEOUT was replaced"]


def test_a_library_may_do_as_it_likes(
    app: Any, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "site-packages" / "library.py"
    made = module(library, "A = 1", monkeypatch)
    assert state.changes() == []
    made.A = 2  # type: ignore[attr-defined]
    assert state.changes() == []


def test_what_a_wider_fixture_does_and_a_test_before_it(app: Any, state: State) -> None:
    os.environ["LEFT"] = "by the test"
    app.NAMES.append(1)
    accept = state.accept_changes()
    os.environ["KEPT"] = "by the fixture"
    app.TIMEOUT = 0
    app.PRICES["ana"] = 1
    del app.send
    accept()
    assert state.changes() == ["app.NAMES, a list, has other content", "os.environ['LEFT'] was set"]
    assert state.changes() == []
