"""What a sweep says: for a person, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.script.formatting import counted
from understudy.sweep import answers_file, plain
from understudy.sweep.oracle import INCONSISTENT, Finding, Verdict
from understudy.sweep.outcome import Result, counts, key_of

_WIDTH = 96


@dataclass
class Account:
    """What is told of a sweep beside its verdicts; the parts of several processes add up.

    Attributes:
        planned: how many faults there were to try.
        calls: how many calls they are at.
        unreached: what was planned and not met again.
        unsteady: what had another finding when it was repeated.
        left_out: tests that were not swept, with the reasons.
        passive: findings of rules about requests in runs without a fault, each with its test.
        seconds: the time of the slowest process.
        resumed: how many verdicts come from an earlier run.
        ended_by: "time", "interrupt" or None.
    """

    planned: int = 0
    calls: int = 0
    unreached: list[str] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    passive: list[tuple[str, Finding]] = field(default_factory=list)
    seconds: float = 0.0
    resumed: int = 0
    ended_by: str | None = None


def lines(
    result: Result, account: Account, file: str, *, saved: str, verbose: bool
) -> Iterable[str]:
    """Yield the lines of the report.

    Args:
        result: what was found.
        account: how the sweep went.
        file: the file of accepted answers, as it is shown.
        saved: what was done with the file, as the end of a sentence; "" for nothing.
        verbose: whether everything is listed.
    """
    tried = len(result.verdicts)
    if not account.planned:
        yield f"There is nothing to sweep: {_why_nothing(account)}."
        yield from _left_out(account, verbose=True)
        return
    yield (
        f"{counted(tried, 'fault')} of {account.planned:,} at {counted(account.calls, 'call')} in "
        f"{account.seconds:.2f}s{_answers(result)}"
    )
    if account.ended_by is not None:
        why = "The time is up" if account.ended_by == "time" else "Interrupted"
        yield f"{why}: the next sweep goes on with the other {account.planned - tried:,}."
    if account.resumed:
        verb = "was" if account.resumed == 1 else "were"
        yield f"{account.resumed:,} of them {verb} tried by an earlier sweep that did not finish."
    if saved:
        yield f"{file}: {saved}"
    yield from _findings(result, account, file)
    yield from _rest(account, verbose=verbose)


def _answers(result: Result) -> str:
    shown = (f"{number} x {outcome}" for outcome, number in counts(result).items())
    return f": {', '.join(shown)}" if result.verdicts else ""


def _why_nothing(account: Account) -> str:
    if account.left_out:
        return "no test could be run again"
    servers = "fake_postgres, real_postgres, fake_mysql or real_mysql"
    return f"no test sends a statement to {servers}, in a request or in its body"


def _findings(result: Result, account: Account, file: str) -> Iterable[str]:
    groups = grouped(result)
    number = len(groups) + len(account.passive)
    if not number:
        known = "Nothing is wrong with the answers."
        yield known if result.verdicts else "No fault was tried: the answers are unknown."
        return
    yield f"{counted(number, 'finding')}:"
    for test, finding in account.passive:
        yield ""
        yield from _one(finding)
        yield f"    test: {test}"
    for members in groups:
        yield ""
        yield from _group(members, file)


def grouped(result: Result) -> list[list[tuple[Verdict, Finding]]]:
    """Return the findings, those together that are the same with another fault."""
    groups: dict[tuple[str, ...], list[tuple[Verdict, Finding]]] = {}
    where: tuple[str, ...]
    for verdict, finding in result.findings:
        trial = verdict.trial
        if finding.rule in ("wrong-answer", "not-accepted"):
            where = (finding.text,)  # each is a line of the file
        elif finding.rule == INCONSISTENT:
            where = (finding.rule, trial.fault.name)
        else:
            where = (finding.rule, trial.subject, str(trial.place))
        groups.setdefault(where, []).append((verdict, finding))
    return list(groups.values())


def _group(members: Sequence[tuple[Verdict, Finding]], file: str) -> Iterable[str]:
    """Yield one finding, and the other faults that have shown the same."""
    verdict, finding = members[0]
    yield from _one(finding)
    lines = [each.trial.line for each, _ in members]
    # Where all are of one request, its name is told already.
    if len({each.trial.subject for each, _ in members}) == 1:
        lines = [line.removeprefix(f"{verdict.trial.subject}, ") for line in lines]
    more = [line for line in dict.fromkeys(lines) if line != lines[0]]
    if more:
        yield from _wrapped(f"also with: {'; '.join(more)}", "    ")
    if str(verdict.trial.place) not in finding.text:
        yield f"    at: {verdict.trial.place}"
    yield f"    test: {verdict.test}"
    if finding.rule in ("swallowed", "success-despite-error"):
        line = answers_file.line(key_of(verdict.trial), [verdict.outcome])
        yield f"    to accept it, add to {file}: {line}"


def _one(finding: Finding) -> Iterable[str]:
    first, *rest = finding.text.split("\n")
    yield from _wrapped(f"{finding.rule}: {first}", "")
    yield from (f"    {line}" for line in rest)
    for line in filter(None, finding.remedy.split("\n")):
        yield from _wrapped(line, "    ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _rest(account: Account, *, verbose: bool) -> Iterable[str]:
    for what, why in (
        (account.unreached, "its call was not made again in the rerun"),
        (account.unsteady, "it had another result when it was repeated, so nothing is said of it"),
    ):
        if what:
            yield f"{counted(len(what), 'fault')} left out: {why}"
            yield from (f"    {line}" for line in what if verbose)
    yield from _left_out(account, verbose=verbose)


def _left_out(account: Account, *, verbose: bool) -> Iterable[str]:
    reasons: dict[str, list[str]] = {}
    for test, reason in account.left_out.items():
        reasons.setdefault(reason, []).append(test)
    for reason, tests in sorted(reasons.items()):
        yield f"{counted(len(tests), 'test')} left out: {reason}"
        shown = sorted(tests) if verbose else sorted(tests)[:3]
        yield from (f"    {test}" for test in shown)
        if len(shown) < len(tests):
            yield f"    and {len(tests) - len(shown):,} more (-v lists them)"


def document(result: Result, account: Account, file: str) -> Mapping[str, Any]:
    """Return the report as what JSON can hold."""
    return {
        "file": file,
        "planned": account.planned,
        "seconds": round(account.seconds, 3),
        "ended_by": account.ended_by,
        "findings": [
            *(
                {"rule": each.rule, "text": each.text, "remedy": each.remedy, "test": test}
                for test, each in account.passive
            ),
            *(
                {
                    "rule": finding.rule,
                    "text": finding.text,
                    "remedy": finding.remedy,
                    **_where(verdict),
                }
                for verdict, finding in result.findings
            ),
        ],
        "answers": [
            {**_where(verdict), "statement": verdict.trial.statement} for verdict in result.verdicts
        ],
        "new": [answers_file.line(key, value) for key, value in result.new.items()],
        "stale": [key.text for key in result.stale],
        "unreached": account.unreached,
        "unsteady": account.unsteady,
        "left_out": account.left_out,
    }


def _where(verdict: Verdict) -> dict[str, Any]:
    fields = plain.from_verdict(verdict)
    place = verdict.trial.place
    return {
        "subject": fields["subject"],
        "call": fields["call"],
        "fault": verdict.trial.fault.label,
        "answer": verdict.outcome,
        "path": place.path,
        "line": place.line,
        "function": place.function,
        "test": verdict.test,
    }
