"""Functions that use a database which the running app has opened, such as a pool in a variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from understudy.script.formatting import first_line_of
from understudy.write.trials import Observation, Target

_FIXTURE = ("async_client", "AsyncClient")  # it runs the app, with its startup and shutdown


@dataclass(frozen=True)
class AmbientTarget(Target):
    """A function that is given no connection, in a project with an app."""

    @property
    def variants(self) -> tuple[Target, ...]:
        """Return the targets of its trials: alone, and while the app runs."""
        return (self, self.in_app)

    @property
    def in_app(self) -> Target:
        """The function as a test calls it while the app runs."""
        plain = {name: getattr(self, name) for name in Target.__dataclass_fields__}
        return Target(**plain | {"fixtures": (*self.fixtures, _FIXTURE)})


def ambient(target: Target) -> Target:
    """Return a target that may need the running app as an `AmbientTarget`; others as they are."""
    if type(target) is not Target or not target.is_async or target.openings:
        return target
    return AmbientTarget(**{name: getattr(target, name) for name in Target.__dataclass_fields__})


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
