"""What a whole sweep has found, against the accepted answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from understudy.sweep import answers_file
from understudy.sweep.answers_file import Answers, Key
from understudy.sweep.oracle import FAILS, HANGS, PASSES, Finding, Verdict, inconsistent
from understudy.sweep.plan import Trial

# What an accepted line settles; that an app hangs or writes twice is never right.
_SETTLED = ("swallowed", "success-despite-error", "wrong-answer", "inconsistent-answer")


@dataclass
class Result:
    """A sweep, finished or not.

    Attributes:
        verdicts: of the faults that were tried.
        findings: what is wrong, each with the verdict that it is about.
        new: the answers that the file does not have, and that nothing is wrong with.
        stale: lines of the file that this sweep did not meet.
    """

    verdicts: Sequence[Verdict]
    findings: list[tuple[Verdict, Finding]] = field(default_factory=list)
    new: Answers = field(default_factory=dict)
    stale: list[Key] = field(default_factory=list)


def key_of(trial: Trial) -> Key:
    """Return the line of the file that a trial is about."""
    constraint = trial.fault.constraint
    name = "" if constraint is None else constraint.name
    return Key(trial.subject, trial.call, trial.fault.name, name)


def assess(verdicts: Iterable[Verdict], known: Answers, *, is_locked: bool) -> Result:
    """Compare verdicts with the accepted answers.

    Args:
        verdicts: how the app met the faults.
        known: the file.
        is_locked: whether a fault that the file does not tell about is a finding.
    """
    result = Result(_without_covered(verdicts))
    alike = inconsistent(result.verdicts)
    new: dict[Key, set[str]] = defaultdict(set)
    wrong: set[Key] = set()
    met: set[Key] = set()
    for verdict in result.verdicts:
        key = key_of(verdict.trial)
        met |= {key, key.of_any_constraint}
        accepted = answers_file.accepted(known, key)
        is_accepted = _is_accepted(verdict, accepted)
        findings = [
            each for each in verdict.findings if not (is_accepted and each.rule in _SETTLED)
        ]
        if not accepted and verdict.trial.key in alike:
            findings.append(alike[verdict.trial.key])
        if accepted and not is_accepted:
            findings.append(_differs(verdict, accepted))
        elif not accepted and not findings and is_locked:
            findings.append(_missing(verdict))
        result.findings += [(verdict, each) for each in findings]
        if not accepted:
            new[key].add(verdict.outcome)
            if findings:
                wrong.add(key)
    result.new = {key: frozenset(value) for key, value in new.items() if key not in wrong}
    result.stale = [key for key in known if key not in met]
    return result


def _is_accepted(verdict: Verdict, accepted: frozenset[str]) -> bool:
    """Return whether an answer is accepted.

    Code without a request may raise in one test and fail an assertion of another: which of the two
    depends on the tests that have run.
    """
    outcome = verdict.outcome
    if outcome in accepted:
        return True
    told = accepted - {PASSES, HANGS}
    has_noticed = not verdict.trial.is_request and outcome not in (PASSES, HANGS)
    return has_noticed and (FAILS in told or (outcome == FAILS and bool(told)))


def _without_covered(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Leave out code without a request where another process has tried the same in a request."""
    found = {verdict.trial.key: verdict for verdict in verdicts}
    in_requests = {each.trial.site for each in found.values() if each.trial.is_request}
    return [
        each
        for each in found.values()
        if each.trial.is_request or each.trial.site not in in_requests
    ]


def _differs(verdict: Verdict, accepted: Iterable[str]) -> Finding:
    expected = " or ".join(sorted(accepted))
    return Finding(
        "wrong-answer",
        f"{answers_file.line(key_of(verdict.trial), [verdict.outcome])}, "
        f"but the accepted answer is {expected}",
        "Correct the app, or the line of the file if the new answer is right.",
    )


def _missing(verdict: Verdict) -> Finding:
    return Finding(
        "not-accepted",
        f"{answers_file.line(key_of(verdict.trial), [verdict.outcome])} is not in the file",
        "Run the sweep without --understudy-locked, and commit the file.",
    )


def counts(result: Result) -> Mapping[str, int]:
    """Return how many faults had each answer."""
    found: dict[str, int] = defaultdict(int)
    for verdict in result.verdicts:
        found[verdict.outcome] += 1
    return dict(sorted(found.items()))


def number_of_calls(trials: Iterable[Trial]) -> int:
    """Return at how many calls trials are."""
    return len({(trial.subject, str(trial.place), trial.statement) for trial in trials})
