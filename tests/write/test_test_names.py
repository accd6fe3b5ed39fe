"""The names of the written tests."""

from __future__ import annotations

from collections.abc import Callable

from tests.write.kept import target
from understudy.write.test_names import Names
from understudy.write.trials import Kept, Observation, Trial


def grant_permission() -> None:
    """Stand for the function of a route."""


def revoke() -> None:
    """Stand for another one."""


def route(name: str, function: Callable[[], None]) -> Kept:
    return Kept(
        Trial(target(function, layer="router", name=name), scenario="without_rows"),
        [Observation()],
    )


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
