"""What a review says. Every wording of this room is here; nothing else is."""

from __future__ import annotations

from collections.abc import Sequence

# Why a review cannot be made ---------------------------------------------------------------------


def no_module(wanted: str, bases: Sequence[str]) -> str:
    """Say that a module is not there."""
    places = ", ".join(bases)
    return (
        f"There is no module {wanted!r}: looked for it in {places}. "
        "Name it as it is imported (src.domain.user), or by its path (src/domain/user.py)."
    )


def did_not_run(code: int, said: str) -> str:
    """Say that pytest ran no tests."""
    what = {
        2: "was interrupted, or could not collect the tests",
        3: "had an internal error",
        4: "was given arguments that it does not know",
        5: "found no tests",
    }.get(code, f"ended with exit code {code}")
    return f"pytest {what}:\n{_indented(said)}"


def too_slow(timeout: float, said: str) -> str:
    """Say that a run took too long."""
    return (
        f"The tests took longer than {timeout:g} seconds and were stopped "
        f"(--timeout allows them more). What pytest last said:\n{_indented(said)}"
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


# Evidence ----------------------------------------------------------------------------------------


def no_tests() -> str:
    """Say that no test runs a line of the module."""
    return "no test runs a line of it"


def all_called(count: int) -> str:
    """Say that tests go through every function."""
    return f"{_number(count, 'function')}, each called by a test"


def no_docstring(name: str) -> str:
    """Say that a test has no docstring."""
    return f"{name} has no docstring"


def no_hints(name: str) -> str:
    """Say that a test lacks type hints."""
    return f"{name} lacks type hints"


def all_tests(count: int) -> str:
    """Say that all tests do."""
    return f"all {count} do" if count > 1 else "the only one does"


def error_tests(name: str, tests: Sequence[str]) -> str:
    """Name the tests that expect an error of a function."""
    return f"{name}: {_first(tests)}"


def unread(sql: str, tests: Sequence[str]) -> str:
    """Say that nobody looked at a statement."""
    return f"no test looks at {_short(sql)} (asked in {_first(tests)})"


def parameters_unread(sql: str) -> str:
    """Say that nobody looked at a statement's parameters."""
    return f"no test looks at the parameters of {_short(sql)}"


def nothing_asked() -> str:
    """Say that no statement was asked of a fake."""
    return "its tests asked no statement of a fake"


def passed(count: int) -> str:
    """Say that all tests pass."""
    return f"{_number(count, 'test')} passed"


def never_imported() -> str:
    """Say that no test imports the module."""
    return "no test imports it"


def covered(percent: float, missing: Sequence[int]) -> str:
    """Tell the coverage and what is missing."""
    figure = f"{percent:.0f}% of its lines and branches"
    return f"{figure}; not run: {_lines(missing)}" if missing else figure


def branch(first: int, last: int) -> str:
    """Say that a branch is not taken."""
    where = "out of the function" if last < 0 else f"to line {last}"
    return f"the way from line {abs(first)} {where} is never taken"


def all_branches(count: int) -> str:
    """Say that every branch is taken."""
    return f"{_number(count, 'branch', 'branches')}, all taken" if count else "it has no branches"


def no_leftovers(count: int) -> str:
    """Say that nothing was left."""
    return f"none in {_number(count, 'test file')}"


def stood_alone(count: int, seed: int) -> str:
    """Say that all tests went the same way in every run."""
    return f"{_number(count, 'test')}: the same alone, in reverse, and at random (seed {seed})"


def repeated(count: int) -> str:
    """Say that all tests went the same way twice."""
    return f"{_number(count, 'test')}, run twice in one process: the same both times"


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _first(names: Sequence[str], count: int = 2) -> str:
    shown = ", ".join(names[:count])
    return f"{shown} and {len(names) - count} more" if len(names) > count else shown


def _short(sql: str, length: int = 60) -> str:
    return sql if len(sql) <= length else f"{sql[: length - 3]}..."


def _lines(numbers: Sequence[int]) -> str:
    """Write line numbers as ranges: 3, 7-9."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


def not_collected(names: Sequence[str]) -> str:
    """Say that test files could not be collected."""
    return f"pytest could not collect {', '.join(names)}. Run pytest to see why."
