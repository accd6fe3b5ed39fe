"""What a test asserts of a response: its status, its body, and the errors of an invalid request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from understudy.script import request_rules
from understudy.script.formatting import shortened
from understudy.script.requests import Request
from understudy.write import case_bodies, fingerprint
from understudy.write.fingerprint import VARIES, Unordered
from understudy.write.spelling import source
from understudy.write.trials import Kept, Observation, Trial

_FEW = 4  # items of a list of objects that are asserted whole
_SMALL = 12  # values of a list of objects that are asserted whole
_HEADERS = ("location", "www-authenticate")
_TYPES = {
    "path": "str",
    "params": "dict[str, Any]",
    "json": "object",
    "data": "dict[str, Any]",
    "headers": "dict[str, str]",
}
_ERRORS = '[(error["loc"], error["type"]) for error in response.json()["detail"]]'


def outcome(response: Any) -> object:
    """Return what kind of response it is: two of a kind show the same."""
    errors = _validation_errors(response)
    if errors is not None:
        return response.status_code, tuple(map(repr, errors))
    if response.status_code == 422:
        return response.status_code, response.text
    is_empty = response.content in (b"", b"[]", b"{}", b"null")
    return response.status_code, is_empty


def lines(kept: Kept) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines that assert a response, called `response`, and the imports they need."""
    first = kept.observed[0].answer
    stable = fingerprint.stable(kept.observed)["answer"]
    found = [f"assert response.status_code == {first.status_code}"]
    errors = _validation_errors(first)
    if errors is not None:
        expected = ", ".join(f"({source(place)}, {source(kind)})" for place, kind in errors)
        return (*found, f"assert {_ERRORS} == [{expected}]"), ()
    for name in _HEADERS:
        values = {seen.answer.headers.get(name) for seen in kept.observed}
        if len(values) == 1 and (value := values.pop()) is not None:
            found.append(f"assert response.headers[{source(name)}] == {source(value)}")
    body = stable["body"] if isinstance(stable, Mapping) else VARIES
    found += _body(first, _without_class(body))
    imports = ("from understudy import ANY",) if any(_needs_any(line) for line in found) else ()
    return tuple(found), imports


def refuses_to_write(kept: Kept) -> bool:
    """Return whether a caller was refused who wanted to change something."""
    status = getattr(kept.observed[0].answer, "status_code", None)
    method = getattr(kept.trial.target, "method", "GET")
    return status in (401, 403) and method != "GET" and kept.trial.purpose != "invalid"


def _body(response: Any, body: Any) -> Iterator[str]:
    if response.status_code == 204 or not response.content or body is VARIES:
        return
    is_json = "json" in response.headers.get("content-type", "")
    if not is_json:
        if isinstance(body, str) and len(body) <= 60:
            yield f"assert response.text == {source(body)}"
        else:
            kind = response.headers.get("content-type", "").partition(";")[0]
            yield f'assert response.headers["content-type"].startswith({source(kind)})'
    elif isinstance(body, Unordered):
        expected = source(list(body.items))
        yield f"assert sorted(response.json(), key=str) == sorted({expected}, key=str)"
    elif _is_long(body):
        yield from _listed("response.json()", body)
    elif isinstance(body, Mapping) and any(map(_is_long, body.values())):
        for key, value in body.items():
            if _is_long(value):
                yield from _listed(f"response.json()[{source(key)}]", value)
            else:
                yield f"assert response.json()[{source(key)}] == {source(value)}"
    else:
        operator = "is" if body is None or isinstance(body, bool) else "=="
        yield f"assert response.json() {operator} {source(body)}"


def _is_long(body: Any) -> bool:
    """Whether a body is a list of objects that is too long to be read at a glance."""
    if not isinstance(body, list) or len(body) < 2:
        return False
    if not all(isinstance(item, Mapping) for item in body):
        return False
    return len(body) > _FEW or sum(map(len, body)) > _SMALL


