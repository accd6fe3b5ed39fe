"""Which trials are written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from understudy.write import choice

_SETS = st.lists(st.frozensets(st.integers(0, 8), max_size=5), max_size=8)


def test_the_first_of_equal_trials_is_chosen() -> None:
    assert choice.cover([{"a"}, {"a"}, {"b"}]) == [0, 2]


def test_a_trial_is_dropped_if_two_later_ones_show_all_of_it() -> None:
    assert choice.cover([{1, 2, 3, 4}, {1, 2, 5}, {3, 4, 6}]) == [1, 2]


def test_what_only_one_trial_shows() -> None:
    assert choice.only([{1, 2}, {2, 3}, {2}]) == [{1}, {3}, set()]


def test_nothing_is_chosen_if_nothing_is_shown() -> None:
    assert choice.cover([set(), set()]) == []


@given(_SETS)
def test_what_is_chosen_shows_everything_and_each_shows_something_alone(
    shown: list[frozenset[int]],
) -> None:
    chosen = choice.cover(shown)

    kept = [shown[at] for at in chosen]
    assert frozenset().union(*kept) == frozenset().union(*shown)
    assert all(choice.only(kept))
