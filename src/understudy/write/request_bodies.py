"""The bodies of a route's requests: the smallest valid one, larger ones, and invalid ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from understudy.write.json_samples import Samples
from understudy.write.model_inputs import Finder, Inputs
from understudy.write.models import Model, NoModel
from understudy.write.routes import RouteTarget


@dataclass
class Body:
    """What is known of the body of a route.

    Attributes:
        keyword: the argument of the client: "json" or "data".
        smallest: a valid body with few fields.
        full: a valid body with all fields.
        inputs: what its model accepts and rejects; None if it has none.
        around: the keys around the model, if the body has more than the model.
    """

    keyword: str
    smallest: Any
    full: Any = None
    inputs: Inputs | None = None
    around: tuple[str, ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict)

    def variations(self) -> Iterator[tuple[str, str, Any]]:
        """Yield valid bodies: the name of the scenario, when it applies, and the body."""
        if self.full is not None and self.full != self.smallest:
            yield "with_all_fields", "if all fields are given", self.full
        if self.inputs is None:
            return
        for name in self.inputs.full:
            if name not in self.inputs.smallest:
                body = {**self.inputs.smallest, name: self.inputs.full[name]}
                yield f"with_{name}", f"if {name} is given", self._wrapped(body)
        for values, _ in self.inputs.accepted_together:
            yield "with_values_that_go_together", "if the values go together", self._wrapped(values)

    def broken(self) -> Iterator[tuple[str, Any]]:
        """Yield bodies that just break a constraint, each with the field that breaks it."""
        if self.inputs is None:
            if isinstance(self.smallest, Mapping):
                for name in self.smallest:
                    rest = {key: value for key, value in self.smallest.items() if key != name}
                    yield name, rest
            return
        for case in self.inputs.missing:
            rest = {key: item for key, item in self.inputs.smallest.items() if key != case.field}
            yield case.field, self._wrapped(rest)
        for case in self.inputs.rejected:
            yield case.field, self._wrapped({**self.inputs.smallest, case.field: case.value})
        for values, _ in self.inputs.refused_together[:2]:
            yield "combination", self._wrapped(values)

    def _wrapped(self, values: Any) -> Any:
        if not self.around:
            return values
        (name,) = self.around
        return {**self.rest, name: values}


def body_of(target: RouteTarget) -> Body | None:
    """Return the body of a route; None if it takes none."""
    found = target.body
    if found is None:
        return None
    keyword, schema = found
    samples = Samples(target.document, locale=target.shared.get("locale"))
    parameters = list(target.route.dependant.body_params)
    model = _model(parameters[0], target) if keyword == "json" and parameters else None
    if model is None:
        smallest = samples.valid(schema)[0]
        if keyword == "data" and isinstance(smallest, Mapping):
            smallest = {name: value for name, value in smallest.items() if value is not None}
        return Body(keyword, smallest)
    is_embedded = len(parameters) > 1 or bool(getattr(parameters[0].field_info, "embed", False))
    body = Body(keyword, model.smallest, model.full, model)
    if is_embedded:
        whole = samples.valid(schema)[0]
        body.around = (parameters[0].alias,)
        body.rest = {key: value for key, value in whole.items() if key != parameters[0].alias}
        body.smallest = {**body.rest, parameters[0].alias: model.smallest}
        body.full = {**body.rest, parameters[0].alias: model.full}
    return body


def _model(parameter: Any, target: RouteTarget) -> Inputs | None:
    """Return what the model of a body accepts and rejects; None if it is no model."""
    known = target.shared.setdefault("models", {})
    cls = getattr(parameter.field_info, "annotation", None) or getattr(parameter, "type_", None)
    if not isinstance(cls, type):
        return None
    if cls not in known:
        known[cls] = None
        root = target.shared.get("root") or Path(getattr(sys.modules["__main__"], "__file__", "."))
        try:
            known[cls] = Finder(Model(cls, root), target.shared.get("locale")).find()
        except NoModel:
            known[cls] = None  # its bodies are made from the OpenAPI description
    inputs: Inputs | None = known[cls]
    return inputs
