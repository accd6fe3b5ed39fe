"""What is known to differ between fake_postgres and a real server, each with its reason.

docs/conformance.md lists the same reasons, and a test holds the two together. A difference that has
gone fails the suite too, so that the list stays true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# By the name of a behaviour, or by "player: name" where only some players see it.
DEPARTURES: dict[str, str] = {
    "psqlpy: an unknown setting": (
        "SHOW of an unknown setting fails when it is executed, not when it is prepared."
    ),
    "the version": "The minor version of the server is not known: it is 0.",
    "an encoding that is not utf 8": "Only UTF-8 is spoken.",
    "psycopg: copied to where there is no table": (
        "Of a COPY, PostgreSQL checks the grammar alone before it runs: one that is not scripted "
        "is an unexpected statement, whether or not its table exists."
    ),
}


# Of real_postgres, isolated by rollback, in the same way.
_LEVELS = (
    "An isolation level is accepted, and so is DEFERRABLE: what holds is what the transaction of "
    "the test has."
)
IN_SANDBOX: dict[str, str] = {
    "isolation levels": _LEVELS,
    "isolation in sql": _LEVELS,
    "transactions of every kind": _LEVELS,
    "read only": _LEVELS,
    **{
        f"{player}: an encoding that is not utf 8": "Only UTF-8 is spoken."
        for player in ("psycopg", "psycopg sync", "SQLAlchemy on psycopg", "SQLAlchemy sync")
    },
}
# What cannot be played there: the one would wait for the other.
_TURNS = (
    "The connections of a test take turns: while one is in a transaction, the others wait, and "
    "after five seconds they are refused."
)
NOT_IN_SANDBOX: dict[str, str] = {"psycopg: a pool": _TURNS, "changed by someone else": _TURNS}


@dataclass(frozen=True)
class Departure:
    """A kind of difference.

    Attributes:
        reason: why it is there, for the page.
        players: who sees it.
        cases: a regular expression for the names of its cases.
        real: a regular expression for what the real server does.
    """

    reason: str
    players: tuple[str, ...]
    cases: str
    real: str = ""

    def covers(self, player: str, case: str, real: str) -> bool:
        return (
            player in self.players
            and re.search(self.cases, case) is not None
            and re.search(self.real, real) is not None
        )


_MEMORY, _PSYCOPG, _PSQLPY = "asyncpg in memory", "psycopg", "psqlpy"

# Of parameters.
PARAMETERS: Sequence[Departure] = (
    Departure(
        "The DETAIL of some malformed JSON names another token.",
        (_MEMORY, _PSYCOPG),
        r"^jsonb? <- '(ip|interface)'",
        "Token",
    ),
    Departure(
        "psycopg sends a number with a type of its own, and the server casts it to the column's "
        "when the statement runs. A cast that fails is for the test to script.",
        (_PSYCOPG,),
        "^(smallint|integer|bigint|quantity|money) <-",
        "out of range'|cannot convert NaN to integer",
    ),
    Departure(
        "A text that begins as a number and goes on as something else gets another SQLSTATE.",
        (_PSYCOPG,),
        "^(smallint|integer|bigint) <- 'uuid'",
        "out of range for type",
    ),
    Departure(
        "PostgreSQL reads dates, times and intervals by rules of its own: of a text that is none, "
        "some are taken, and some get another SQLSTATE.",
        (_PSYCOPG,),
        "^(date|time|interval)",
        "22007|22008|22009|22015",
    ),
    Departure(
        "The DETAIL of a malformed array is another one, or an item is refused before the array.",
        (_PSYCOPG,),
        r"\[\] <-",
        "malformed array literal",
    ),
    Departure("The grammar of tsvector is not known.", (_PSYCOPG, _PSQLPY), "^tsvector <-"),
    Departure(
        "A domain's NOT NULL is not enforced on parameters.",
        (_PSYCOPG,),
        "^required <-",
        "does not allow null values",
    ),
    Departure(
        "Bytes that are no value of the type (psqlpy sends some values as they are, whatever the "
        "type) are refused, but with the message for another thing that is wrong with them.",
        (_PSQLPY,),
        "<-",
        "0x00|invalid sign|out of range|memory alloc|invalid string in message",
    ),
)

# Of values that come back.
VALUES: Sequence[Departure] = (
    Departure(
        "asyncpg makes a naive datetime of infinity, which is a moment in UTC where it is "
        "scripted.",
        (_MEMORY, "asyncpg"),
        "^timestamp with time zone infinity",
    ),
    Departure("The binary form of tsvector is not known.", (_PSQLPY,), "^tsvector"),
)


def unknown(pairs: Mapping[str, tuple[str, str]], known: Sequence[Departure], player: str) -> str:
    """Return what differs and is not known to, and what is known to differ and does not.

    Args:
        pairs: of each case that differs, what the real server does and what the fake does.
        known: the departures.
        player: who saw this.
    """
    seen: set[str] = set()
    lines = []
    for case, (real, fake) in pairs.items():
        covering = [each for each in known if each.covers(player, case, real)]
        seen.update(each.reason for each in covering)
        if not covering:
            texts = [" ".join(text.split()) for text in (real, fake)]
            lines.append(f"{case}\n  real: {texts[0]}\n  fake: {texts[1]}")
    lines += [
        f"no difference any more: {each.reason}"
        for each in known
        if player in each.players and each.reason not in seen
    ]
    return "\n".join(lines)
