from __future__ import annotations

from unittest import mock

from understudy.pg import oids
from understudy.pg.types import TypeFacts, Types

FACTS = {
    "mood": TypeFacts("enum", labels=("sad", "happy")),
    "mood[]": TypeFacts("array", base="mood"),
    "quantity": TypeFacts("domain", base="integer"),
    "dear": TypeFacts("domain", base="quantity"),
    "pair": TypeFacts("composite", fields=(("first", "integer"), ("second", "mood"))),
    "citext": TypeFacts("base"),
}


def test_a_type_of_the_schema_has_a_number_that_comes_from_its_name() -> None:
    mood = Types(FACTS).named("mood")

    assert mood is not None
    assert mood.oid == 313257918
    assert mood == Types({"mood": FACTS["mood"]}).numbered(313257918)


def test_two_names_never_have_one_number() -> None:
    with mock.patch.object(oids, "_number", lambda name, salt: 20_000 + len(name) + 10 * salt):
        assert oids.stable_oids(["bbb", "aaa", "c"]) == {"aaa": 20_003, "bbb": 20_013, "c": 20_001}


def test_numbers_of_ours_are_none_of_postgresqls() -> None:
    numbers = oids.stable_oids(f"type{number}" for number in range(2000)).values()

    assert len(set(numbers)) == 2000
    assert min(numbers) >= 16384
    assert max(numbers) < 2**31


def test_types_are_found_by_either_spelling() -> None:
    types = Types({})

    assert types.named("bpchar") == types.named("character") == types.numbered(1042)
    assert types.oid("text[]") == 1009
    assert types.oid("internal") == 25  # no client meets one
    assert types.numbered(1) is None
    assert types.named("nothing") is None


def test_sizes_are_those_of_pg_type() -> None:
    types = Types(FACTS)
    names = ("mood", "mood[]", "quantity", "dear", "pair", "citext", "integer", "uuid", "text")

    assert {name: found.size for name in names if (found := types.named(name))} == {
        "mood": 4,
        "mood[]": -1,
        "quantity": 4,
        "dear": 4,
        "pair": -1,
        "citext": -1,
        "integer": 4,
        "uuid": 16,
        "text": -1,
    }


def test_below_a_domain_is_the_type_that_a_client_is_told() -> None:
    types = Types(FACTS)

    assert types.bare(types.oid("dear")) == types.named("integer")
    assert types.bare(types.oid("mood")) == types.named("mood")
    assert types.bare(1) is None
