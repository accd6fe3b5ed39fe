"""Functions that use a database which the running app has opened, such as a pool in a variable."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from understudy.project.sources import Module
from understudy.script.formatting import first_line_of
from understudy.write.trials import Observation, Target

_UNOPENED = ("databases.Database", "databases.core.Database")
_FIXTURE = ("async_client", "AsyncClient")  # it runs the app, with its startup and shutdown


@dataclass(frozen=True)
class AmbientTarget(Target):
    """A function that is given no connection, in a project with an app.

    Attributes:
        is_certain: whether it is certain that it needs the running app. An app that leaves its
            database open when it stops would hide that from a trial.
    """

    is_certain: bool = False

    @property
    def variants(self) -> tuple[Target, ...]:
        """Return the targets of its trials: alone, and while the app runs."""
        return (self, self.in_app)

    @property
    def in_app(self) -> Target:
        """The function as a test calls it while the app runs."""
        plain = {name: getattr(self, name) for name in Target.__dataclass_fields__}
        return Target(**plain | {"fixtures": (*self.fixtures, _FIXTURE)})


def ambient(target: Target, *, is_certain: bool = False) -> Target:
    """Return a target that may need the running app as an `AmbientTarget`; others as they are.

    Args:
        target: the target.
        is_certain: whether the project's database needs to be opened, see `is_to_be_opened`.
    """
    if type(target) is not Target or not target.is_async or target.openings:
        return target
    plain = {name: getattr(target, name) for name in Target.__dataclass_fields__}
    return AmbientTarget(**plain, is_certain=is_certain and target.layer in ("dao", "service"))


def is_to_be_opened(modules: Iterable[Module]) -> bool:
    """Return whether a project keeps a `databases.Database`, which does nothing until connected."""
    values = (
        (module, value)
        for module in modules
        for statement in module.tree.body
        if (value := getattr(statement, "value", None)) is not None
    )
    return any(
        isinstance(value, ast.Call) and module.qualified(value.func) in _UNOPENED
        for module, value in values
    )


def needs_app(alone: Observation, in_app: Observation) -> bool:
    """Return whether a call comes further while the app runs: alone, it asked no database."""
    if alone.problem or in_app.problem or alone.raised is None or alone.events:
        return False
    return in_app.raised is None or bool(in_app.events)


def unstarted(target: Target, observations: Sequence[Observation]) -> str:
    """Return why a function is not tested that never comes to its database, or ""."""
    if target.openings or target.layer != "dao" or not observations:
        return ""
    error = observations[0].raised
    package = target.function.__module__.partition(".")[0]
    if error is None or type(error).__module__.partition(".")[0] == package:
        return ""
    if any(one.events or type(one.raised) is not type(error) for one in observations):
        return ""
    return f"needs something that nothing has started: each call raises {first_line_of(error)}"
