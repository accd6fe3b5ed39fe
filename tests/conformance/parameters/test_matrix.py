"""Every value for every type: what the rules say is what the driver and PostgreSQL do."""

from __future__ import annotations

import asyncio
import random
import string
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from tests.conformance.parameters.drivers import PsqlpyInserter, insertion
from tests.conformance.parameters.schema import FACTS, TYPES
from tests.conformance.parameters.values import AWARE, DATE, DELTA, NAIVE, TIME, VALUES
from understudy.catalog.value_rules import ValueRules

pytestmark = pytest.mark.slow

# What these hold cannot be seen from Python; CustomType takes any bytes.
HIDDEN = {
    *("VarChar", "PyText", "PyText '1'", "MacAddr6", "MacAddr8", "CustomType", "Int16Array"),
    *("psqlpy Point", "psqlpy Box", "psqlpy Circle", "Int32Array", "Int32Array []", "Int64Array"),
    *("TextArray", "VarCharArray", "UUIDArray", "JSONBArray", "NumericArray", "Float64Array"),
    *("DateTimeTZArray", "BoolArray"),
}
Case = tuple[str, str, str, Callable[[], Any]]


async def replay(
    inserter: PsqlpyInserter, cases: Iterable[Case]
) -> tuple[Counter[str], list[str], set[str]]:
    """Give each value to the driver; return counts, disagreements and the values not judged."""
    rules = ValueRules(FACTS)
    counts: Counter[str] = Counter()
    disagreements: list[str] = []
    unknown: set[str] = set()
    await inserter.connect()
    for statement, type_name, name, make in cases:
        judgement = rules.judge(type_name, make())
        refusal = rules.refusal(type_name, make())
        taken, said = await inserter.outcome(statement, make())
        counts["taken" if taken else "refused"] += 1
        if judgement.outcome == "unknown":
            counts["unknown"] += 1
            unknown.add(name)
            continue
        agreed = taken == (judgement.outcome == "taken") and taken == (refusal is None)
        counts["agreed"] += agreed
        if not agreed:
            disagreements.append(f"{type_name} <- {name}: {judgement}, but: {said}")
    await inserter.close()
    return counts, disagreements, unknown


def test_the_matrix(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [
        (insertion(number), type_name, name, make)
        for number, type_name in enumerate(TYPES)
        for name, make in VALUES.items()
    ]
    counts, disagreements, unknown = asyncio.run(replay(PsqlpyInserter(dsn), cases))
    with capsys.disabled():
        sys.stdout.write(f"\npsqlpy: {len(VALUES)} values x {len(TYPES)} types: {dict(counts)}\n")
    assert disagreements == []
    assert unknown <= HIDDEN
    assert counts["agreed"] + counts["unknown"] == len(cases)


def some_text(chance: random.Random) -> str:
    alphabet = string.ascii_letters + string.digits + " .,:-+/{}[]()\\\"'é"
    return "".join(chance.choices(alphabet, k=chance.randrange(8)))


def some_number(chance: random.Random) -> int | float | Decimal:
    whole = chance.choice((-1, 1)) * chance.getrandbits(chance.randrange(1, 120))
    fraction = Decimal(chance.getrandbits(30)).scaleb(-chance.randrange(1, 40))
    return chance.choice((whole, whole / 7, fraction, Decimal(whole) + fraction, Decimal(whole)))


def some_item(chance: random.Random) -> Any:
    moments = (AWARE, DATE, DELTA, NAIVE, TIME, True, None, uuid.UUID(int=chance.getrandbits(128)))
    return chance.choice((some_text(chance), some_number(chance), chance.choice(moments)))


def some_value(chance: random.Random) -> Any:
    kind = chance.randrange(8)
    if kind == 0:
        return [some_item(chance) for _ in range(chance.randrange(3))]
    if kind == 1:
        return {some_text(chance): some_item(chance) for _ in range(chance.randrange(3))}
    if kind == 2:
        numbers = [chance.randrange(-9, 9) for _ in range(2)]
        return chance.choice((numbers, tuple(numbers), [numbers, numbers], [[1], numbers]))
    if kind == 3:
        return chance.choice((some_number(chance), str(some_number(chance))))
    return some_item(chance)


def test_values_at_random(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(7)
    cases: list[Case] = []
    for _ in range(3000):
        number = chance.randrange(len(TYPES))
        value = some_value(chance)
        cases.append((insertion(number), TYPES[number], repr(value), lambda value=value: value))
    counts, disagreements, _ = asyncio.run(replay(PsqlpyInserter(dsn), cases))
    with capsys.disabled():
        sys.stdout.write(f"\npsqlpy, at random: {dict(counts)}\n")
    assert disagreements == []


EXPRESSIONS = (
    "SELECT 1 WHERE 1 = $1",
    "SELECT 1 WHERE now() > $1",
    "SELECT $1::text",
    "SELECT $1::uuid",
    "SELECT 1 WHERE 1 = ANY($1)",
    "SELECT 1 WHERE 'happy'::mood = ANY($1)",
    "SELECT 1 LIMIT $1",
    "SELECT '{}'::jsonb || $1",
    "SELECT coalesce($1, 1.5)",
)


@pytest.mark.parametrize("statement", EXPRESSIONS)
def test_in_an_expression_the_type_alone_decides(statement: str, dsn: str) -> None:
    async def type_of() -> str:
        connection = await asyncpg.connect(dsn)
        parameter = (await connection.prepare(statement)).get_parameters()[0]
        name = await connection.fetchval("SELECT format_type($1, NULL)", parameter.oid)
        await connection.close()
        return str(name)

    type_name = asyncio.run(type_of())
    # So that every statement answers exactly one row.
    whole = f"SELECT count(*) FROM ({statement}) AS s"
    below_zero = {"-1", "-2**63", "Decimal -1234567.0089"} if "LIMIT" in statement else set[str]()
    cases = [
        (whole, type_name, name, make) for name, make in VALUES.items() if name not in below_zero
    ]
    counts, disagreements, unknown = asyncio.run(replay(PsqlpyInserter(dsn), cases))
    assert disagreements == []
    assert counts["taken"] > 0
    assert unknown <= HIDDEN
