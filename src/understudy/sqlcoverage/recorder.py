"""Records what is seen of the statements of a run, while they go to the real server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from understudy.fake_postgres.protocol.statements import Sent
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.observation import NAME, Facts, Observation
from understudy.real_postgres.upstream_replies import Reply, rows
from understudy.script.calls import Call
from understudy.serving.clients import Client
from understudy.sqlcoverage import sightings
from understudy.sqlcoverage.plan import MOST_ROWS, plan_of
from understudy.sqlcoverage.sightings import MOST, Sighting, Sightings

_SAVEPOINT = '"understudy: coverage"'
# Milliseconds that a question may take.
_PATIENCE = 200
# What it reads shall not be counted in pg_stat_user_tables, if its user may say so.
_SETTINGS = f"""SET LOCAL statement_timeout = {_PATIENCE};
    SELECT pg_catalog.set_config('track_counts', 'off', true)
    WHERE pg_catalog.current_setting('is_superuser') = 'on'"""
_BEGIN = f"SAVEPOINT {_SAVEPOINT};{_SETTINGS}"
_NEXT = f"ROLLBACK TO SAVEPOINT {_SAVEPOINT};{_SETTINGS}"
_END = f"ROLLBACK TO SAVEPOINT {_SAVEPOINT};RELEASE SAVEPOINT {_SAVEPOINT}"


class Recorder:
    """Records what is seen of the statements of a run.

    Attributes:
        sightings: what was seen of each statement.
    """

    def __init__(self) -> None:
        self.sightings = Sightings()

    def note_calls(self, calls: Iterable[Call]) -> None:
        """Count the calls of a test, on fakes and on real servers."""
        for call in calls:
            if call.text in self.sightings or len(self.sightings) < MOST:
                sighting = self.sightings.of(call.text)
                sighting.sent += 1
                # Not relative to the working directory, which a test may change.
                place = f"{call.origin.code.co_filename}:{call.origin.line}"
                sighting.places[place] = sighting.places.get(place, 0) + 1

    def note_on_clone(self, statement: str, *, is_observed: bool) -> None:
        """Count a statement that a client executes on a clone."""
        if statement in self.sightings or len(self.sightings) < MOST:
            sighting = self.sightings.of(statement)
            sighting.sent += 1
            sighting.on_clone += not is_observed and self.is_of_interest(statement)

    def is_of_interest(self, statement: str) -> bool:
        """Return whether there may be something to ask beside a statement."""
        plan = plan_of(statement)
        return bool(plan.questions or plan.conflict or plan.returns)

    def observe(
        self,
        statement: str,
        parameters: Sequence[int],
        values: Sequence[Sent | None],
        client: Client,
        facts: Facts,
    ) -> Observation | None:
        """Return what to ask beside a statement, which goes to the real server."""
        if statement not in self.sightings and len(self.sightings) >= MOST:
            return None
        sighting = self.sightings.of(statement)
        asked = self._questions(sighting, facts)
        sighting.executed += 1
        plan = sighting.plan
        counts = plan.counted if sighting.conflict != 3 else ""
        if not (asked or counts or plan.returns or plan.conflict):
            return None
        before = [_count(counts)] if counts else []
        before += [_request(plan.questions[number].sql, parameters, values) for number in asked]
        after = [_count(counts)] if counts else []
        note = partial(self._note, sighting, asked, _limit_of(sighting, values))
        return Observation(
            _in_savepoint(before),
            2 * len(before) + bool(before),
            _in_savepoint(after),
            2 * len(after) + bool(after),
            note,
        )

    def _questions(self, sighting: Sighting, facts: Facts) -> list[int]:
        """Return the numbers of the questions to ask."""
        found = []
        for number, question in enumerate(sighting.plan.questions):
            if not sighting.is_due(number):
                continue
            name = facts.reads.reason(question.sql)
            if name is not None:
                sighting.problems[number] = f"{name} is a view or a volatile function"
            elif facts.changed_code:
                sighting.problems[number] = "its tests define functions, views or the like"
            else:
                found.append(number)
        return found

    def _note(
        self,
        sighting: Sighting,
        asked: Sequence[int],
        limit: int | None,
        before: Sequence[Reply],
        reply: Reply,
        after: Sequence[Reply],
    ) -> None:
        """Record the replies to a statement and to the questions beside it."""
        if reply.error is not None:
            sighting.failed += 1
            return
        answers = before[1::2]
        if len(answers) > len(asked):
            count, *answers = answers
            self._note_inserted(sighting, count, reply, after)
        elif sighting.plan.conflict == "nothing":
            self._note_conflict(sighting, _rows_in(reply), sighting.plan.proposed)
        for number, answer in zip(asked, answers, strict=False):
            self._note_answer(sighting, number, answer)
        sighting.evaluated += bool(asked)
        found = _rows_in(reply)
        if reply.suspended:
            sighting.rows |= sightings.SOME
        elif found is not None and sighting.plan.returns:
            sighting.rows |= (sightings.NONE, sightings.ONE, sightings.MANY)[min(found, 2)]
            if limit is not None:
                sighting.limit |= sightings.REACHED if found >= limit else sightings.BELOW

    def _note_answer(self, sighting: Sighting, number: int, answer: Reply) -> None:
        if answer.error is not None:
            sighting.problems[number] = answer.error.fields.message
            sighting.failures[number] = sighting.failures.get(number, 0) + 1
            return
        [(count, *masks)] = rows(answer)
        sighting.looked_at += int(count or 0)
        sighting.is_capped |= count == str(MOST_ROWS)
        where = sighting.masks_of(number)
        for at, mask in zip(range(where.start, where.stop), masks, strict=True):
            sighting.masks[at] |= int(mask or 0)

    def _note_inserted(
        self, sighting: Sighting, before: Reply, reply: Reply, after: Sequence[Reply]
    ) -> None:
        """Record what ON CONFLICT DO UPDATE did, by the number of rows before and after it."""
        later = after[1::2]
        if not later or before.error is not None or later[0].error is not None:
            return
        [(first,)], [(last,)] = rows(before), rows(later[0])
        inserted = int(last or 0) - int(first or 0)
        proposed = sighting.plan.proposed or _rows_in(reply)
        self._note_conflict(sighting, inserted, proposed or 0)

    def _note_conflict(self, sighting: Sighting, inserted: int | None, proposed: int) -> None:
        if inserted is not None:
            sighting.conflict |= sightings.NOT_TAKEN if inserted > 0 else 0
            sighting.conflict |= sightings.TAKEN if proposed > inserted else 0


def _in_savepoint(requests: Sequence[bytes]) -> bytes:
    """Return requests in a savepoint, which is rolled back after each of them."""
    if not requests:
        return b""
    parts = [upstream_requests.query(_BEGIN)]
    for number, request in enumerate(requests, 1):
        parts += [request, upstream_requests.query(_END if number == len(requests) else _NEXT)]
    return b"".join(parts)


def _request(sql: str, parameters: Sequence[int], values: Sequence[Sent | None]) -> bytes:
    closed = upstream_requests.close_statement(NAME)
    return b"".join(
        [
            closed,  # if the last question failed
            upstream_requests.parse(NAME, sql, parameters),
            upstream_requests.bind(NAME, NAME, values, (0,)),
            upstream_requests.execute(NAME, 0),
            closed,
            upstream_requests.SYNC,
        ]
    )


def _count(table: str) -> bytes:
    return upstream_requests.query(f"SELECT pg_catalog.count(*) FROM {table}")


def _limit_of(sighting: Sighting, values: Sequence[Sent | None]) -> int | None:
    """Return the value of LIMIT in one execution, or None if there is none or it is NULL."""
    limit = sighting.plan.limit
    if not limit.startswith("$"):
        return int(limit) if limit else None
    sent = values[int(limit[1:]) - 1]
    if sent is None:
        return None
    return int.from_bytes(sent.data, signed=True) if sent.form else int(sent.data)


def _rows_in(reply: Reply) -> int | None:
    """Return the number of rows in a command tag; None if there may be more, or without a tag."""
    last = reply.tag.rpartition(" ")[2]
    return int(last) if last.isdecimal() and not reply.suspended else None
