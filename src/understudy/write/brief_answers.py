"""Which fields of an answer a test asserts, if another test of the function asserts them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from typing import Any

from understudy.project.python_values import NoSource
from understudy.rows.table_facts import Schema
from understudy.write import fingerprint
from understudy.write.candidates import Candidate, looks_wrong
from understudy.write.spelling import spelled
from understudy.write.trials import Trial

_FEW = 3  # fields; an answer with no more is asserted whole
_Shape = frozenset[str]


def whole(tests: Sequence[Candidate]) -> list[Candidate]:
    """Return the tests that assert all fields: for each kind of row, one that has most values."""
    best: dict[_Shape, Candidate] = {}
    for one in tests:
        for shape in () if looks_wrong(one) else _shapes(one.pattern):
            if shape not in best or richness(one) > richness(best[shape]):
                best[shape] = one
    return [one for one in tests if one in best.values()]


def richness(one: Candidate) -> tuple[int, int]:
    """Return how many fields of a test's answer have values, and by how few rows it shows that."""
    rows = [*_rows(_answer(one.pattern or fingerprint.shown(one.first)))]
    known = {name for row in rows for name, value in row.items() if name and value is not None}
    return len(known), -len(rows) - len(one.trial.rows)


def enough(
    trial: Trial, pattern: Any, schema: Schema, told: Sequence[Any]
) -> frozenset[str] | None:
    """Return the fields that a test must assert if another one asserts all.

    These are one that tells which rows it got, those that the code has made up, and those in which
    wrong SQL shows.

    Args:
        trial: the test's trial.
        pattern: what it does each time, see `fingerprint.stable`.
        schema: the schema of the database.
        told: what it shows with each mutant that it must notice.

    Returns:
        Their names; None if these are all fields that it could assert.
    """
    rows = [*_rows(_answer(pattern))]
    names = dict.fromkeys(name for row in rows for name in row if name)
    passed_on = [name for name in names if _is_passed_on(name, rows, trial, schema)]
    key = _key(passed_on, rows)
    if len(names) <= _FEW or key is None:
        return None
    fields = {name for name in names if name not in passed_on} | {key}
    others = [name for name in passed_on if name != key]
    for shown in told:
        while others and _fits(pattern, shown, fields):
            telling = (name for name in others if not _fits(pattern, shown, fields | {name}))
            name = next(telling, others[0])
            others.remove(name)
            fields.add(name)
    return frozenset(fields) if others else None


def _answer(pattern: Any) -> Any:
    return None if pattern is None else pattern["answer"]


def _rows(answer: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the models and rows in an answer, but none that is a part of another."""
    if isinstance(answer, fingerprint.Unordered):
        answer = [*answer.items]
    if isinstance(answer, dict):
        yield answer
    for item in answer if isinstance(answer, list) else ():
        yield from _rows(item)


def _shapes(pattern: Any) -> Iterator[_Shape]:
    for row in _rows(_answer(pattern)):
        yield frozenset(row) | {f"class {row.get('')}"}


def _fits(pattern: Any, shown: Any, fields: Set[str]) -> bool:
    """Return whether a mutant shows nothing else in some fields."""
    one, other = (
        {**each, "answer": fingerprint.of_fields(each["answer"], fields)}
        for each in (pattern, shown)
    )
    return fingerprint.fits(one, other)


def _key(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the field that tells the rows of an answer apart, `id` rather than another."""
    for name in sorted(names, key=lambda name: name != "id"):
        values = [row.get(name, fingerprint.VARIES) for row in rows]
        is_known = not any(value is None or value is fingerprint.VARIES for value in values)
        if is_known and len({repr(value) for value in values}) == len(values):
            return name
    return None


def _is_passed_on(
    name: str, rows: Sequence[Mapping[str, Any]], trial: Trial, schema: Schema
) -> bool:
    """Return whether the values of a field are those of a column, as the trial's rows have it."""
    of_tables = [
        row
        for row in trial.rows
        if any(column.name == name for column in schema.tables[schema.names[row.table]].columns)
    ]
    given = [dict(row.values).get(name) for row in of_tables]
    texts = {None if value is None else value.text for value in given}
    return bool(of_tables) and all(_is_one_of(row.get(name), texts) for row in rows)


def _is_one_of(value: Any, texts: Set[str | None]) -> bool:
    """Return whether a value is one that was given, or NULL where none was."""
    if value is fingerprint.VARIES or (value is None and None in texts):
        return True
    with suppress(NoSource):
        return spelled(_as_given(value)).text in texts
    return False


def _as_given(value: Any) -> Any:
    """Return a plain value with dicts as they are."""
    if isinstance(value, dict):
        return {name: _as_given(item) for name, item in value.items() if name or item}
    return [_as_given(item) for item in value] if isinstance(value, list) else value
