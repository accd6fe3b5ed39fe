"""The finders: each knows one way in which tests reach their database."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from understudy.adopt.adoption import Adoption, Place, Refusal
from understudy.init import InitError
from understudy.init.database_kind import DatabaseKind
from understudy.project.files import is_test_code, walk
from understudy.project.parsing import Unreadable
from understudy.project.sources import Module, Project

# Modules of this room with a function `find(project: Project) -> Sequence[Adoption]`. If two want
# to change one file, the first does.
_FINDERS = ("sqlite", "servers", "mocks")


def find_all(project: Project) -> list[Adoption]:
    """Return what every finder found, in the order of the finders.

    Raises:
        InitError: A rewrite is not valid Python.
    """
    found: list[Adoption] = []
    taken: set[Path] = set()
    moved_to: DatabaseKind | None = None
    for name in _FINDERS:
        module = importlib.import_module(f"understudy.adopt.{name}")
        try:
            adoptions = module.find(project)
        except Unreadable as error:
            raise InitError(
                f"Rewriting the tests gives invalid Python: {error}. Nothing was written.\n"
                "This is an error of Understudy. Please report it, with the file."
            ) from error
        for adoption in adoptions:
            both = taken.intersection(adoption.files)
            if taken and adoption.database is not moved_to:
                both = set(adoption.files)  # the settings and the trial are of one database
            found.append(_postponed(adoption, both) if both else adoption)
            if adoption.files and not both:
                moved_to = adoption.database
                taken.update(adoption.files)
    return found


def test_modules(project: Project) -> Iterator[Module]:
    """Yield the modules of the tests: conftest.py, test files, and helpers beside them."""
    for path in sorted(walk(project.root)):
        if path.suffix == ".py" and is_test_code(path, project.root, project.pytest):
            module = project.module_at(path)
            if module is not None:
                yield module


def _postponed(adoption: Adoption, both: set[Path]) -> Adoption:
    refusals: Sequence[Refusal] = [
        Refusal(
            Place(path, 1, "this file"),
            "Another change comes first in this run.",
            "Run `understudy adopt` again afterwards.",
        )
        for path in sorted(both)
    ]
    return replace(
        adoption, files={}, settings={}, notes=(), refusals=[*adoption.refusals, *refusals]
    )
