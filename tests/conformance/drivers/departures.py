"""Known differences between fake_postgres and a real server, each with its reason.

docs/conformance.md lists the same reasons; a test compares the two. A listed difference that no
longer exists fails the suite.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# By the name of a scenario, or by "client: name" if it differs for that client only.
DEPARTURES: dict[str, str] = {
    "psqlpy: an unknown setting": (
        "SHOW of an unknown setting fails when it is executed instead of when it is prepared."
    ),
    "the version": "The minor version of the server is always 0.",
    "an encoding that is not utf 8": "UTF-8 is the only client encoding.",
}


# Of real_postgres, isolated by rollback, in the same way.
_LEVELS = (
    "Isolation levels and DEFERRABLE are accepted without effect: the transaction of the test "
    "keeps its own."
)
ON_REAL_POSTGRES: dict[str, str] = {
    "isolation levels": _LEVELS,
    "isolation in sql": _LEVELS,
    "transactions of every kind": _LEVELS,
    "read only": _LEVELS,
    **{
        f"{client}: an encoding that is not utf 8": "UTF-8 is the only client encoding."
        for client in ("psycopg", "psycopg sync", "SQLAlchemy on psycopg", "SQLAlchemy sync")
    },
}
# These cannot run there: one connection would wait for the other.
_TURNS = (
    "The connections of a test take turns. While one is in a transaction, the others wait, and "
    "fail after five seconds."
)
NOT_ON_REAL_POSTGRES: dict[str, str] = {
    "psycopg: a pool": _TURNS,
    "changed by someone else": _TURNS,
}


@dataclass(frozen=True)
class Departure:
    """A kind of difference.

    Attributes:
        reason: why it is there, for the page.
        drivers: the names of the clients that see it.
        cases: a regular expression for the names of its cases.
        real: a regular expression for what the real server does.
    """

    reason: str
    drivers: tuple[str, ...]
    cases: str
    real: str = ""

    def covers(self, client: str, case: str, real: str) -> bool:
        return (
            client in self.drivers
            and re.search(self.cases, case) is not None
            and re.search(self.real, real) is not None
        )


_MEMORY, _PSYCOPG, _PSQLPY = "asyncpg in memory", "psycopg", "psqlpy"

# Of parameters.
PARAMETERS: Sequence[Departure] = (
    Departure(
        "The DETAIL of some malformed JSON names a different token.",
        (_MEMORY, _PSYCOPG),
        r"^jsonb? <- '(ip|interface)'",
        "Token",
    ),
    Departure(
        "psycopg sends numbers with a type that it chooses, and the server casts them to the type "
        "of the column when the statement runs. A failing cast has to be scripted.",
        (_PSYCOPG,),
        "^(smallint|integer|bigint|quantity|money) <-",
        "out of range'|cannot convert NaN to integer",
    ),
    Departure(
        "Text that starts with a number and continues with something else gets another SQLSTATE.",
        (_PSYCOPG,),
        "^(smallint|integer|bigint) <- 'uuid'",
        "out of range for type",
    ),
    Departure(
        "PostgreSQL has special rules for parsing dates and times. An unusual text that may be one "
        "is accepted, and some invalid texts get another SQLSTATE (`test_input`).",
        (_PSYCOPG,),
        "^(date|time)",
        "22007|22008|22009",
    ),
    Departure(
        "A malformed array gets a different DETAIL, or an item is rejected before the array.",
        (_PSYCOPG,),
        r"\[\] <-",
        "malformed array literal",
    ),
    Departure(
        "A domain's NOT NULL is not enforced for parameters.",
        (_PSYCOPG,),
        "^required <-",
        "does not allow null values",
    ),
    Departure(
        "Bytes that are invalid for the type are rejected with a message about another problem "
        "with them. (psqlpy sends some values unconverted.)",
        (_PSQLPY,),
        "<-",
        "0x00|invalid sign|out of range|memory alloc|invalid string in message",
    ),
)

# Of values that come back.
VALUES: Sequence[Departure] = (
    Departure(
        "asyncpg decodes an infinite timestamptz as a naive datetime. A scripted one is a datetime "
        "in UTC.",
        (_MEMORY, "asyncpg"),
        "^timestamp with time zone infinity",
    ),
    Departure(
        "tsvector, tsquery, and the names of regclass and the like, are not sent in binary format.",
        (_PSQLPY,),
        "^(tsvector|tsquery|reg)",
    ),
)


def unknown(pairs: Mapping[str, tuple[str, str]], known: Sequence[Departure], client: str) -> str:
    """List unknown differences, and known ones that are gone.

    Args:
        pairs: of each case that differs, what the real server does and what the fake does.
        known: the departures.
        client: the name of the driver's client.
    """
    seen: set[str] = set()
    lines = []
    for case, (real, fake) in pairs.items():
        covering = [departure for departure in known if departure.covers(client, case, real)]
        seen.update(departure.reason for departure in covering)
        if not covering:
            texts = [" ".join(text.split()) for text in (real, fake)]
            lines.append(f"{case}\n  real: {texts[0]}\n  fake: {texts[1]}")
    lines += [
        f"no difference any more: {departure.reason}"
        for departure in known
        if client in departure.drivers and departure.reason not in seen
    ]
    return "\n".join(lines)
