"""The requests of a route: the smallest valid one, and how the call of a client spells one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from understudy.rows.table_facts import Schema
from understudy.write import column_values
from understudy.write.json_samples import Samples
from understudy.write.request_bodies import Body
from understudy.write.routes import RouteTarget
from understudy.write.spelling import source
from understudy.write.trials import Expression

_ROW_ID = 101  # of the row that a path names
_IN_PATH = re.compile(r"{(\w+)(?::\w+)?}")


@dataclass(frozen=True)
class Request:
    """What a request sends, as JSON values.

    Attributes:
        path: the values of the parameters of the path.
        query: those of the query.
        body: the body; None without one.
        headers: the headers.
    """

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def smallest(
    target: RouteTarget, samples: Samples, body: Body | None, schema: Schema | None
) -> Request:
    """Return a request with all that is required and nothing else.

    Args:
        target: the route.
        samples: values for the schemas of its app.
        body: its body, if it takes one.
        schema: the schema of the database; None without one.
    """
    path = {
        name: _path_value(name, target, samples, schema) for name in _IN_PATH.findall(target.path)
    }
    query = {
        parameter["name"]: samples.valid(parameter.get("schema", {}), parameter["name"])[0]
        for parameter in target.of_place("query")
        if parameter.get("required")
    }
    given = None if body is None else body.smallest
    return Request(path, query, given, target.shared.get("headers", {}))


def arguments(request: Request, target: RouteTarget, body: Body | None) -> dict[str, Expression]:
    """Return the arguments of the client for a request."""
    path = _IN_PATH.sub(lambda found: str(request.path[found[1]]), target.path)
    found = {"path": Expression(source(path))}
    if request.query:
        found["params"] = Expression(source(request.query))
    if request.body is not None and body is not None:
        found[body.keyword] = Expression(source(request.body))
    if request.headers:
        found["headers"] = Expression(source(request.headers))
    return found


def _path_value(name: str, target: RouteTarget, samples: Samples, schema: Schema | None) -> Any:
    own = target.of_place("path")
    found, _ = samples.resolved(next((one["schema"] for one in own if one["name"] == name), {}))
    row_id = _ROW_ID + 100 * len([one for one in own if one["name"] < name])
    if found.get("type") == "integer" and "enum" not in found:
        low, high = found.get("minimum", 0), found.get("maximum", _ROW_ID)
        return row_id if low <= _ROW_ID <= high else low
    is_any_text = not {"enum", "pattern", "format"} & found.keys()
    kind = _key_type(name, schema) if is_any_text else None
    if found.get("format") == "uuid" or kind is UUID:
        return str(UUID(int=row_id))
    if kind is int:
        return str(row_id)
    return next((value for value in samples.valid(found, name) if str(value).strip(" /")), "ana")


def _key_type(name: str, schema: Schema | None) -> type | None:
    """Return the type of the key that a parameter of any text names: `book_uid`."""
    match = re.fullmatch(r"(?:(.+?)_?)?(id|uid|uuid)", name.lower())
    if match is None or schema is None:
        return None
    stem, key = match[1] or "", match[2]
    for table in schema.tables.values():
        for column in table.columns:
            is_own = column.name == key and table.table.rstrip("s") == stem.rstrip("s")
            if is_own or column.name == name:
                return column_values.python_type(schema, column)
    return None if key == "id" else UUID


def words_in(name: str) -> str:
    """Return a name as words of a test's name."""
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower().strip("_")
