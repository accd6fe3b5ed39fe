"""Reports of several lines: an unexpected call, unused answers, a call that was not found."""

from __future__ import annotations

import re
from collections.abc import Sequence

from understudy.script.calls import Call
from understudy.script.rules import Rule

_MOST_CALLS = 5  # calls listed under a failed assertion


def unexpected(receiver: str, rules: Sequence[Rule], call: Call, calls: Sequence[Call] = ()) -> str:
    """Report that no rule answers `call`: which one comes nearest, and how to allow the call."""
    source = call.rule_source
    has_any = re.search(r"\bANY\b", source) and not re.search(r"\bANY\b", call.statement)
    return "\n".join(
        [
            f"{call.method}() matched no rule",
            *call.facts,
            *_sender(call, calls),
            *_nearest_rule(rules, call),
            "To allow it:" + " (from understudy import ANY)" * bool(has_any),
            f"  {receiver}.{source}",
        ]
    )


def _sender(call: Call, calls: Sequence[Call]) -> list[str]:
    """Return the line about the connection that sent a call, if there is more than one."""
    sender = call.sender
    others = {other.sender for other in calls} - {None, sender}
    if sender is None or not others:
        return []
    named = f"  on:     connection {sender.connection}, {sender.user} at {sender.database}"
    name = sender.application_name
    return [f"{named} ({name})" if name else named]


def _nearest_rule(rules: Sequence[Rule], call: Call) -> list[str]:
    if not rules:
        return ["No rules: nothing was scripted on this fake."]
    rule = max(reversed(rules), key=lambda rule: rule.similarity(call))
    count = "the only rule" if len(rules) == 1 else f"{len(rules)} rules"
    differences = _differences(rule, call) or [f"    used up: {_used(rule)}"]
    return [f"Nearest of {count}:", f"  {rule.origin}  {rule.shown}", *differences]


def unused(rule: Rule, calls: Sequence[Call]) -> str:
    """Report that answers of `rule` are left over, and which call came nearest."""
    headline = (
        f"a rule still has answers: it {_used(rule)}" if rule.used else "a rule was never used"
    )
    lines = [headline, f"  {rule.origin}  {rule.shown}"]
    nearest = max(calls, key=rule.similarity, default=None)
    if nearest is None:
        lines.append("  the fake was never called")
    elif rule.differences(nearest):
        count = "1 call" if len(calls) == 1 else f"{len(calls)} calls"
        lines += [f"Nearest of {count}:", f"  {nearest.line}", *_differences(rule, nearest)]
    elif nearest.rule is None:
        lines += [
            "  a call that fits was not answered by it: it came before the rule, or",
            "  was refused (a closed connection, an aborted transaction)",
            f"    {nearest.line}",
        ]
    elif nearest.rule is not rule:
        lines += [
            "  a later rule answered for it:",
            f"    {nearest.rule.origin}  {nearest.rule.shown}",
        ]
    lines.append("If it need not happen, say so with .optional().")
    return "\n".join(lines)


def call_not_found(rule: Rule, times: int | None, calls: Sequence[Call]) -> str:
    """Report that a call was not made, or not as often as asserted, and which calls were."""
    found = [call for call in calls if rule.matches(call)]
    wanted = {None: "at least once", 0: "never", 1: "once"}.get(times, f"{times} times")
    happened = {0: "it never was", 1: "it was once"}.get(len(found), f"it was {len(found)} times")
    lines = [f"expected to be called {wanted}, but {happened}", f"  expected: {rule.shown}"]
    if found:
        lines.append("Matching calls:")
        lines += [f"  {number}. {call.line}" for number, call in enumerate(found[:_MOST_CALLS], 1)]
        if len(found) > _MOST_CALLS:
            lines.append(f"  ... and {len(found) - _MOST_CALLS} more")
    elif not calls:
        lines.append("There were no calls at all.")
    else:
        nearest = max(calls, key=rule.similarity)
        count = "the only call" if len(calls) == 1 else f"{len(calls)} calls"
        lines += [f"Nearest of {count}:", f"  {nearest.line}", *_differences(rule, nearest)]
    return "\n".join(lines)


def _differences(rule: Rule, call: Call) -> list[str]:
    found = rule.differences(call)
    width = max((len(what) for what, _ in found), default=0)
    return [f"    {what:<{width}}  differs  {how}" for what, how in found]


def _used(rule: Rule) -> str:
    calls = "1 call" if rule.used == 1 else f"{rule.used} calls"
    return f"answered {calls}" if rule.total is None else f"answered {rule.used} of {rule.total}"
