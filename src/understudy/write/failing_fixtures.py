"""Fixtures that every test of the project has, and that fail here: the written files replace them.

A fixture of a conftest.py with `autouse=True` may start a container or connect to a server of the
project's own. A written test has a database of Understudy's. A fixture of the same name in the
written file hides the one that fails, from the tests of that file alone.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from understudy.script.formatting import first_line_of, shortened
from understudy.write.imported_names import bound_names

_LONGEST = 200  # characters of an error
_ABOUT = "Replace the fixture of conftest.py, which fails, and which these tests do not need."


@dataclass(frozen=True)
class FailingFixture:
    """A fixture that fails, and that a test has without asking for it.

    Attributes:
        name: its name.
        place: the file, relative to the project, and the line of its function.
        error: why it fails.
    """

    name: str
    place: str
    error: str

    @property
    def source(self) -> str:
        """The fixture that takes its place in a test file."""
        return f'@pytest.fixture(autouse=True)\ndef {self.name}() -> None:\n    """{_ABOUT}"""\n'


class FixtureErrors:
    """A plugin that keeps why fixtures fail, by their names."""

    def __init__(self) -> None:
        self._errors: dict[str, str] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Keep the exception of a fixture, also one that skips the test."""
        try:
            return (yield)
        except (Exception, pytest.skip.Exception) as error:
            text = shortened(first_line_of(error), _LONGEST)
            self._errors.setdefault(fixturedef.argname, text)
            raise

    def of(self, items: Iterable[Any], root: str, replaced: Container[str]) -> list[FailingFixture]:
        """Return the project's fixtures that fail although the tests name none of them.

        Args:
            items: the tests that did not pass.
            root: the project's folder.
            replaced: the names of those that are replaced already.
        """
        found = {}
        for item in items:
            info = item._fixtureinfo
            for name in info.initialnames:
                definitions = info.name2fixturedefs.get(name, ())
                if not definitions or name in replaced or name in info.argnames:
                    continue
                function = inspect.unwrap(definitions[-1].func)
                file = Path(inspect.getsourcefile(function) or "")
                error = self._error(name, info.name2fixturedefs, set())
                if error is not None and file.is_relative_to(root):
                    place = (
                        f"{file.relative_to(root).as_posix()}:{function.__code__.co_firstlineno}"
                    )
                    found[name] = FailingFixture(name, place, error)
        return list(found.values())

    def _error(
        self, name: str, definitions: dict[str, Sequence[Any]], seen: set[str]
    ) -> str | None:
        """Return why a fixture, or one that it takes, fails."""
        if name in self._errors:
            return self._errors[name]
        seen.add(name)
        taken = [one for known in definitions.get(name, ())[-1:] for one in known.argnames]
        errors = (self._error(one, definitions, seen) for one in taken if one not in seen)
        return next((error for error in errors if error is not None), None)


def why_needed(existing: str, file: str, replaced: Iterable[str]) -> str:
    """Return why nothing can be added to a test file: its own tests use a fixture that fails.

    Args:
        existing: the text of the file; "" if there is none.
        file: its path.
        replaced: the fixtures that fail.
    """
    there = dict(bound_names(ast.parse(existing)))
    failing = next((name for name in replaced if there and name not in there), None)
    if failing is None:
        return ""
    return (
        f"the fixture {failing} fails, and the tests in {file} use it; make it pass, or rename "
        "that file"
    )
