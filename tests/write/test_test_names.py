"""The names of the written tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.write.kept import target
from understudy.write.test_names import Names, outcome
from understudy.write.trials import Kept, Observation, Trial
from understudy.write.written_test import _docstring


def grant_permission() -> None:
    """Stand for the function of a route."""


def revoke() -> None:
    """Stand for another one."""


def route(name: str, function: Callable[[], None]) -> Kept:
    return Kept(
        Trial(target(function, layer="router", name=name), scenario="without_rows"),
        [Observation()],
    )


@pytest.mark.parametrize(
    ("kind", "article"),
    [("HTTPException", "an"), ("DBAPIError", "a"), ("UserError", "a"), ("IntegrityError", "an")],
)
def test_an_abbreviation_is_read_by_its_letters(kind: str, article: str) -> None:
    error = type(kind, (Exception,), {})()
    kept = Kept(Trial(target(name="find")), [Observation(raised=error)])

    assert outcome(kept) == f"`find` raises {article} {kind}"


def test_a_long_sentence_does_not_repeat_the_name() -> None:
    about = "if the rows exist that it refers to, which are more than one can name here"
    kept = Kept(Trial(target(name="find"), about=about), [Observation(answer=[])])

    (line,) = _docstring(kept, 90)

    assert line == f'"""It returns nothing {about}."""'


def test_a_test_of_a_route_has_the_name_of_its_function() -> None:
    found = [route("PUT /roles/{role_id}", grant_permission), route("DELETE /roles/{id}", revoke)]

    names = Names("", found)

    assert [*map(names.of, found)] == [
        "test_grant_permission_without_rows",
        "test_revoke_without_rows",
    ]


def test_the_path_tells_two_routes_of_one_function_apart() -> None:
    found = [route("PUT /roles/{role_id}", revoke), route("DELETE /roles/{role_id}", revoke)]

    names = Names("", found)

    assert [*map(names.of, found)] == [
        "test_put_roles_role_id_without_rows",
        "test_delete_roles_role_id_without_rows",
    ]
