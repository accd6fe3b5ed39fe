"""Every value that psqlpy decodes is one that the rules expect, and the other way round."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from typing import Any

import pytest

from tests.conformance.parameters.drivers import PsqlpyInserter
from tests.conformance.parameters.literals import LITERALS
from tests.conformance.parameters.schema import FACTS
from tests.conformance.parameters.values import VALUES
from understudy.catalog.value_messages import class_name
from understudy.catalog.value_rules import ValueRules

# A type may be decodable and some of its values not: no reader of Python's knows these.
BEYOND = {"infinity", "-infinity", "NaN", "Infinity", "1e30", "1e400", "{1,NULL}", "{a,NULL}"}
Answers = dict[tuple[str, str], Any]


async def read_back(inserter: PsqlpyInserter) -> Answers:
    """Return what a driver answers for every literal; the error where it raises."""
    await inserter.connect()
    answers: Answers = {}
    for type_name, literals in LITERALS.items():
        spelt = (
            type_name.replace("character", "bpchar") if "varying" not in type_name else type_name
        )
        for literal in literals:
            # A column of a table, as a cast would give a domain another type than a column has.
            statement = f"SELECT CAST($1 AS {spelt}) AS v".replace("$1", f"'{literal}'")
            try:
                answers[type_name, literal] = await inserter.read(statement)
            except Exception as error:  # noqa: BLE001 # a driver's own errors differ
                answers[type_name, literal] = error
    await inserter.close()
    return answers


def test_what_is_decoded_is_expected(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    rules = ValueRules(FACTS)
    answers = asyncio.run(read_back(PsqlpyInserter(dsn)))
    wrong = []
    for (type_name, literal), value in answers.items():
        decoder = rules.decoded(type_name)
        expected = "nothing: it raises" if decoder is None else decoder.name
        if isinstance(value, Exception):
            if expected != "nothing: it raises" and literal not in BEYOND:
                wrong.append(f"{type_name} {literal}: {value!r}, expected {expected}")
            continue
        mismatch = rules.mismatch(type_name, value)
        if literal == "infinity":
            continue  # psqlpy raises for some of the types, and answers a date for others
        if mismatch is not None:
            wrong.append(f"{type_name} {literal}: {mismatch}")
        elif not named(value, expected):
            wrong.append(f"{type_name} {literal}: {class_name(value)}, expected {expected}")
    raised = sum(isinstance(answer, Exception) for answer in answers.values())
    with capsys.disabled():
        sys.stdout.write(f"\npsqlpy: {len(answers)} values decoded or not ({raised} raised)\n")
    assert wrong == []


def named(value: Any, expected: str) -> bool:
    """Say whether the class that is expected of a value is the one that it has."""
    if expected.startswith("what json.loads") or value is None:
        return True
    if isinstance(value, dt.datetime | dt.time):
        aware = value.tzinfo is not None
        return expected == f"{'an aware' if aware else 'a naive'} {class_name(value)}"
    classes = [
        class_name(value),
        *(f"{item.__module__}.{item.__qualname__}" for item in type(value).__mro__),
    ]
    classes += [type(value).__name__]
    return any(cls.removeprefix("builtins.") in expected for cls in classes)


def test_what_is_never_decoded_is_a_mismatch(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A value passes for a type only if its class is one that was decoded, or stands for one."""
    rules = ValueRules(FACTS)
    answers = asyncio.run(read_back(PsqlpyInserter(dsn)))
    decoded: dict[str, set[type]] = {}
    for (type_name, _), value in answers.items():
        decoded.setdefault(type_name, set())
        if not isinstance(value, Exception):
            decoded[type_name].add(type(value))
    passed = refused = 0
    wrong = []
    for type_name, classes in decoded.items():
        for name, make in VALUES.items():
            value = make()
            if value is None:
                continue
            taken = rules.mismatch(type_name, value) is None
            passed, refused = passed + taken, refused + (not taken)
            if taken and type(value) not in classes and name not in STAND_INS:
                wrong.append(f"{type_name}: {name}")
    with capsys.disabled():
        sys.stdout.write(f"\npsqlpy: {passed} values pass for a type, {refused} do not\n")
    assert wrong == []


# Subclasses that add nothing a program would lean on, and what cannot be made by hand.
STAND_INS = {
    *("str subclass", "int subclass", "float subclass", "Decimal subclass", "datetime subclass"),
    *("date subclass", "UUID", "UUID of letters", "UUID subclass", "list subclass"),
    *("dict subclass", "OrderedDict", "dict of fields", "(1, 'a')", "(1, None)", "namedtuple"),
    *("(None, None)", "Enum of str", "Enum of int", "Enum named as label", "StrEnum", "str, Enum"),
    *("IntEnum", "IntFlag", "asyncpg UUID", "psycopg Int4Range"),
}
