"""Trials of services: with dummies that answer what the real DAOs answered, or raise."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from understudy.project.python_values import NoSource
from understudy.rows.table_facts import Schema
from understudy.script.formatting import python_literal
from understudy.write import dummy_rules, exceptions, hints, proposals, type_hints
from understudy.write.collaborators import (
    Collaborator,
    Recorded,
    Recorder,
    ServiceTarget,
    recording,
)
from understudy.write.dummy_rules import Rule
from understudy.write.guard import Refused, limited
from understudy.write.other_answers import other_answers
from understudy.write.row_checks import RowChecks
from understudy.write.shapes import Built, NoValue, complete, settled
from understudy.write.spelling import called, imports_of, snake
from understudy.write.trials import Argument, Expression, Observation, OpenArcs, Seen, Target, Trial
from understudy.write.values import Values

_MOST_RAISED = 3  # exceptions of one method


def trials(
    target: Target,
    schema: Schema | None,
    seen: Seen,
    open_arcs: OpenArcs,
    checks: RowChecks | None = None,
) -> Iterator[Trial]:
    """Yield the trials of a target; see `proposals.trials`.

    A trial of a service runs twice: with its real collaborators, whose answers are recorded, as a
    probe, and with dummies that answer the same. What cannot be spelled is tried without dummies.
    """
    if not isinstance(target, ServiceTarget):
        yield from proposals.trials(target, schema, seen, open_arcs, checks)
        return
    service = _Service(target, schema, seen)
    own: list[tuple[Trial, Observation]] = []
    for trial in proposals.trials(target, schema, own, open_arcs, checks):
        recorder = Recorder(dummy_rules.argument, dummy_rules.answer)
        with recording(recorder):
            yield service.probe(trial)
        observation = seen[-1][1]
        own.append((trial, observation))
        if not observation.problem:
            yield from service.twins(trial, observation, recorder.calls)
    yield from service.variations(open_arcs)


class _Service:
    def __init__(self, target: ServiceTarget, schema: Schema | None, seen: Seen) -> None:
        self._target = target
        self._seen = seen
        self._values = Values(schema or Schema({}, {}, {}), "")
        self._written: set[tuple[object, ...]] = set()
        self._best: tuple[Trial, list[Rule], bool] | None = None
        self._remote = [one for one in target.collaborators if one.is_remote]

    def probe(self, trial: Trial) -> Trial:
        """Return a trial that runs on the real collaborators, with dummies of remote ones."""
        script, imports = list(trial.script), list(trial.imports)
        for one in self._remote:
            script.append(one.dummy.line)
            imports += one.dummy.imports
            for name, answer in self._invented(one):
                script.append(f"{one.name}.on({python_literal(name)}){answer.text}.optional()")
                imports += answer.imports
        return replace(
            trial,
            target=self._target.recording,
            script=tuple(script),
            imports=tuple(imports),
            purpose="probe",
        )

    def twins(
        self, trial: Trial, observation: Observation, calls: Sequence[Recorded]
    ) -> Iterator[Trial]:
        """Yield a trial on dummies that does what was recorded, or the trial itself."""
        try:
            rules = dummy_rules.rules_for(calls)
        except NoSource:
            if not self._remote:
                yield trial
            return
        # What the service itself sends needs the database.
        has_database = any(
            not any(call.begun < event.begun < call.ended for call in calls)
            for event in observation.events
        )
        for is_loose in (False, True):
            twin = self._on_dummies(trial, rules, has_database, is_loose=is_loose)
            if twin is None:
                return
            yield twin
            if not self._seen[-1][1].problem:
                if self._best is None or len(rules) > len(self._best[1]):
                    self._best = trial, rules, has_database
                return

    def variations(self, open_arcs: OpenArcs) -> Iterator[Trial]:
        """Yield trials in which one collaborator answers something else, or raises."""
        if self._best is None:
            return
        trial, rules, has_database = self._best
        for number, rule in enumerate(rules):
            for other in self._alternatives(rule):
                if not open_arcs():
                    return
                # The calls that follow may not be made then, or still be.
                for kept in (
                    [*rules[:number], other],
                    [*rules[:number], other, *rules[number + 1 :]],
                ):
                    varied = self._on_dummies(trial, kept, has_database, changed=other)
                    if varied is not None:
                        yield varied
                        if not self._seen[-1][1].problem:
                            break

    def _on_dummies(
        self,
        trial: Trial,
        rules: Sequence[Rule],
        has_database: bool,
        *,
        is_loose: bool = False,
        changed: Rule | None = None,
    ) -> Trial | None:
        """Return a trial on dummies, or None if there was the same before."""
        lines = [one.dummy.line for one in self._target.collaborators]
        lines += dict.fromkeys(rule.line(is_loose=is_loose) for rule in rules)
        arguments = tuple((name, one.text) for name, one in trial.arguments.items())
        key = (tuple(lines), arguments, has_database, trial.inside)
        if key in self._written:
            return None
        self._written.add(key)
        imports = [line for one in self._target.collaborators for line in one.dummy.imports]
        imports += [line for rule in rules for line in rule.imports]
        imports += trial.imports if trial.inside else ()
        telling = [changed] if changed else reversed(rules)
        scenario, about = next(filter(None, map(self._scenario, telling)), ("", ""))
        is_plain = trial.purpose in ("values", "constant") and not trial.rows
        if trial.inside or (not scenario and is_plain):
            scenario, about = trial.scenario.replace("without_rows", ""), trial.about
        return Trial(
            self._target.on_dummies(has_database=has_database),
            arguments=trial.arguments,
            script=tuple(lines),
            imports=tuple(dict.fromkeys(imports)),
            scenario=scenario,
            about=about,
            purpose=trial.purpose if trial.purpose in ("fault", "block") else "dummies",
            inside=trial.inside,
            guesses=trial.guesses,
        )

    def _scenario(self, rule: Rule) -> tuple[str, str] | None:
        """Return how a rule that is not ordinary is called in a test's name and its sentence."""
        own = self._target.name.rpartition(".")[2]
        who = rule.name if rule.method == own else rule.method
        if rule.raised is not None:
            status = getattr(rule.raised, "status_code", None)
            kind = type(rule.raised).__name__
            words = str(status) if isinstance(status, int) else snake(kind)
            shown = f"{kind}, {status}" if isinstance(status, int) else kind
            return f"when_{who}_raises_{words}", f"if {who} raises {shown}"
        if rule.value is None:
            collaborator = self._collaborator(rule)
            hint = hints.known(inspect.unwrap(getattr(collaborator.cls, rule.method))).get(
                "return", Any
            )
            is_ordinary = hint in (None, type(None)) or rule.answer != ".returns(None)"
            return None if is_ordinary else (f"when_{who}_returns_none", f"if {who} returns None")
        if rule.value in ([], (), {}):
            return f"when_{who}_finds_nothing", f"if {who} finds nothing"
        if isinstance(rule.value, bool):
            shown = str(rule.value).lower()
            return f"when_{who}_returns_{shown}", f"if {who} returns {rule.value}"
        return None

    def _collaborator(self, rule: Rule) -> Collaborator:
        return next(one for one in self._target.collaborators if one.name == rule.name)

    # What else a collaborator may do ---------------------------------------------------------

    def _alternatives(self, rule: Rule) -> Iterator[Rule]:
        for error, source in self._errors(self._collaborator(rule), rule.method):
            yield replace(
                rule,
                answer=f".raises({source.text})",
                imports=(*rule.imports, *source.imports),
                value=None,
                raised=error,
            )
        for value in other_answers(rule.value):
            answer = dummy_rules.answer(value)
            if answer is not None and (value is not None or self._may_be_none(rule)):
                yield replace(
                    rule,
                    answer=f".returns({answer.text})",
                    imports=(*rule.imports, *answer.imports),
                    value=value,
                    raised=None,
                )

    def _may_be_none(self, rule: Rule) -> bool:
        """Return whether a method may return None, as far as its hint tells."""
        method = inspect.unwrap(getattr(self._collaborator(rule).cls, rule.method))
        hint = hints.returned(method)
        is_known = hint not in (inspect.Parameter.empty, Any)
        return not is_known or type_hints.members(hint)[1]

    def _errors(self, collaborator: Collaborator, method: str) -> list[tuple[object, Expression]]:
        """Return the exceptions that a method raises, or the service catches, with their source."""
        function = inspect.unwrap(getattr(collaborator.cls, method))
        found = []
        kinds = chain(
            exceptions.caught(self._target.function), exceptions.raised(collaborator.cls, function)
        )
        for kind in dict.fromkeys(kinds):
            made = self._made(kind)
            if made is not None:
                found.append(made)
        return found[:_MOST_RAISED]

    def _made(self, error: type[BaseException]) -> tuple[object, Expression] | None:
        """Return an exception of a class with its source, or None if no arguments are known."""
        init = inspect.unwrap(error.__init__)
        given: list[Built] = []
        for parameter in exceptions.parameters(init):
            if parameter.default is parameter.empty:
                value = self._value(parameter.name, hints.known(init).get(parameter.name, Any))
                if value is not None and parameter.name in ("status_code", "status"):
                    value = Built(404, Expression("404"))
                if value is None:
                    return None
                given.append(value)
        sources = [one.source for one in given]
        try:
            source = called(error, [one.text for one in sources], imports_of(sources))
            with limited():
                return error(*(one.value for one in given)), source
        except (NoSource, Refused, TypeError, ValueError):
            return None

    def _invented(self, one: Collaborator) -> Iterator[tuple[str, Expression]]:
        """Yield what the methods of a remote collaborator answer: a value of their type."""
        for name, function in inspect.getmembers(one.cls, inspect.isfunction):
            if not name.startswith("_"):
                value = self._value("answer", hints.returned(inspect.unwrap(function)))
                if value is not None:
                    source = value.source
                    yield name, Expression(f".returns({source.text})", source.imports)

    def _value(self, name: str, hint: Any) -> Built | None:
        """Return an ordinary value of a type, or None if there is none."""
        if hint in (None, type(None)):
            return Built(None, Expression("None"))
        try:
            shape = self._values.shape(Argument(name, hint))
            return shape.build(complete(shape, settled(shape)))
        except (NoValue, NoSource):
            return None
