"""What kind of outcome a trial has: of two with the same kind, one test is enough."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from understudy.mutate.mutants import Mutant
from understudy.script.formatting import shortened
from understudy.script.origin import DRIVERS
from understudy.write import lab, web_assertions
from understudy.write.trials import Observation, Trial

_OF_OTHER = re.compile(r"with_another_\w+_id")
_REFUSED = (401, 403, 404, 409)
_LONGEST = 80  # characters of what a test shows


@dataclass(frozen=True)
class Outcome:
    """What kind of outcome a trial has: how it ends, and which tables it changes."""

    ended: tuple[Any, ...]
    tables: tuple[tuple[str, ...], ...] = ()


def outcome(observation: Observation, *, is_route: bool) -> Outcome:
    """Return the kind of outcome of a trial."""
    raised, answer = observation.raised, observation.answer
    kind: object
    if raised is not None:
        status = getattr(raised, "status_code", None) or getattr(raised, "sqlstate", None)
        kind = "what its block raises" if lab.is_of_trial(raised) else type(raised).__qualname__
        ended: tuple[Any, ...] = ("raised", kind, status)
    else:
        is_empty = hasattr(answer, "__len__") and not len(answer)
        kind = answer if isinstance(answer, bool) else None
        if is_route:
            kind = web_assertions.outcome(answer), _reason(answer)
        elif isinstance(answer, Exception):
            kind = getattr(answer, "status_code", None)
        ended = ("answer", type(answer).__qualname__, is_empty, kind)
    changes = observation.changes
    if changes is None:
        return Outcome(ended)
    kinds = (changes.inserted, changes.updated, changes.deleted)
    return Outcome(ended, tuple(tuple(sorted(kind)) for kind in kinds))


def _reason(response: Any) -> str:
    """Return why a request is refused, as far as it is the same for all values; or ""."""
    if response.status_code not in _REFUSED:
        return ""
    body = response.json() if "json" in response.headers.get("content-type", "") else None
    detail = body.get("detail") if isinstance(body, dict) else None
    return re.sub(r"\d+", "#", detail) if isinstance(detail, str) else ""


def refused_rows(trial: Trial, observation: Observation) -> set[object]:
    """Return what a route shows that refuses a row because it is another user's, or tenant's.

    It mostly answers what it does without the row, which says nothing of whom the row is kept from.
    """
    status = getattr(observation.answer, "status_code", None)
    is_of_other = trial.target.layer == "router" and _OF_OTHER.fullmatch(trial.scenario)
    if not is_of_other or status not in (403, 404):
        return set()
    return {Outcome(("answer", "a refusal", trial.scenario))}


def is_of_project(error: BaseException | None) -> bool:
    """Return whether code has made an exception of its own, and not passed on a driver's."""
    top = type(error).__module__.partition(".")[0]
    return error is not None and top not in (*DRIVERS, "sqlalchemy", "builtins", "asyncio")


def words(shown: object) -> str:
    """Return what a test shows, in words."""
    if isinstance(shown, Mutant):
        return shortened(shown.sentence, _LONGEST)
    if isinstance(shown, Outcome):
        kind, name, *_ = shown.ended
        return f"it raises {name}" if kind == "raised" else f"it returns {name}"
    assert isinstance(shown, tuple)
    first, last = shown
    return f"line {first}" if first == last else f"line {first} -> {last}"
