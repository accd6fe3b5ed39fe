"""Tests without a database: what a trial did on real_postgres becomes the script of a fake."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from understudy.init.connections import Opening
from understudy.project.python_values import Names, NoSource
from understudy.record.calls import NotRecordable, calls_of
from understudy.record.rules import rules_of, stable
from understudy.record.script_text import script_text
from understudy.write.trials import Kept

_FAKE = Opening("conn", "conn = FakeConnection()", ("from understudy import FakeConnection",))
_REAL = "real_postgres"


class NotScripted(Exception):
    """A trial cannot be written for a fake; the text says why."""


def scripted(kept: Kept, on: str, width: int) -> Kept:
    """Return a trial with a script in the place of its rows, without its assertions.

    Args:
        kept: the trial, observed with `record.calls.rows_kept`.
        on: "fake_postgres", or "fakes" for a FakeConnection.
        width: how long a line may be.

    Raises:
        NotScripted: there is no script for what it does.
    """
    trial, target = kept.trial, kept.trial.target
    first, last = kept.observed[0], kept.observed[-1]
    if not target.has_database:
        return kept
    openings, receiver = _openings(target.openings, on)
    names = Names("")
    try:
        calls, _ = stable(calls_of(first.events), calls_of(last.events))
        text = script_text(rules_of(calls, "call"), receiver, names, width)
    except (NotRecordable, NoSource) as problem:
        raise NotScripted(str(problem).splitlines()[0]) from None
    fixtures = tuple(pair for pair in target.fixtures if pair[0] != _REAL)
    script = [*text.splitlines(), *_for_fake(trial.script, receiver)]
    imports = [*trial.imports, *names.imports]
    if on == "fake_postgres":
        fixtures = (*fixtures, ("fake_postgres", "FakePostgres"))
    else:  # the script is that of the connection
        script = [*(opening.line for opening in openings), *script]
        imports += [line for opening in openings for line in opening.imports]
        openings = ()
    changed = replace(
        trial,
        target=replace(target, openings=openings, fixtures=fixtures),
        rows=(),
        script=tuple(script),
        imports=tuple(dict.fromkeys(imports)),
    )
    # The script has the rows of the last run, so all that it returned is certain.
    # Wrong SQL is noticed by the script, whatever the test is.
    observed = (replace(last, changes=None),)
    return replace(kept, trial=changed, observed=observed, shows=())


def _openings(openings: Sequence[Opening], on: str) -> tuple[tuple[Opening, ...], str]:
    """Return how a test opens what the code works on, and whose script it writes."""
    if on == "fake_postgres":
        renamed = (replace(one, line=one.line.replace(_REAL, on)) for one in openings)
        return tuple(renamed), on
    receiver = ""
    found = []
    for one in openings:
        if f"{_REAL}.psqlpy.connect()" in one.line:
            receiver = one.name
            found.append(replace(_FAKE, name=receiver, line=f"{receiver} = FakeConnection()"))
        elif _REAL in one.line:
            receiver = ""
            break
        else:
            found.append(one)
    if not receiver:
        raise NotScripted(
            "FakeConnection stands for a connection of psqlpy alone; write with --on fake_postgres"
        )
    return tuple(found), receiver


def _for_fake(script: Sequence[str], receiver: str) -> list[str]:
    """Return the lines of a script without the rows that it inserts; its rules are the fake's."""
    source = "\n".join(script)
    return [
        line
        for node in ast.parse(source).body
        if f"{_REAL}.insert(" not in (text := ast.get_source_segment(source, node) or "")
        for line in text.replace(f"{_REAL}.on(", f"{receiver}.on(").splitlines()
    ]
