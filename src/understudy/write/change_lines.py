"""The lines of a test that assert which rows a call has changed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence, Set

from understudy.project.python_values import NoSource
from understudy.script.formatting import python_literal
from understudy.write import fingerprint
from understudy.write.expected import Expected, Fields, Items, Same, Varying, expected, whole
from understudy.write.trials import Observation
from understudy.write.value_lines import LONG_LIST, ValueLines

_LONG_CHANGES = 120  # characters of the changed rows that are asserted whole
_MOST_COLUMNS = 8  # of the changed rows
_FEW = 3  # fields that the answer and a row have in common
_WRITES = re.compile(
    r"\s*(?:WITH\b.*\b)?(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE | re.DOTALL
)
_INSERT = re.compile(r'\bINSERT\s+INTO\s+([\w."]+)\s*\(([^)]*)\)', re.IGNORECASE)


class ChangeLines:
    """Writes the lines that assert the changes of all tables.

    Args:
        observed: what the trial did each time.
        values: writes the lines of the answer, to which a new key may be equal.
    """

    def __init__(self, observed: Sequence[Observation], values: ValueLines) -> None:
        self._observed = observed
        self._values = values
        self._repeated = _repeated(observed)

    @property
    def repeated(self) -> Set[str]:
        """The fields of the answer that the lines about the changes assert."""
        return self._repeated[1]

    def lines(self, *, is_only: bool) -> Iterator[str]:
        """Yield the lines that assert the changes.

        Args:
            is_only: whether no change is worth a line: the test asserts nothing else, or a refusal.
        """
        found = [one.changes for one in self._observed]
        if any(changes is None for changes in found):
            return
        if not any(found):
            if is_only or _has_written(self._observed[0]):
                yield "assert not changes"
            return
        for kind in ("inserted", "updated", "deleted"):
            part = expected([getattr(changes, kind) for changes in found])
            if isinstance(part, Varying):
                yield f"assert changes.{kind}"
            elif getattr(found[0], kind):
                assert isinstance(part, Fields), "a dict of tables"
                yield from self._tables(kind, part)

    def _tables(self, kind: str, part: Fields) -> Iterator[str]:
        with contextlib.suppress(NoSource):
            source = whole(part, self._values.hole)
            is_short = len(source.text) <= _LONG_CHANGES
            if is_short and ("ANY" not in source.text or _is_mostly_known(part)):
                yield f"assert changes.{kind} == {self._values.text(source)}"
                return
        for table, rows in part.parts.items():
            variable = f"changes.{kind}[{python_literal(table)}]"
            if isinstance(rows, Items):
                yield from self._changed_rows(variable, table, rows)

    def _changed_rows(self, variable: str, table: str, rows: Items) -> Iterator[str]:
        known = self._known_columns(rows)
        written = _inserted_columns(self._observed[0], table)
        columns = [name for name in known if name in written] or [
            name for name in known if not all(_is_null(one, name) for one in rows.parts)
        ]
        if table == self._repeated[0]:  # its key is the same as that of the answer
            keys = {name for name in known if not isinstance(_part(rows.parts[0], name), Same)}
            columns = [name for name in known if name in written | keys]
        else:
            columns = columns[: 2 if len(rows.parts) > LONG_LIST else _MOST_COLUMNS]
        if columns and rows.is_ordered:
            listed = self._values.listed(rows, columns)
            yield f"assert {self._values.rows(variable, rows, columns)} == {listed}"
        else:
            yield f"assert len({variable}) == {len(rows.parts)}"

    def _known_columns(self, rows: Items) -> list[str]:
        """Return the columns whose value was the same in all observations, or was returned."""
        items = [one for one in rows.parts if isinstance(one, Fields)]
        return [
            name
            for name in (items[0].parts if items else ())
            if all(name in item.parts for item in items)
            and all(self._values.is_known(item.parts[name]) for item in items)
        ]


def _repeated(observed: Sequence[Observation]) -> tuple[str, Set[str]]:
    """Return the table whose new row is the returned object of an ORM, and the fields of both.

    There are none if these are few: then both are asserted.
    """
    answers = [one.answer for one in observed]
    inserted = [getattr(one.changes, "inserted", None) or {} for one in observed]
    if not all(hasattr(answer, "_sa_instance_state") for answer in answers):
        return "", frozenset()
    for table in inserted[0]:
        rows = [tables.get(table, ()) for tables in inserted]
        if all(len(of_one) == 1 for of_one in rows):
            names = _inserted_columns(observed[0], table)
            for answer, (row,) in zip(answers, rows, strict=True):
                fields = fingerprint.plain(answer)
                names &= {
                    name
                    for name, value in row.items()
                    if name in fields and fields[name] == fingerprint.plain(value)
                }
            if len(names) > _FEW:
                return table, names
    return "", frozenset()


def _part(row: Expected, name: str) -> Expected | None:
    return row.parts.get(name) if isinstance(row, Fields) else None


def _is_null(row: Expected, name: str) -> bool:
    part = _part(row, name)
    return isinstance(part, Same) and part.value is None


def _is_mostly_known(part: Fields) -> bool:
    """Return whether at most half of the values of the changed rows vary."""
    values = [
        value
        for rows in part.parts.values()
        if isinstance(rows, Items)
        for row in rows.parts
        if isinstance(row, Fields)
        for value in row.parts.values()
    ]
    varying = [value for value in values if isinstance(value, Varying)]
    return len(varying) <= len(values) / 2


def _inserted_columns(observation: Observation, table: str) -> set[str]:
    """Return the columns to which the INSERTs into a table give values."""
    wanted = table.rpartition(".")[2]
    return {
        name.strip().strip('"')
        for event in observation.events
        for into, names in _INSERT.findall(event.call.statement)
        if into.rpartition(".")[2].strip('"') == wanted
        for name in names.split(",")
    }


def _has_written(observation: Observation) -> bool:
    """Return whether a statement could have changed rows."""
    return any(_WRITES.match(event.call.statement) for event in observation.events)
