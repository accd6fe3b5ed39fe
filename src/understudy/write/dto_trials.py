"""Tests of models: valid input, each field missing, each constraint just broken and just held."""

from __future__ import annotations

import functools
import importlib
import keyword
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from understudy.init.examples import words_of
from understudy.init.layers import Part
from understudy.script.formatting import python_literal
from understudy.write.model_inputs import Case, Finder, Inputs, is_among
from understudy.write.models import Model, NoModel
from understudy.write.rendering import with_names
from understudy.write.spelling import source
from understudy.write.trials import Arc, Kept, LeftOut, Setup, Target, Trial

_SHORT = 50  # characters of an input that is written in the line of the call
_PYTEST = "import pytest"
_ERROR = "from pydantic import ValidationError"
_RAISES = "with pytest.raises(ValidationError) as raised:"
_ERRORS = '[(error["loc"], error["type"]) for error in raised.value.errors()]'


def kept(parts: Iterable[Part], root: Path, reached: set[Arc]) -> tuple[list[Kept], list[LeftOut]]:
    """Return the tests of some models, complete with their assertions.

    Args:
        parts: the classes of the DTO layer.
        root: the project's folder.
        reached: gets the arcs that run in the files of the models.
    """
    tests: list[Kept] = []
    left_out = []
    for part in parts:
        line = part.node.lineno
        try:
            home = importlib.import_module(part.module.name)
            cls = functools.reduce(getattr, part.name.split("."), home)
            model = Model(cls, root)
            inputs = Finder(model).find()
        except NoModel as error:
            left_out.append(LeftOut(part.name, str(error), line))
            continue
        reached |= {(at, to) for file, at, to in model.arcs if file == str(part.module.path)}
        target = Target(
            layer="dto",
            name=part.name,
            function=type(model),
            file=str(part.module.path),
            lines=(line, part.node.end_lineno or line),
            is_async=False,
            call="",
            fixtures=(),
            imports=model.imports,
        )
        found = [*_Tests(model, target, inputs)]
        if not found:
            left_out.append(LeftOut(part.name, "it accepts any input and has no field", line))
        tests += found
    return tests, left_out


