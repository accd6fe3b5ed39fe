"""Small apps without a database, and what the requests do that are tried for their routes."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import httpx

from understudy.init.findings import look
from understudy.write import rendering, router_trials, routes, web_assertions
from understudy.write.assertions import asserted
from understudy.write.trials import Kept, Observation, Target, Trial


def tried(
    project: Path, source: str, left_out: dict[str, str] | None = None
) -> dict[str, list[tuple[Trial, Observation]]]:
    """Return the trials of each route of an app, with what they did.

    Args:
        project: the folder of the package `shop`.
        source: the module `shop.web`.
        left_out: gets the reasons of what is left out.
    """
    targets = route_targets(project, source)
    app = importlib.import_module("shop.web").app
    found = {target.name: [*played(app, target)] for target in targets}
    for target in targets:
        if left_out is not None:
            left_out |= target.shared.get("left_out", {})
    return found


def route_targets(project: Path, source: str) -> list[routes.RouteTarget]:
    """Return the routes of an app, which is the module `shop.web` of a project."""
    (project / "shop/web.py").write_text(dedent(source), encoding="utf-8")
    importlib.invalidate_caches()
    found, _ = routes.targets(importlib.import_module("shop.web"), look(project))
    return [target for target in found if isinstance(target, routes.RouteTarget)]


def played(app: Any, target: Target) -> Iterator[tuple[Trial, Observation]]:
    """Run the trials of a route, each as it is proposed."""
    seen: list[tuple[Trial, Observation]] = []
    for trial in router_trials.trials(target, None, seen, frozenset):
        app.dependency_overrides.clear()
        # There is no database.
        app.state.rows, app.state.calls = trial.rows, []
        seen.append((trial, asyncio.run(observed(app, trial))))
    yield from seen


async def observed(app: Any, trial: Trial) -> Observation:
    """Run one trial."""
    lines = sorted(rendering.imports(trial))
    lines += [line for setup in trial.setups for line in setup.lines]
    lines += [*trial.script, f"return {rendering.call(trial)}"]
    namespace: dict[str, Any] = {}
    exec(f"async def run(app, async_client):\n{indent(chr(10).join(lines), '    ')}", namespace)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        try:
            return Observation(answer=await namespace["run"](app, client))
        except Exception as error:  # noqa: BLE001 - it is what is observed
            return Observation(raised=error, events=app.state.calls)


def kept(trials: list[tuple[Trial, Observation]]) -> list[Kept]:
    """Return the tests of a route, one for each kind of outcome."""
    found: dict[object, Kept] = {}
    for trial, seen in trials:
        if trial.purpose != "probe":
            kind = repr(seen.raised) if seen.raised else web_assertions.outcome(seen.answer)
            found.setdefault(kind, Kept(trial, (seen, seen, seen)))
    return web_assertions.grouped([asserted(one) for one in found.values()])


def outcomes(trials: list[tuple[Trial, Observation]]) -> list[tuple[str, int]]:
    """Return the scenario and the status of each trial that may be written."""
    return [
        (trial.scenario, seen.answer.status_code)
        for trial, seen in trials
        if trial.purpose != "probe" and seen.raised is None
    ]
