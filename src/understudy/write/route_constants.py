"""Values for the body and the rows of a request with which the code of its route compares them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from understudy.rows.table_facts import Schema, Table
from understudy.script.boundary import Event
from understudy.write import callees, comparisons, dependencies
from understudy.write.planted import Change, planted
from understudy.write.routes import RouteTarget
from understudy.write.source_constants import Constant, constants

_MOST = 12


def changes(
    target: RouteTarget,
    schema: Schema | None,
    events: Sequence[Event],
    tables: Collection[str],
    body: Any,
) -> list[Change]:
    """Return the values to plant: first those of the body, then those of rows.

    Args:
        target: the route.
        schema: the schema of the database; None without one.
        events: the calls to the database so far.
        tables: the tables with rows.
        body: the body of the request; None without one.
    """
    found = [constant for function in functions(target) for constant in constants(function, ())]
    places = [*_in_body(found, body), *_in_rows(found, schema, events, tables)]
    return [*islice(dict.fromkeys(places), _MOST)]


def functions(target: RouteTarget) -> list[Callable[..., Any]]:
    """Return the functions of the project that run for a request, as far as names tell."""
    depends = [
        one.call for one in dependencies.flat(dependencies.dependencies(target.route.dependant))
    ]
    return callees.called([target.function, *depends], target.shared["root"])


def _in_body(found: Iterable[Constant], body: Any) -> Iterator[Change]:
    known = body if isinstance(body, Mapping) else {}
    for one in found:
        given = known.get(one.name)
        if given is not None and type(given) is type(one.value) and given != one.value:
            yield Change((one.name,), "", "", one.value)


def _in_rows(
    found: Iterable[Constant],
    schema: Schema | None,
    events: Sequence[Event],
    tables: Collection[str],
) -> Iterator[Change]:
    if schema is not None:
        rows: list[tuple[Table, dict[str, Any]]]
        rows = [(one, {}) for one in schema.tables.values() if one.name in tables]
        yield from planted(found, {}, rows, comparisons.read(events, schema), schema)