class _Tests:
    """The tests of one model."""

    def __init__(self, model: Model, target: Target, inputs: Inputs) -> None:
        self._model, self._target, self._inputs = model, target, inputs
        self._name = _variable(model.name)
        uses = bool(inputs.rejected) + bool(inputs.accepted) + bool(inputs.missing)
        self._is_shared = uses > 0 and len(source(inputs.smallest)) > _SHORT

    def __iter__(self) -> Iterator[Kept]:
        inputs = self._inputs
        if inputs.full:
            yield self._stored("keeps_each_field", "Each field is kept", inputs.full)
        if inputs.smallest != inputs.full:
            yield self._stored(
                "fills_in_what_is_missing",
                "A field that is left out has its default",
                inputs.smallest,
            )
        yield from self._missing()
        yield from self._rejected()
        yield from self._accepted()
        yield from self._combinations()
        yield from self._extra()
        for values, raised in inputs.broken:
            yield self._broken(values, raised)

    def _test(
        self,
        scenario: str,
        about: str,
        script: Sequence[str],
        assertions: Sequence[str],
        **given: Any,
    ) -> Kept:
        imports = given.pop("imports", ())
        suspicion = given.pop("suspicion", "")
        if len(given.get("cases", ())) == 1:
            names = [name for name, _ in given.pop("parameters")]
            values = dict(zip(names, given.pop("cases")[0], strict=True))
            script = [with_names(line, values) for line in script]
            named = (with_names(line, values) for line in assertions)
            assertions = [re.sub(r" == (None|True|False)$", r" is \1", line) for line in named]
        uses = self._name in _words(script)
        trial = Trial(
            target=self._target,
            script=tuple(script),
            scenario=scenario,
            about=about,
            setups=(self._setup,) if self._is_shared and uses else (),
            **given,
        )
        return Kept(trial, (), assertions=tuple(assertions), imports=imports, suspicion=suspicion)

    @property
    def _setup(self) -> Setup:
        """A fixture with the smallest valid input."""
        lines = f"{self._name} = {source(self._inputs.smallest)}".splitlines()
        return Setup(
            self._name,
            "dict[str, object]",
            (f"{self._name}: dict[str, object]{lines[0][len(self._name) :]}", *lines[1:]),
            "A valid input with nothing that could be left out.",
        )

    @property
    def _valid(self) -> str:
        return self._name if self._is_shared else source(self._inputs.smallest)

    def _parse(self, values: str) -> str:
        return self._model.parse.replace("VALUES", values)

    def _changed(self, cases: Sequence[Case]) -> str:
        """Return the source of the smallest input with another value of one field."""
        if len(cases) == 1 and not self._is_shared:
            return source(self._inputs.smallest | {cases[0].field: cases[0].value})
        if not self._inputs.smallest:
            return "{field: value}"
        return f"{self._valid} | {{field: value}}"

    def _stored(self, scenario: str, about: str, values: dict[str, Any]) -> Kept:
        dumped = self._model.try_values(values).dumped
        assert dumped is not None, "it was valid before"
        if dumped == values and values:
            lines = f"values = {source(values)}".splitlines()
            script = [*lines, "", f"dto = {self._parse('values')}"]
            return self._test(scenario, about, script, [f"assert {self._model.dump} == values"])
        script = _assigned("dto", self._parse, source(values))
        return self._test(
            scenario, about, script, f"assert {self._model.dump} == {source(dumped)}".splitlines()
        )

    def _missing(self) -> Iterator[Kept]:
        cases = self._inputs.missing
        plain = [case for case in cases if case.problem and case.problem.place == (case.field,)]
        kinds = {case.problem.kind for case in plain if case.problem}
        if len(kinds) != 1:
            return
        (kind,) = kinds
        scenario, about = "requires_field", "A required field may not be left out"
        copy = f"values = {{**{self._name}}}" if self._is_shared else f"values = {self._valid}"
        raising = [_RAISES, f"    {self._parse('values')}"]
        if len(plain) == 1:
            (only,) = plain
            rest = {k: v for k, v in self._inputs.smallest.items() if k != only.field}
            script = [raising[0], f"    {self._parse(source(rest))}"]
            expected = f"assert {_ERRORS} == [({_loc((only.field,))}, {python_literal(kind)})]"
            yield self._raises(f"requires_{words_of(only.field)}", about, script, expected)
            return
        script = [copy, "del values[field]", "", *raising]
        expected = f"assert {_ERRORS} == [((field,), {python_literal(kind)})]"
        yield self._raises(
            scenario,
            about,
            script,
            expected,
            parameters=(("field", "str"),),
            cases=tuple((python_literal(case.field),) for case in plain),
        )

    def _raises(
        self, scenario: str, about: str, script: Sequence[str], expected: str, **given: Any
    ) -> Kept:
        return self._test(scenario, about, script, [expected], imports=(_PYTEST, _ERROR), **given)

    def _rejected(self) -> Iterator[Kept]:
        cases = self._inputs.rejected
        plain = [case for case in cases if case.problem and case.problem.place == (case.field,)]
        deep = [case for case in cases if case not in plain]
        if plain:
            yield self._raises(
                "rejects_value",
                "A value that its field does not accept is an error of that field",
                [_RAISES, f"    {self._parse(self._changed(plain))}"],
                f"assert {_ERRORS} == [((field,), kind)]",
                parameters=(("field", "str"), ("value", "object"), ("kind", "str")),
                cases=tuple(self._case(case, _kind(case)) for case in plain),
            )
        if deep:
            yield self._raises(
                "rejects_value_inside",
                "The error of a value inside of a field says where it is",
                [_RAISES, f"    {self._parse(self._changed(deep))}"],
                f"assert {_ERRORS} == [(place, kind)]",
                parameters=(
                    ("field", "str"),
                    ("value", "object"),
                    ("place", "tuple[str | int, ...]"),
                    ("kind", "str"),
                ),
                cases=tuple(
                    self._case(case, _loc(case.problem.place), _kind(case))
                    for case in deep
                    if case.problem
                ),
            )

    @staticmethod
    def _case(case: Case, *more: str) -> tuple[str, ...]:
        return (python_literal(case.field), source(case.value), *more)

    def _accepted(self) -> Iterator[Kept]:
        same = [case for case in self._inputs.accepted if is_among(case.value, [case.stored])]
        other = [case for case in self._inputs.accepted if case not in same]
        if same:
            yield self._test(
                "accepts_value",
                "A value at the limit of its field is accepted",
                [f"dto = {self._parse(self._changed(same))}"],
                [f"assert {self._model.dump}[field] == value"],
                parameters=(("field", "str"), ("value", "object")),
                cases=tuple(self._case(case) for case in same),
                imports=(_PYTEST,),
            )
        if other:
            yield self._test(
                "stores_value",
                "A value is stored in the form that its field has",
                [f"dto = {self._parse(self._changed(other))}"],
                [f"assert {self._model.dump}[field] == stored"],
                parameters=(("field", "str"), ("value", "object"), ("stored", "object")),
                cases=tuple(self._case(case, source(case.stored)) for case in other),
                imports=(_PYTEST,),
            )

    def _combinations(self) -> Iterator[Kept]:
        refused = self._inputs.refused_together
        kinds = {(problem.place, problem.kind) for _, problem in refused}
        for place, kind in sorted(kinds, key=repr):
            inputs = [
                values
                for values, problem in refused
                if (problem.place, problem.kind) == (place, kind)
            ]
            scenario = "rejects_values_that_do_not_go_together"
            expected = f"assert {_ERRORS} == [({_loc(place)}, {python_literal(kind)})]"
            about = "Fields that are valid one by one are rejected together"
            if len(inputs) == 1:
                script = [_RAISES, *_assigned("", self._parse, source(inputs[0]))]
                script[1:] = [f"    {line}" for line in script[1:]]
                yield self._raises(scenario, about, script, expected)
            else:
                yield self._raises(
                    scenario,
                    about,
                    [_RAISES, f"    {self._parse('values')}"],
                    expected,
                    parameters=(("values", "dict[str, object]"),),
                    cases=tuple((source(values),) for values in inputs),
                )
        for number, (values, _) in enumerate(self._inputs.accepted_together, 1):
            suffix = "" if number == 1 else f"_{number}"
            yield self._stored(
                f"accepts_values_that_go_together{suffix}", "These values go together", values
            )

    def _extra(self) -> Iterator[Kept]:
        if self._model.extra not in ("forbid", "allow"):
            return
        values = self._inputs.smallest | {"unknown": 1}
        outcome = self._model.try_values(values)
        given = f'{self._valid} | {{"unknown": 1}}' if self._inputs.smallest else '{"unknown": 1}'
        if outcome.dumped is not None:
            yield self._test(
                "keeps_unknown_field",
                "A field that the model does not know is kept",
                [f"dto = {self._parse(given)}"],
                [f'assert {self._model.dump}["unknown"] == 1'],
            )
        elif len(outcome.problems) == 1:
            (problem,) = outcome.problems
            yield self._raises(
                "rejects_unknown_field",
                "A field that the model does not know is an error",
                [_RAISES, f"    {self._parse(given)}"],
                f"assert {_ERRORS} == [({_loc(problem.place)}, {python_literal(problem.kind)})]",
            )

    def _broken(self, values: dict[str, Any], raised: str) -> Kept:
        return self._raises(
            f"rejects_input_without_{words_of(raised)}",
            "Invalid input is a validation error",
            [_RAISES, f"    {self._parse(source(values))}"],
            "assert raised.value.errors()",
            suspicion=f"{self._model.name} raises {raised} for this input, not a ValidationError",
        )


def _variable(name: str) -> str:
    """Return the variable for an input: `user_create` for `UserDTO.Create`."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)
    kept = [word.lower() for word in words if word.lower() not in ("dto", "schema", "model")]
    variable = "_".join(kept) or "values"
    return f"{variable}_values" if keyword.iskeyword(variable) or len(kept) < 2 else variable


def _assigned(name: str, parse: Any, values: str) -> list[str]:
    line: str = parse(values)
    return (f"{name} = {line}" if name else line).splitlines()


def _words(script: Sequence[str]) -> set[str]:
    text = "".join(
        letter if letter.isalnum() or letter == "_" else " " for letter in " ".join(script)
    )
    return set(text.split())


def _kind(case: Case) -> str:
    assert case.problem is not None, "it was rejected"
    return python_literal(case.problem.kind)


def _loc(place: Sequence[Any]) -> str:
    inside = ", ".join(map(source, place))
    return f"({inside},)" if len(place) == 1 else f"({inside})"