def _listed(text: str, body: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield assertions of a list: one column of all items, and the first item whole."""
    shared = [key for key in body[0] if all(item.get(key, VARIES) is not VARIES for item in body)]
    plain = [key for key in shared if isinstance(body[0][key], str | int)]
    distinct = [key for key in plain if len({item[key] for item in body}) == len(body)]
    if distinct:
        key = next((name for name in distinct if name == "id"), distinct[0])
        values = source([item[key] for item in body])
        yield f"assert [item[{source(key)}] for item in {text}] == {values}"
    else:
        yield f"assert len({text}) == {len(body)}"
    yield f"assert {text}[0] == {source(body[0])}"


def _without_class(value: Any) -> Any:
    """Return a plain value without the names of classes that `fingerprint` keeps."""
    if isinstance(value, Mapping):
        return {key: _without_class(item) for key, item in value.items() if key != ""}
    if isinstance(value, Unordered):
        return Unordered(tuple(map(_without_class, value.items)))
    return [*map(_without_class, value)] if isinstance(value, list) else value


def _needs_any(line: str) -> bool:
    return re.search(r"(?<![\w\"'])ANY(?![\w\"'])", line) is not None


def _validation_errors(response: Any) -> list[tuple[list[Any], str]] | None:
    """Return place and type of each error of a response as FastAPI writes it, or None."""
    if response.status_code != 422:
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    detail = body.get("detail") if isinstance(body, Mapping) else None
    if not isinstance(detail, list) or not detail:
        return None
    if not all(isinstance(error, Mapping) and {"loc", "type"} <= error.keys() for error in detail):
        return None
    return [(error["loc"], error["type"]) for error in detail]


# What looks like a bug ----------------------------------------------------------------------------


def suspicion(observation: Observation, *, is_fault: bool = False) -> str:
    """Return why the answer to a request looks like a bug; "" if it does not.

    Args:
        observation: what the request did.
        is_fault: whether a call to the database failed on purpose.
    """
    if observation.raised is not None:
        kind = type(observation.raised).__name__
        text = str(observation.raised).strip()
        # A driver or an ORM puts names of classes before what the database has said.
        said = [one.error.message for one in observation.events if one.error is not None]
        text = next((message for message in said if message in text), text.partition("\n")[0])
        reason = shortened(f"{kind}: {text}" if text else kind, 120)
        return f"the server answers 500, as the route raises {reason}"
    status = getattr(observation.answer, "status_code", 0)
    if status >= 500 and not is_fault:
        return f"the route answers {status} to a request"
    found = findings(observation)
    return found[0].summary if found and not is_fault else ""


def findings(observation: Observation) -> Sequence[request_rules.Finding]:
    """Return what the rules about requests find: a response before its COMMIT, and more."""
    requests: dict[Request, None] = {}
    for event in observation.events:
        if event.request is not None:
            requests[event.request.background_of or event.request] = None
    return request_rules.findings(observation.events, [*requests])


# Several cases in one test ------------------------------------------------------------------------


def grouped(tests: Sequence[Kept]) -> list[Kept]:
    """Return tests, with those of invalid requests of a route merged into parametrized ones."""
    found: list[Kept] = []
    for _, members in groupby(tests, key=_group):
        group = [*members]
        found += [_merged(group)] if len(group) > 1 and _group(group[0]) is not None else group
    return found


def _group(kept: Kept) -> object:
    """Return what tests have in common that become one; tests without that stay as they are."""
    if kept.trial.purpose != "invalid" or kept.suspicion:
        return None
    return kept.trial.target.name, kept.trial.setups, tuple(sorted(kept.trial.arguments))


def _merged(group: Sequence[Kept]) -> Kept:
    """Return one test for several invalid requests, which differ in arguments and errors."""
    first = group[0].trial
    names = [
        name
        for name in first.arguments
        if len({kept.trial.arguments[name].text for kept in group}) > 1
    ]
    statuses = {kept.observed[0].answer.status_code for kept in group}
    errors = [_validation_errors(kept.observed[0].answer) for kept in group]
    parameters = [(name, _TYPES[name]) for name in names]
    columns = [[kept.trial.arguments[name].text for kept in group] for name in names]
    assertions: list[str] = []
    if len(statuses) == 1:
        assertions.append(f"assert response.status_code == {statuses.pop()}")
    else:
        parameters.append(("status", "int"))
        columns.append([str(kept.observed[0].answer.status_code) for kept in group])
        assertions.append("assert response.status_code == status")
    if all(error is not None and len(error) == 1 for error in errors):
        parameters += [("place", "list[str | int]"), ("kind", "str")]
        columns.append([source(error[0][0]) for error in errors if error])
        columns.append([source(error[0][1]) for error in errors if error])
        assertions.append(f"assert {_ERRORS} == [(place, kind)]")
    elif body := case_bodies.shared([*map(_answered, group)], _taken(first, parameters)):
        parameters += body.variables
        columns += map(list, body.columns)
        assertions.append(f"assert response.json() == {body.text}")
    else:
        parameters.append(("body", "object"))
        columns.append([source(_answered(kept)) for kept in group])
        assertions.append("assert response.json() == body")
    arguments = {
        name: replace(value, text=name) if name in names else value
        for name, value in first.arguments.items()
    }
    trial = replace(
        first,
        arguments=arguments,
        scenario="with_an_invalid_request",
        about="if a value is missing or breaks a constraint",
        parameters=tuple(parameters),
        cases=tuple(zip(*columns, strict=True)),
    )
    shows = tuple(dict.fromkeys(show for kept in group for show in kept.shows))
    imports = tuple({line: None for kept in group for line in kept.imports})
    has_any = any("Any" in kind for _, kind in parameters)
    typing = ("from typing import Any",) if has_any else ()
    return replace(
        group[0],
        trial=trial,
        shows=shows,
        assertions=tuple(assertions),
        imports=tuple(dict.fromkeys((*imports, "import pytest", *typing))),
    )


def _answered(kept: Kept) -> Any:
    stable = fingerprint.stable(kept.observed)["answer"]
    return _without_class(stable["body"]) if isinstance(stable, Mapping) else VARIES


def _taken(trial: Trial, parameters: Sequence[tuple[str, str]]) -> set[str]:
    """Return the names that a test of invalid requests has already, or must not hide."""
    fixtures = {name for name, _ in trial.target.fixtures}
    setups = {name for setup in trial.setups for name in (setup.name, *dict(setup.takes))}
    return {*_TYPES, *fixtures, *setups, *dict(parameters), "app", "pytest", "response"}
