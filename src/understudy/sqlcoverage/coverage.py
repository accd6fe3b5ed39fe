"""The coverage of each statement: what was seen of it, of what can be seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from understudy.catalog.description import Constraint, Description, RowBounds, SchemaFacts, Verdict
from understudy.pg import sql
from understudy.pg.sql_spelling import name_of
from understudy.project.sql_literals import Inventory, Literal, Places, shape
from understudy.sqlcoverage import sightings as bits
from understudy.sqlcoverage.plan import MOST_ROWS, Part, plan_of
from understudy.sqlcoverage.sightings import Sighting, Sightings


class Describes(Protocol):
    """Tells what PostgreSQL says of statements and of the schema."""

    def describe(self, statements: Sequence[str]) -> Sequence[Verdict]:
        """Return the verdict on each statement."""

    def schema_facts(self) -> SchemaFacts:
        """Return the constraints of the schema."""


_COMMANDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something that a statement can show in a test.

    Attributes:
        text: what it is, such as "id = $1 is false".
        missing: what a report says if no test showed it, such as "id = $1 never false".
        line: its line in the file.
        is_seen: whether a test showed it.
        is_condition: whether it is about a condition or a join, and not a number of rows.
    """

    text: str
    missing: str
    line: int
    is_seen: bool
    is_condition: bool = False


@dataclass(slots=True)
class Statement:
    """The coverage of one statement.

    Attributes:
        path: its file, relative to the project; that of the line which sent it if its text is not
            in the source.
        line: its first line.
        last: its last line.
        sql: its text.
        is_literal: whether it stands in the source as text.
        sent: how often it was sent.
        executed: how often it reached a real server.
        evaluated: how often its conditions were evaluated.
        outcomes: what it can show.
        problems: what was not looked at, and why.
    """

    path: str
    line: int
    last: int
    sql: str
    is_literal: bool
    sent: int = 0
    executed: int = 0
    evaluated: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def command(self) -> str:
        """The first word of it that says what it does."""
        words = (token.upper() for token in sql.tokens(self.sql))
        return next((word for word in words if word in _COMMANDS), "")

    @property
    def seen(self) -> int:
        """How many outcomes were seen."""
        return sum(outcome.is_seen for outcome in self.outcomes)

    @property
    def missing(self) -> list[str]:
        """What no test showed."""
        if not self.sent:
            return ["not reached"]
        return [outcome.missing for outcome in self.outcomes if not outcome.is_seen]

    @property
    def missing_conditions(self) -> list[str]:
        """The same without numbers of rows, which need not matter to a test."""
        if not self.sent:
            return self.missing
        lacking = (outcome for outcome in self.outcomes if not outcome.is_seen)
        return [outcome.missing for outcome in lacking if outcome.is_condition]


@dataclass(slots=True)
class Coverage:
    """The coverage of a project's SQL.

    Attributes:
        statements: by file and line.
        composed: the number of texts in the source that are put together at run time.
        is_cut: whether tests sent more different statements than are kept.
    """

    statements: list[Statement]
    composed: int
    is_cut: bool = False

    @property
    def literals(self) -> list[Statement]:
        """The statements that stand in the source as text."""
        return [statement for statement in self.statements if statement.is_literal]


@dataclass(frozen=True, slots=True)
class Facts:
    """What PostgreSQL says of the statements that were executed.

    Attributes:
        bounds: how many rows each returns or changes.
        nullable: whether one of the columns that a query returns can be NULL.
    """

    bounds: Mapping[str, RowBounds] = field(default_factory=dict)
    nullable: Mapping[str, bool] = field(default_factory=dict)


def ask_facts(sightings: Sightings, server: Describes) -> Facts:
    """Ask PostgreSQL what the statements that were executed can show.

    Args:
        sightings: what was seen.
        server: answers.
    """
    executed = [sighting for sighting in sightings.values() if sighting.executed]
    texts = [sighting.sql for sighting in executed if sighting.plan.returns]
    queries = {part.columns for sighting in executed for part in sighting.plan.parts}
    columns = sorted(queries - {""})
    verdicts = server.describe([*texts, *columns])
    constraints = server.schema_facts().constraints
    bounds = {
        text: _bounds(text, verdict, constraints)
        for text, verdict in zip(texts, verdicts, strict=False)
        if isinstance(verdict, Description)
    }
    nullable = {
        text: any(column.nullability == "nullable" for column in verdict.columns)
        for text, verdict in zip(columns, verdicts[len(texts) :], strict=True)
        if isinstance(verdict, Description)
    }
    return Facts(bounds, nullable)


