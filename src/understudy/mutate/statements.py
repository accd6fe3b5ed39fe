"""The statements of a recording run, with the places that sent them and the tests that did."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from understudy.mutate.mysql_statements import readable, shown
from understudy.script.boundary import Event

_MOST = 20  # sets of parameters of a statement
_NUMBER = re.compile(r"\$\d+")
_ONE = r"\s*\$(?:::[\w ]+)?\s*"  # after its number is gone
_LIST = re.compile(rf"\bIN \({_ONE}(?:,{_ONE})*\)", re.IGNORECASE)


class Spot(NamedTuple):
    """A line of the project that sent a statement.

    Attributes:
        path: its file, absolute.
        line: its number.
        function: the function around it, such as "UserDAO.delete"; "" outside of one.
    """

    path: str
    line: int
    function: str


class Sender(NamedTuple):
    """A test that sent a statement.

    Attributes:
        name: its node id.
        seconds: how long it took.
        is_scripted: whether a rule of the test answered the statement, instead of PostgreSQL.
    """

    name: str
    seconds: float
    is_scripted: bool


@dataclass(frozen=True)
class Statement:
    """A statement that tests have sent through the project's code.

    Attributes:
        sql: its text; of MySQL with $1, $2 for its values.
        shown: its text on one line, as a report shows it; of MySQL with its own quotes.
        spots: the lines that sent it, in the order of the run; empty if they are unknown.
        senders: the tests that sent it, in the order in which they try a mutant.
        parameters: those of some of its calls, which differ; empty in the parent.
        takes_one_row: whether each call takes the first row of its result only, as asyncpg's
            `fetchrow` does; False in the parent.
    """

    sql: str
    shown: str
    spots: Sequence[Spot]
    senders: Sequence[Sender]
    parameters: Sequence[Sequence[Any]] = ()
    takes_one_row: bool = False

    def answer(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return {
            "sql": self.sql,
            "shown": self.shown,
            "spots": list(self.spots),
            "senders": list(self.senders),
        }

    @classmethod
    def read(cls, answer: dict[str, Any]) -> Statement:
        """Return the statement of an answer."""
        return cls(
            answer["sql"],
            answer["shown"],
            [Spot(*spot) for spot in answer["spots"]],
            [Sender(*sender) for sender in answer["senders"]],
        )


class Ran(NamedTuple):
    """A test that ran, as far as its statements are concerned."""

    name: str
    seconds: float
    events: Sequence[Event]


def sent(tests: Iterable[Ran], is_test_code: Callable[[Path], bool]) -> list[Statement]:
    """Return the statements that the project's code sent in tests, in their order.

    What a driver or the tests themselves have sent is left out.

    Args:
        tests: the tests that passed.
        is_test_code: whether a file belongs to the tests.
    """
    texts: dict[str, str] = {}
    spots: dict[str, dict[Spot, None]] = {}
    senders: dict[str, dict[str, Sender]] = {}
    parameters: dict[str, dict[str, Sequence[Any]]] = {}
    tags: dict[str, set[str | None]] = {}
    code: dict[str, bool] = {}
    for test in tests:
        for event in test.events:
            if event.kind != "statement" or event.is_drivers:
                continue
            spot = _spot(event)
            if spot is not None:
                if spot.path not in code:
                    code[spot.path] = is_test_code(Path(spot.path))
                if code[spot.path]:
                    continue
            sql = readable(event.call)
            if sql not in texts:
                texts[sql] = shown(event.call)
            known = spots.setdefault(sql, {})
            if spot is not None:
                known[spot] = None
            tags.setdefault(sql, set()).add(event.tag)
            given = event.call.parameters
            if not isinstance(given, Mapping):
                calls = parameters.setdefault(sql, {})
                if len(calls) < _MOST:
                    calls.setdefault(repr(given), given or ())
            of_tests = senders.setdefault(sql, {})
            is_scripted = event.call.rule is not None
            before = of_tests.get(test.name)
            if before is None or before.is_scripted:  # PostgreSQL tells more than a script
                of_tests[test.name] = Sender(test.name, test.seconds, is_scripted)
    return [
        Statement(
            sql,
            texts[sql],
            list(known),
            _ordered(senders[sql]),
            [*parameters.get(sql, {}).values()],
            _is_part(tags[sql]),
        )
        for sql, known in _once(spots, senders).items()
    ]


def _is_part(tags: Set[str | None]) -> bool:
    """Return whether answers with rows ended before the last row: nobody asked for it."""
    return "" in tags and all(not tag or tag.endswith(" 0") for tag in tags)


def _once(
    spots: Mapping[str, dict[Spot, None]], senders: Mapping[str, Mapping[str, Sender]]
) -> dict[str, dict[Spot, None]]:
    """Return the statements without those that differ in the length of a list after IN only.

    They are one statement of the code, and a mistake in it is one. That which most tests have sent
    is kept.
    """
    kept: dict[str, str] = {}
    for sql in spots:
        shape = _LIST.sub("IN (...)", _NUMBER.sub("$", sql)) if " IN " in sql.upper() else sql
        before = kept.setdefault(shape, sql)
        if len(senders[sql]) > len(senders[before]):
            kept[shape] = sql
    chosen = set(kept.values())
    return {sql: found for sql, found in spots.items() if sql in chosen}


def _ordered(senders: dict[str, Sender]) -> list[Sender]:
    """Return the fastest first. A test with a script cannot tell a statement's meaning: last."""
    return sorted(senders.values(), key=lambda sender: (sender.is_scripted, sender.seconds))


def _spot(event: Event) -> Spot | None:
    origin = event.call.origin
    if not origin.line:
        return None  # a task or a socket whose sender is unknown
    return Spot(origin.code.co_filename, origin.line, origin.function)
