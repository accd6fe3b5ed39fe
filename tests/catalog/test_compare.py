from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.catalog.compare import Change, Comparison, compare
from understudy.catalog.description import (
    Column,
    Constraint,
    Description,
    ParsedOnly,
    Refusal,
    SchemaFacts,
    Verdict,
)
from understudy.catalog.store import Contents
from understudy.pg.types import TypeFacts

NAME = Column("name", "text", "users.name", "not null")
COUNT = Column("count", "bigint", None, "unknown")
SELECT = Description("SELECT", ("bigint",), (NAME,), ("users",), ("users.id", "users.name"))
REFUSED = Refusal("42703", 'column "nome" does not exist')

NO_FACTS = SchemaFacts({}, ())
MOOD = TypeFacts("enum", labels=("sad", "happy"))
USERS = TypeFacts("composite", fields=(("id", "bigint"), ("name", "text")))
EMAIL = TypeFacts("domain", base="text", not_null=True)
KEY = Constraint("users_email_key", "users", "unique", ("email",))
OWNER = Constraint("pets_owner_fkey", "pets", "foreign key", ("owner",), references="users")


def catalog(
    statements: dict[str, Verdict] | None = None,
    facts: SchemaFacts = NO_FACTS,
    fingerprint: str = "one",
    postgres: int = 18,
) -> Contents:
    contents = Contents(fingerprint, postgres, facts)
    for spelling, verdict in (statements or {}).items():
        contents.add_verdict(spelling, verdict)
    return contents


def changes(old: Verdict, new: Verdict) -> tuple[str, ...]:
    """The differences that are named where a statement's verdict becomes another."""
    comparison = compare(catalog({"x": old}), catalog({"x": new}))
    assert comparison.differs
    (change,) = comparison.changed
    assert change.key == "x"
    return change.differences


def schema(old: SchemaFacts, new: SchemaFacts) -> tuple[str, ...]:
    return compare(catalog(facts=old), catalog(facts=new, fingerprint="two")).schema


def test_nothing_differs() -> None:
    both = {"b": SELECT, "a": REFUSED, "c": ParsedOnly("COPY")}

    comparison = compare(catalog(both), catalog(both))

    assert comparison == Comparison(same=("a", "b", "c"))
    assert not comparison.differs


def test_each_statement_is_in_one_place_only() -> None:
    known = catalog({"same": SELECT, "old b": SELECT, "old a": SELECT, "other": SELECT})
    fresh = catalog({"other": REFUSED, "new b": SELECT, "new a": SELECT, "same": SELECT})

    assert compare(known, fresh) == Comparison(
        same=("same",),
        missing=("new a", "new b"),
        changed=(
            Change(
                "other",
                ('accepted (SELECT) -> refused (42703 column "nome" does not exist)',),
            ),
        ),
        unused=("old a", "old b"),
    )


def test_without_a_catalog_everything_is_missing() -> None:
    comparison = compare(None, catalog({"b": SELECT, "a": SELECT}))

    assert comparison == Comparison(missing=("a", "b"))
    assert comparison.differs


@pytest.mark.parametrize(
    "comparison",
    [
        Comparison(missing=("a",)),
        Comparison(unused=("a",)),
        Comparison(changed=(Change("a", ("b",)),)),
        Comparison(schema=("a",)),
    ],
)
def test_each_kind_of_difference_is_one(comparison: Comparison) -> None:
    assert comparison.differs


@pytest.mark.parametrize(
    ("new", "differences"),
    [
        (replace(SELECT, command="UPDATE"), ("command: SELECT -> UPDATE",)),
        (replace(SELECT, parameters=("integer", "text")), ("parameters: bigint -> integer, text",)),
        (replace(SELECT, parameters=()), ("parameters: bigint -> none",)),
        (replace(SELECT, columns=(NAME, COUNT)), ("columns: name -> name, count",)),
        (replace(SELECT, columns=()), ("columns: name -> none",)),
        (
            replace(SELECT, columns=(replace(NAME, nullability="nullable"),)),
            ("column name: text of users.name, never NULL -> text of users.name, nullable",),
        ),
        (
            replace(SELECT, columns=(Column("name", "integer", None, "unknown"),)),
            ("column name: text of users.name, never NULL -> integer",),
        ),
        (
            replace(SELECT, tables=("pets", "users"), touches=()),
            ("tables: users -> pets, users", "columns touched: users.id, users.name -> none"),
        ),
        (ParsedOnly("COPY"), ("accepted (SELECT) -> only parsed (COPY)",)),
    ],
    ids=str,
)
def test_every_difference_of_a_description_is_named(
    new: Verdict, differences: tuple[str, ...]
) -> None:
    assert changes(SELECT, new) == differences


def test_two_refusals_with_different_messages_differ() -> None:
    hint = replace(REFUSED, hint="Perhaps you meant name.")

    assert changes(REFUSED, hint) == (
        'refused (42703 column "nome" does not exist)'
        ' -> refused (42703 column "nome" does not exist; Perhaps you meant name.)',
    )


def test_a_difference_in_a_refusals_place_alone_is_one() -> None:
    moved = compare(catalog({"x": REFUSED}), catalog({"x": replace(REFUSED, position=8)}))

    assert [change.key for change in moved.changed] == ["x"]
    assert moved.changed[0].differences == (
        'refused (42703 column "nome" does not exist)'
        ' -> refused (42703 column "nome" does not exist, at 8)',
    )


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ({}, {"mood": MOOD}, "type mood: none -> enum of sad, happy"),
        ({"mood": MOOD}, {}, "type mood: enum of sad, happy -> none"),
        (
            {"mood": MOOD},
            {"mood": replace(MOOD, labels=("sad",))},
            "type mood: enum of sad, happy -> enum of sad",
        ),
        (
            {"users": USERS},
            {"users": replace(USERS, fields=(("id", "bigint"),))},
            "type users: composite of id bigint, name text -> composite of id bigint",
        ),
        (
            {"email": EMAIL},
            {"email": replace(EMAIL, not_null=False)},
            "type email: domain over text, not null -> domain over text",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_difference_of_a_type_is_named(
    old: dict[str, TypeFacts], new: dict[str, TypeFacts], difference: str
) -> None:
    assert schema(SchemaFacts(old, ()), SchemaFacts(new, ())) == (difference,)


def test_the_array_of_a_new_type_is_not_named_as_well() -> None:
    new = {"mood": MOOD, "mood[]": TypeFacts("array", base="mood")}

    assert schema(NO_FACTS, SchemaFacts(new, ())) == ("type mood: none -> enum of sad, happy",)


def test_every_difference_of_a_constraint_is_named() -> None:
    wider = replace(KEY, columns=("email", "name"))

    assert schema(SchemaFacts({}, (KEY,)), SchemaFacts({}, (wider, OWNER))) == (
        "constraint pets_owner_fkey of pets: none -> foreign key (owner) to users",
        "constraint users_email_key of users: unique (email) -> unique (email, name)",
    )


def test_another_postgres_is_a_difference() -> None:
    comparison = compare(catalog({"x": SELECT}, postgres=16), catalog({"x": SELECT}))

    assert comparison == Comparison(same=("x",), schema=("PostgreSQL: 16 -> 18",))


def test_a_schema_that_only_reads_differently_is_a_difference() -> None:
    """With such a file, --understudy-locked fails: it is of another schema."""
    comparison = compare(catalog({"x": SELECT}), catalog({"x": SELECT}, fingerprint="two"))

    assert comparison == Comparison(
        same=("x",),
        schema=("the schema's sources have changed, but no type and no constraint",),
    )