def _bounds(text: str, verdict: Description, constraints: Sequence[Constraint]) -> RowBounds:
    """Return the bounds of a statement's rows; at most one if it may look up a unique value."""
    names = set(map(name_of, sql.tokens(text)))
    is_lookup = any(
        constraint.kind in ("primary key", "unique")
        and constraint.table in verdict.tables
        and names.issuperset(constraint.columns)
        for constraint in constraints
    )
    rows = verdict.rows
    is_uncertain = is_lookup and rows.most is None and "WHERE" in text.upper()
    return RowBounds(rows.least, 1, rows.limit) if is_uncertain else rows


def cover(root: Path, inventory: Inventory, sightings: Sightings, facts: Facts) -> Coverage:
    """Return the coverage of a project's SQL.

    Args:
        root: the project's folder.
        inventory: the statements in its source.
        sightings: what was seen in a run.
        facts: what PostgreSQL says of the statements.
    """
    found = {id(literal): _Group(literal=literal) for literal in inventory.literals}
    places = Places(inventory.literals)
    others: dict[tuple[str, int, sql.Tokens], _Group] = {}
    for sighting in sightings.values():
        for place, times in (sighting.places or {"": 0}).items():
            name, _, number = place.rpartition(":")
            line = int(number) if number.isdecimal() else 0
            path = Path(name) if name else None
            literals = places.find(sighting.sql, path, line)
            groups = [found[id(literal)] for literal in literals]
            is_apps = path is not None and path.is_relative_to(root) and path not in inventory.tests
            if path and is_apps and not literals and sighting.executed and _is_query(sighting):
                shown = path.relative_to(root).as_posix()
                key = (shown, line, shape(sighting.sql, loose=True))
                groups = [others.setdefault(key, _Group(place=(shown, line)))]
            for group in groups:
                group.add(sighting, times)
    statements = [group.covered(root, facts) for group in (*found.values(), *others.values())]
    statements.sort(key=lambda statement: (statement.path, statement.line))
    return Coverage(statements, len(inventory.composed), len(sightings) >= bits.MOST)


def _is_query(sighting: Sighting) -> bool:
    """Return whether a statement is one that has outcomes: not DDL, not a SET."""
    first = next(iter(sql.first_tokens(sighting.sql)), "")
    return first.upper() in (*_COMMANDS, "WITH")


@dataclass(slots=True)
class _Group:
    """What was seen of the texts in which one statement of the source was sent.

    Attributes:
        literal: the statement; None if its text is not in the source.
        place: then the file and the line that sent it.
        sent: how often it was sent.
        seen: what was seen of all texts together.
        texts: the texts.
    """

    literal: Literal | None = None
    place: tuple[str, int] = ("", 0)
    sent: int = 0
    seen: Sighting | None = None
    texts: set[str] = field(default_factory=set)

    def add(self, sighting: Sighting, times: int) -> None:
        """Add what was seen of one text, which was sent so often from one place."""
        self.sent += times or sighting.sent or sighting.executed
        if self.seen is None:
            self.seen = replace(sighting, problems=dict(sighting.problems), places={})
        elif sighting.sql not in self.texts:
            self.seen.add(sighting)
        self.texts.add(sighting.sql)

    def covered(self, root: Path, facts: Facts) -> Statement:
        """Return the coverage of the statement."""
        literal, seen = self.literal, self.seen
        if literal is not None:
            path = literal.path.relative_to(root).as_posix()
            found = Statement(path, literal.line, literal.last, literal.text, is_literal=True)
        else:
            assert seen is not None
            found = Statement(*self.place, self.place[1], seen.sql, is_literal=False)
        if seen is not None:
            found.sent = self.sent
            _describe(found, seen, facts, literal)
        return found


def _describe(
    statement: Statement, sighting: Sighting, facts: Facts, literal: Literal | None
) -> None:
    """Give a statement its outcomes."""
    statement.problems = list(_problems(sighting))
    if not sighting.executed:
        return
    statement.executed = sighting.executed
    statement.evaluated = sighting.evaluated
    shown = _shown(sighting, literal)
    lines = [statement.line if literal is None else literal.line_of(part.start) for part in shown]
    statement.outcomes = [
        *_part_outcomes(sighting, facts, shown, lines),
        *_outcomes(sighting, facts, statement.line),
    ]


