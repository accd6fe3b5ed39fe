"""Inputs for a model: valid ones, and those that show what it rejects and how it changes values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations, islice, product
from typing import Any

from understudy.write.json_samples import Samples, changed
from understudy.write.models import Line, Model, NoModel, Outcome, Problem

_ATTEMPTS = 400  # inputs that are tried for a valid one
_PAIRS = 2000  # inputs in which two fields differ
_MOST = 6  # values of a field that are rejected, and that are accepted
_DATES = ("date-time", "date", "time", "duration")
_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Case:
    """A value of one field, and what became of it.

    Attributes:
        field: the field.
        value: the value.
        problem: why it is rejected; None if it is accepted.
        stored: the value in the model, as JSON.
    """

    field: str
    value: Any
    problem: Problem | None = None
    stored: Any = None


@dataclass
class Inputs:
    """What is known of a model.

    Attributes:
        smallest: a valid input with few fields.
        full: a valid input with all fields that were found to go together.
        missing: for each required field, the error without it.
        rejected: the values that fields reject.
        accepted: the values at limits, and those that are stored as another value.
        refused_together: inputs that are rejected although each field is valid.
        accepted_together: inputs that reach code that the others do not.
        broken: inputs for which the model raises something else than a validation error, with its
            name.
    """

    smallest: dict[str, Any]
    full: dict[str, Any]
    missing: list[Case] = field(default_factory=list)
    rejected: list[Case] = field(default_factory=list)
    accepted: list[Case] = field(default_factory=list)
    refused_together: list[tuple[dict[str, Any], Problem]] = field(default_factory=list)
    accepted_together: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    broken: list[tuple[dict[str, Any], str]] = field(default_factory=list)


class Finder:
    """Finds the inputs of a model by trying them: a validation takes microseconds."""

    def __init__(self, model: Model, locale: str | None = None) -> None:
        self._model = model
        self._samples = Samples(model.schema, locale=locale, constants=model.constants)
        self._fields: dict[str, Any] = dict(model.schema.get("properties", {}))
        self._required = list(model.schema.get("required", ()))
        self._valid = {
            name: self._samples.valid(schema, name, 0, number)
            for number, (name, schema) in enumerate(self._fields.items(), 1)
        }
        self._seen: set[Line] = set()

    def find(self) -> Inputs:
        """Return what is known of the model.

        Raises:
            NoModel: no valid input was found.
        """
        smallest = self._smallest()
        full = self._full(smallest)
        inputs = Inputs(smallest, full)
        for values in (smallest, full):
            self._seen |= self._model.try_values(values).lines
        inputs.missing = [*self._missing(smallest)]
        for name in self._fields:
            self._field(name, inputs)
        self._together(inputs)
        return inputs

    def _smallest(self) -> dict[str, Any]:
        optional = [name for name in self._fields if name not in self._required]
        last = Outcome()
        for names in (self._required, *([*self._required, name] for name in optional)):
            values, last = self._solved(names)
            if values is not None:
                return values
        reason = ", ".join(
            f"{'.'.join(map(str, problem.place)) or 'the input'}: {problem.text}"
            for problem in last.problems
        )
        raise NoModel(
            f"no valid input was found ({reason or last.raised}); give a field an example: "
            "Field(examples=[...])"
        )

    def _solved(self, names: list[str]) -> tuple[dict[str, Any] | None, Outcome]:
        """Return a valid input of some fields, or None with why the last one was rejected."""
        at = dict.fromkeys(names, 0)
        for _ in range(_ATTEMPTS):
            values = {name: self._valid[name][at[name]] for name in names}
            outcome = self._model.try_values(values)
            if outcome.dumped is not None:
                return values, outcome
            bad = {problem.place[0] for problem in outcome.problems if problem.place} & at.keys()
            if not bad:
                return self._related(names), outcome
            for name in bad:
                at[name] += 1
                if at[name] >= len(self._valid[name]):
                    return None, outcome
        return None, outcome

    def _related(self, names: list[str]) -> dict[str, Any] | None:
        """Return a valid input whose values go together, such as a password given twice."""
        first = {name: self._valid[name][0] for name in names}
        alike = {
            longer: first[shorter]
            for shorter in names
            for longer in names
            if shorter != longer and shorter.rstrip("123") in longer
        }
        choices = product(*(self._valid[name][:4] for name in names))
        more = (dict(zip(names, values, strict=True)) for values in islice(choices, _ATTEMPTS))
        for values in chain([first | alike], more):
            if self._model.try_values(values).dumped is not None:
                return values
        return None

    def _full(self, smallest: dict[str, Any]) -> dict[str, Any]:
        full = smallest
        for name in self._fields:
            if name in full:
                continue
            for value in self._valid[name]:
                larger = full | {name: value}
                if value is not None and self._model.try_values(larger).dumped is not None:
                    full = larger
                    break
        return {name: full[name] for name in self._fields if name in full}

    def _missing(self, smallest: dict[str, Any]) -> Iterator[Case]:
        for name in self._required:
            rest = {key: value for key, value in smallest.items() if key != name}
            outcome = self._model.try_values(rest)
            if len(outcome.problems) == 1:
                yield Case(name, None, outcome.problems[0])

    def _field(self, name: str, inputs: Inputs) -> None:
        """Try values of one field in the smallest input."""
        valid, schema = self._valid[name], self._fields[name]
        limits = [*self._samples.held(schema, name)]
        held = [next(filter(self._accepts(name, inputs), limit), None) for limit in limits]
        broken = [*self._samples.broken(schema, name)]
        good = [inputs.full.get(name), *valid[:3]]
        guesses = [*self._model.constants, *chain(*map(changed, good))]
        kinds: set[tuple[tuple[Any, ...], str]] = set()
        rejected: list[Case] = []
        accepted: list[Case] = []
        mistyped = [*self._samples.mistyped(schema)]
        for value in _distinct([*broken, *held, *valid, *mistyped, *guesses]):
            values = inputs.smallest | {name: value}
            outcome = self._model.try_values(values)
            is_new = not outcome.lines <= self._seen
            if outcome.raised:
                if not any(raised == outcome.raised for _, raised in inputs.broken):
                    inputs.broken.append((values, outcome.raised))
            elif outcome.dumped is None:
                (problem, *others) = outcome.problems
                key = (problem.place, problem.kind)
                if others or problem.place[:1] != (name,) or (key in kinds and not is_new):
                    continue
                if not is_new and rejected and not is_among(value, broken):
                    continue  # of a field with constraints, the wrong type shows nothing more
                kinds.add(key)
                rejected.append(Case(name, value, problem))
            elif name in outcome.dumped:
                case = Case(name, value, None, outcome.dumped[name])
                if is_new or is_among(value, held) or self._is_changed(case, accepted):
                    accepted.append(case)
            self._seen |= outcome.lines
        inputs.rejected += rejected[:_MOST]
        shown = [case for case in accepted if isinstance(case.stored, (*_PLAIN, dict))]
        inputs.accepted += shown[:_MOST]

    def _accepts(self, name: str, inputs: Inputs) -> Callable[[Any], bool]:
        return lambda value: (
            self._model.try_values(inputs.smallest | {name: value}).dumped is not None
        )

    def _is_changed(self, case: Case, accepted: list[Case]) -> bool:
        """Whether a text is stored as another one, and no other case of its field shows that."""
        if not isinstance(case.value, str) or not isinstance(case.stored, str):
            return False
        schema, _ = self._samples.resolved(self._fields[case.field])
        if case.value == case.stored or schema.get("format") in _DATES:
            return False
        return all(other.value == other.stored for other in accepted)

    def _together(self, inputs: Inputs) -> None:
        """Try inputs that differ in one field or two, for what is checked of several at once."""
        for values in islice(self._varied(inputs), _PAIRS):
            outcome = self._model.try_values(values)
            if outcome.dumped is not None:
                if not outcome.lines <= self._seen:
                    inputs.accepted_together.append((values, outcome.dumped))
            elif len(outcome.problems) == 1:
                (problem,) = outcome.problems
                of_whole = not problem.place or problem.place[0] not in self._fields
                if not of_whole or (
                    outcome.lines <= self._seen
                    and any(known == problem for _, known in inputs.refused_together)
                ):
                    continue
                inputs.refused_together.append((values, problem))
            self._seen |= outcome.lines

    def _varied(self, inputs: Inputs) -> Iterator[dict[str, Any]]:
        rejected = {(case.field, repr(case.value)) for case in inputs.rejected}
        absent = object()
        choices: dict[str, list[Any]] = {}
        for name, schema in self._fields.items():
            full = inputs.full.get(name)
            values = [full * 2] if isinstance(full, list) else []
            values += [*self._valid[name][:4], *chain(*self._samples.held(schema, name))]
            near = (
                (value, value - 1, value + 1) if isinstance(value, int) else (value,)
                for value in self._model.constants
            )
            values += [value for value in chain(*near) if is_among(value, self._valid[name])]
            choices[name] = [
                value for value in _distinct(values) if (name, repr(value)) not in rejected
            ]
            choices[name].insert(0, absent)
        for count in (1, 2):
            for base in (inputs.smallest, inputs.full):
                for names in combinations(self._fields, count):
                    for chosen in product(*(choices[name] for name in names)):
                        varied = base | dict(zip(names, chosen, strict=True))
                        yield {key: value for key, value in varied.items() if value is not absent}


def _distinct(values: Iterable[Any]) -> Iterator[Any]:
    """Yield each value once; 1 and True are two."""
    seen: set[str] = set()
    for value in values:
        if (key := repr(value)) not in seen:
            seen.add(key)
            yield value


def is_among(value: Any, values: Iterable[Any]) -> bool:
    """Return whether one of the values is equal to a value, and of its type."""
    return any(type(value) is type(other) and value == other for other in values)
