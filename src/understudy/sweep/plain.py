"""Verdicts as plain values: for pytest-xdist, for pytest's cache, and for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from understudy.catalog.description import Constraint
from understudy.script.boundary import CallId
from understudy.sweep.faults import Fault
from understudy.sweep.oracle import Finding, Verdict
from understudy.sweep.plan import Place, Trial


def from_verdict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as what JSON can hold."""
    trial = verdict.trial
    constraint = trial.fault.constraint
    return {
        "subject": trial.subject,
        "is_request": trial.is_request,
        "call": trial.call,
        "fault": trial.fault.name,
        "constraint": None if constraint is None else asdict(constraint),
        "named": dict(trial.fault.named),
        "place": asdict(trial.place),
        "statement": trial.statement,
        "test": verdict.test,
        "id": list(verdict.call),
        "outcome": verdict.outcome,
        "findings": [asdict(finding) for finding in verdict.findings],
    }


def to_verdict(plain: Mapping[str, Any]) -> Verdict:
    """Return the verdict that plain values stand for."""
    given = plain["constraint"]
    constraint = None
    if given is not None:
        constraint = Constraint(**{**given, "columns": tuple(given["columns"])})
    call = CallId(*plain["id"])
    trial = Trial(
        plain["subject"],
        plain["is_request"],
        plain["call"],
        Fault(plain["fault"], constraint, tuple(plain["named"].items())),
        Place(**plain["place"]),
        plain["statement"],
        ((plain["test"], call),),
    )
    findings = tuple(Finding(**finding) for finding in plain["findings"])
    return Verdict(trial, plain["test"], call, plain["outcome"], findings)