def _shown(sighting: Sighting, literal: Literal | None) -> list[Part]:
    """Return the parts of a statement as the source spells them, if they are the same there."""
    sent = sighting.plan.parts
    if literal is None:
        return sent
    written = plan_of(literal.text).parts
    is_same = [part.clause for part in written] == [part.clause for part in sent]
    return written if is_same else [replace(part, start=0) for part in sent]


def _problems(sighting: Sighting) -> Iterator[str]:
    """Yield what was not looked at, and why."""
    if sighting.on_clone:
        calls = f"{sighting.on_clone} of {sighting.sent} calls"
        yield f"{calls} not looked at: sent in a batch to a clone"
    if not sighting.executed:
        return
    if sighting.failed == sighting.executed:
        yield "it always failed"
        return
    for problem in dict.fromkeys([*sighting.problems.values(), sighting.plan.why_not]):
        if problem:
            yield f"not evaluated: {problem}"
    if sighting.is_capped:
        yield f"more than {MOST_ROWS:,} rows"


def _part_outcomes(
    sighting: Sighting, facts: Facts, shown: Sequence[Part], lines: Sequence[int]
) -> Iterator[Outcome]:
    """Yield the outcomes of the parts of a statement.

    Args:
        sighting: what was seen.
        facts: what PostgreSQL says of the statements.
        shown: the parts as they are shown.
        lines: the line of each.
    """
    known = zip(sighting.masks, shown, lines, strict=True)
    for number, question in enumerate(sighting.plan.questions):
        # What was not seen is only certain if it was looked for each time, in all rows.
        is_certain = number not in sighting.problems and not sighting.is_capped
        for part in question.parts:
            mask, as_shown, line = next(known)
            for bit, name in enumerate(part.outcomes):
                is_seen = bool(mask >> bit & 1)
                if name in _wanted(part, facts) and (is_seen or is_certain):
                    yield Outcome(*_words(as_shown, name), line, is_seen, is_condition=True)


def _outcomes(sighting: Sighting, facts: Facts, line: int) -> Iterator[Outcome]:
    """Yield the outcomes of the statement as a whole."""
    if sighting.plan.conflict:
        taken, not_taken = sighting.conflict & bits.TAKEN, sighting.conflict & bits.NOT_TAKEN
        yield Outcome("ON CONFLICT taken", "ON CONFLICT never taken", line, bool(taken))
        yield Outcome("ON CONFLICT not taken", "ON CONFLICT always taken", line, bool(not_taken))
    if sighting.limit:
        reached = bool(sighting.limit & bits.REACHED)
        yield Outcome("LIMIT reached", "LIMIT never reached", line, reached)
    yield from _row_outcomes(sighting, facts.bounds.get(sighting.sql), line)


def _row_outcomes(sighting: Sighting, bounds: RowBounds | None, line: int) -> Iterator[Outcome]:
    """Yield the results of no, one and many rows, as far as they are possible."""
    rows, plan = sighting.rows, sighting.plan
    if bounds is None or not plan.returns or bounds.least == bounds.most:
        return
    is_unique = bounds.most == 1
    if bounds.least == 0:
        yield Outcome("zero rows", "never zero rows", line, bool(rows & bits.NONE))
    if is_unique or not rows & bits.SOME:
        one = bool(rows & (bits.ONE | bits.SOME))
        yield Outcome("one row", "never one row", line, one)
    if not is_unique and plan.is_single and not rows & bits.SOME:
        yield Outcome("several rows", "never several rows", line, bool(rows & bits.MANY))


def _wanted(part: Part, facts: Facts) -> Sequence[str]:
    """Return the outcomes of a part that tests can show, and no other part shows."""
    if part.clause in ("spared", "matched"):
        return part.outcomes
    null = ["NULL"] if facts.nullable.get(part.columns) else []
    if part.is_alone and part.clause == "WHERE":
        return null
    if part.is_alone and part.clause == "OUTER ON":
        return ["false", *null]
    return ["true", "false", *null]


def _words(part: Part, outcome: str) -> tuple[str, str]:
    """Return the text of an outcome, and what a report says if it is missing."""
    by = f" by {part.text}" if part.text else ""
    match outcome:
        case "taken":
            return f"a row is found{by}", f"no row found{by}"
        case "spared":
            return f"a row is spared{by}", f"no row spared{by}"
        case "matched":
            return f"{part.text} matches", f"{part.text} never matches"
        case "unmatched":
            return f"{part.text} finds nothing", f"{part.text} always matches"
    return f"{part.text} is {outcome}", f"{part.text} never {outcome}"
