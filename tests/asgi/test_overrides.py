from __future__ import annotations

from fastapi import FastAPI

from understudy.asgi import Overrides


def one() -> int:
    return 1


def test_they_are_put_back_in_the_same_mapping() -> None:
    app = FastAPI()
    mapping = app.dependency_overrides
    mapping[one] = lambda: 2
    overrides = Overrides(app)
    kept = dict(mapping)
    mapping.clear()
    mapping[print] = print
    overrides.restore()
    assert app.dependency_overrides is mapping
    assert mapping == kept


def test_a_mapping_of_the_tests_own_is_taken_away() -> None:
    app = FastAPI()
    mapping = app.dependency_overrides
    overrides = Overrides(app)
    app.dependency_overrides = {one: lambda: 2}
    overrides.restore()
    assert app.dependency_overrides is mapping
    assert mapping == {}


def test_what_was_held_last_is_put_back() -> None:
    app = FastAPI()
    overrides = Overrides(app)
    app.dependency_overrides[one] = one
    overrides.save()
    app.dependency_overrides.clear()
    overrides.restore()
    assert app.dependency_overrides == {one: one}


def test_another_kind_of_app_is_left_alone() -> None:
    app = object()
    overrides = Overrides(app)
    overrides.restore()
    assert not hasattr(app, "dependency_overrides")
