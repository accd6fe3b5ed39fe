"""What is wrong with how an app met a fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from understudy.pg import sql
from understudy.pg.sql_lists import items
from understudy.pg.sql_spelling import name_of
from understudy.rerun import Run
from understudy.script import request_rules
from understudy.script.boundary import CallId, Event
from understudy.script.formatting import counted
from understudy.script.requests import Request
from understudy.sweep.effects import committed
from understudy.sweep.faults import DROP, DROP_AFTER_COMMIT, FAULTS, REFUSED
from understudy.sweep.plan import Trial

INCONSISTENT = "inconsistent-answer"
HANGS, PASSES, NO_ANSWER = "hangs", "passes", "no answer"
FAILS = "fails"  # by an assertion of the test
# Faults that another attempt, or the same request a little later, gets past: an app that has an
# answer for one of a group has it for all of them.
_ALIKE = (("40001", "40P01"), ("1213", "1205"), (DROP, REFUSED, "53300", "1040"))


# Returns what the rules about requests find in a run.
Rules: TypeAlias = Callable[[Run], Sequence[request_rules.Finding]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What an app should not do.

    Attributes:
        rule: a short name: "swallowed", "hang", "doubled-write", "leak", "wrong-answer",
            "inconsistent-answer", "not-accepted", or that of a rule about requests.
        text: what it did, in one sentence; of a rule about requests, its whole text.
        remedy: what to do.
    """

    rule: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an app met a fault.

    Attributes:
        trial: the fault.
        test: the test that was run.
        call: the identity of the call in it.
        outcome: the status of the response, "hangs", "no answer"; without a request "passes" or the
            exception that was raised.
        findings: what is wrong with it.
    """

    trial: Trial
    test: str
    call: CallId
    outcome: str
    findings: tuple[Finding, ...] = ()


def judge(
    trial: Trial, test: str, call: CallId, normal: Run, run: Run, limit: float, rules: Rules
) -> Verdict:
    """Judge a run with a fault.

    Args:
        trial: the fault.
        test: the test.
        call: the call that failed.
        normal: the test's run without a fault.
        run: the run with it.
        limit: the seconds after which the run was ended.
        rules: returns what the rules about requests find in a run.
    """
    fired = next((event for event in run.events if event.id == call), None)
    request = fired.request if fired is not None else None
    outcome = _outcome(run, request)
    findings = []
    if run.is_timeout:
        findings.append(_hang(trial, normal, limit))
    elif fired is not None:
        if request is not None and _is_swallowed(fired, request, run.events):
            findings.append(_swallowed(trial, outcome))
        findings += _doubled(trial, call.request, normal, run)
        known = {(found.rule, found.request.name) for found in rules(normal)}
        findings += [
            of_rule(found) for found in rules(run) if (found.rule, found.request.name) not in known
        ]
        findings += _leaks(trial, normal, run, {finding.rule for finding in findings})
    return Verdict(trial, test, call, outcome, tuple(findings))


def of_rule(found: request_rules.Finding) -> Finding:
    """Return what a rule about requests has found."""
    return Finding(found.key, "\n".join((found.summary, *found.lines)), found.remedy)


def inconsistent(verdicts: Sequence[Verdict]) -> Mapping[str, Finding]:
    """Return findings about answers of 500 to a fault that the app knows how to answer.

    Returns:
        The findings, by the keys of their trials.
    """
    found = {}
    for group in _ALIKE:
        alike = [each for each in verdicts if each.trial.fault.name in group]
        known = [each for each in alike if each.outcome.isdigit() and int(each.outcome) > 500]
        if not known:
            continue
        status, _ = Counter(each.outcome for each in known).most_common(1)[0]
        example = next(each for each in known if each.outcome == status)
        for each in alike:
            if each.outcome == "500":
                text = (
                    f"{each.trial.subject} answers 500 when {_event(each.trial)}, but "
                    f"{example.trial.subject} answers {status} when {_event(example.trial)}"
                )
                remedy = f"Answer {status} here, too: the same error can come from any call."
                found[each.trial.key] = Finding(INCONSISTENT, text, remedy)
    return found


def _event(trial: Trial) -> str:
    """Return what happened, as a clause: `INSERT users fails with 40001 (a deadlock)`."""
    name = trial.fault.name
    if name in (DROP, DROP_AFTER_COMMIT, REFUSED):
        clause = {
            DROP: f"the connection is lost at {trial.call}",
            DROP_AFTER_COMMIT: f"the connection is lost after {trial.call} took effect",
            REFUSED: "a new connection is refused",
        }
        return clause[name]
    return f"{trial.call} fails with {trial.fault.label} ({FAULTS[name]})"


def _outcome(run: Run, request: Request | None) -> str:
    if run.is_timeout:
        return HANGS
    if request is not None:
        return NO_ANSWER if request.status is None else str(request.status)
    if run.passed:
        return PASSES
    kind = run.error.partition(":")[0].strip().rpartition(".")[2]
    # Which assertion of the test fails tells nothing of the app.
    is_tests = kind in ("AssertionError", "Failed") or not kind.isidentifier()
    return FAILS if is_tests else f"raises {kind}"


def _hang(trial: Trial, normal: Run, limit: float) -> Finding:
    return Finding(
        "hang",
        f"{trial.subject} did not end within {limit:.1f} s when {_event(trial)}; "
        f"its test normally takes {normal.seconds:.1f} s",
        "Limit the number of attempts, and the time to wait for a connection and an answer.",
    )


def _swallowed(trial: Trial, outcome: str) -> Finding:
    return Finding(
        "swallowed",
        f"{trial.subject} answers {outcome} although {_past(trial)}, and it was not tried again",
        "Let the error reach the error handler: nothing was read or written.",
    )


def _past(trial: Trial) -> str:
    return (
        _event(trial)
        .replace(" is lost ", " was lost ")
        .replace(" is refused", " was refused")
        .replace(" fails with ", " failed with ")
    )


def _is_swallowed(fired: Event, request: Request, events: Sequence[Event]) -> bool:
    """Return whether a request succeeded without the connection or transaction that it asked for.

    Of other calls the rules about requests tell.
    """
    status = request.status or 0
    if fired.kind not in ("connect", "begin") or not 200 <= status < 300:
        return False
    return not any(
        event.begun > fired.begun
        and event.request is request
        and event.tag is not None
        and not event.is_drivers
        for event in events
    )


def _leaks(trial: Trial, normal: Run, run: Run, rules_found: Collection[str]) -> list[Finding]:
    found = []
    for leak in run.leaks:
        if leak in normal.leaks or ("left-open" in rules_found and "never ended" in leak):
            continue
        # psycopg's own `with` does not close a connection whose COMMIT has failed.
        if trial.call == "COMMIT" and "never closed" in leak:
            continue
        *lines, remedy = leak.split("\n")
        text = f"{trial.subject} left something open when {_event(trial)}"
        found.append(Finding("leak", "\n".join((text, *lines)), remedy))
    return found


def _doubled(trial: Trial, request: str, normal: Run, run: Run) -> list[Finding]:
    """Return the writes of the request that took effect more often than without the fault."""
    effective = None
    if trial.fault.name == DROP_AFTER_COMMIT:
        effective = next((event.id for event in run.events if event.is_lost), None)
    before, sent_before = _rows(normal.events, None)
    after, sent = _rows(run.events, effective)
    for key, rows in after.items():
        # Another branch of the code may write what it does not write otherwise.
        is_repeated = key[0] == request and sent[key] > sent_before[key] > 0
        if is_repeated and rows > before[key] > 0:
            text = (
                f"{trial.subject} sent {_label(key[1])} again when {_event(trial)}, and "
                f"both took effect: {counted(rows, 'row')} instead of {before[key]}"
            )
            is_mysql = any(event.database == "mysql" for event in run.events)
            skipping = "INSERT IGNORE" if is_mysql else "ON CONFLICT DO NOTHING"
            remedy = (
                "Try again only what is known to have failed, or make it harmless: a unique key "
                f"with {skipping}."
            )
            return [Finding("doubled-write", text, remedy)]
    return []


_Rows = Counter[tuple[str, str]]


def _rows(events: Sequence[Event], effective: CallId | None) -> tuple[_Rows, _Rows]:
    """Return the rows that took effect and how often a write was sent, by request and statement."""
    rows: _Rows = Counter()
    sent: _Rows = Counter()
    for event in events:
        if event.kind == "statement":
            sent[event.id.request, event.id.statement] += 1
    for write in committed(events, effective):
        if _adds(write):
            number = (write.tag or "1").rpartition(" ")[2]
            rows[write.id.request, write.id.statement] += int(number) if number.isdigit() else 1
    return rows, sent


def _adds(write: Event) -> bool:
    """Return whether a write that runs twice has twice the effect."""
    tokens = sql.tokens(write.call.shape)
    words = [token.upper() for token in tokens]
    if words[:1] == ["INSERT"]:
        known = next((word for word in ("CONFLICT", "DUPLICATE") if word in words), None)
        return known is None or "UPDATE" not in words[words.index(known) :]
    if words[:1] == ["UPDATE"] and "SET" in words:
        assigned, _ = items(
            tokens, words.index("SET") + 1, frozenset({"FROM", "WHERE", "RETURNING"})
        )
        return any(
            item[1:2] == ("=",)
            and name_of(item[0]) in [name_of(token) for token in item[2:]]
            and set(item[2:]) & {"+", "-", "*", "||"}
            for item in assigned
            if item
        )
    return False


def _label(statement: str) -> str:
    tokens = sql.tokens(statement)
    return sql.spell(tokens[:3]) if tokens else statement
