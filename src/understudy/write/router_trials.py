"""Trials of routes: what each request of OpenAPI's operation answers, and how it refuses."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from understudy.project.python_values import NoSource
from understudy.rows.table_facts import Schema, Table
from understudy.script.boundary import Event
from understudy.write import comparisons, dependencies, sign_in
from understudy.write.json_samples import Samples
from understudy.write.ownership import meant, of_caller, owned
from understudy.write.planted import Change
from understudy.write.request_bodies import Body, body_of
from understudy.write.route_constants import changes, functions
from understudy.write.route_faults import route_faults
from understudy.write.route_requests import Request, arguments, smallest, words_in
from understudy.write.routes import RouteTarget
from understudy.write.row_checks import RowChecks
from understudy.write.row_sets import row_sets
from understudy.write.sign_in import SignIn
from understudy.write.spelling import spelled
from understudy.write.trials import Observation, OpenArcs, Row, Seen, Target, Trial

_MOST_ROW_SETS = 8
_MOST_ALLOWING = 3  # row sets
_OK = range(200, 400)
_REFUSED = (401, 403)
_NOT_FOUND = 404
_NO_ROW = "23503"  # the SQLSTATE of a violated foreign key
Tried = Generator[Trial, None, Observation | None]


def trials(
    target: Target,
    schema: Schema | None,
    seen: Seen,
    open_arcs: OpenArcs,
    checks: RowChecks | None = None,
) -> Iterator[Trial]:
    """Yield the trials of a route; see `proposals.trials`."""
    assert isinstance(target, RouteTarget), "the lead dispatches routes only"
    yield from _Trials(target, schema, seen, checks).all()


class _Trials:
    def __init__(
        self, target: RouteTarget, schema: Schema | None, seen: Seen, checks: RowChecks | None
    ) -> None:
        self._target = target
        self._schema = schema
        self._checks = checks
        self._seen = seen
        self._samples = Samples(target.document, locale=target.shared.get("locale"))
        self._body: Body | None = body_of(target)
        self._sign_in = SignIn()
        self._events: list[Event] = []
        self._grant: Change | None = None
        self._owned: list[Change] = []
        self._others_rows: dict[tuple[Row, ...], tuple[Row, ...]] = {}
        self._problem = ""  # why the first trial was no test that was none

    # The order of the trials ----------------------------------------------------------------------

    def all(self) -> Iterator[Trial]:
        """Yield all trials of the route."""
        request = smallest(self._target, self._samples, self._body, self._schema)
        refused = yield from self._refused(request)
        plain = self._trial(request, "without_rows", "if the database is empty")
        answer = None
        if refused is None:
            answer = yield from self._try(plain)
            refused = plain if _status(answer) in _REFUSED else None
        if refused is not None:
            request = yield from self._signed_in(request, refused.rows)
            if not self._sign_in.setups and not self._sign_in.headers:
                return
            plain = self._trial(request, "without_rows", "if the database is empty")
            answer = yield from self._try(replace(plain, purpose="probe"))
            if answer is not None and not _lacks_a_row(answer):
                yield plain
        best = plain if _status(answer) in _OK else None
        best = (yield from self._with_rows(request, plain)) or best
        if best is not None:
            if refused is not None and best.rows and self._target.method not in ("GET", "POST"):
                yield replace(refused, rows=self._one_row(best), purpose="rows")
            yield from self._variations(request, best)
            yield from self._constants(request, best)
            yield from self._of_others(best)
        yield from self._refusals(best or plain)
        yield from self._invalid(request, best or plain)
        if best is not None:
            yield from self._faults(best)

    def _refused(self, request: Request) -> Generator[Trial, None, Trial | None]:
        """Try a request without credentials; return the trial that is refused, if any is."""
        if not dependencies.is_secured(self._target.route.dependant):
            return None
        scenario, about = "without_credentials", "if nobody is signed in"
        plain = self._trial(request, scenario, about, purpose="probe")
        trials = [plain]
        for trial in trials:
            status = _status((yield from self._try(trial)))
            if status in _REFUSED:
                refused = replace(trial, purpose="values")
                yield refused
                return refused
            if trial is plain and status == _NOT_FOUND:  # which comes before the refusal
                rows = [found for _, _, found in islice(self._row_sets(), _MOST_ALLOWING)]
                trials += [replace(plain, rows=one) for one in rows]
        return None

    def _try(self, trial: Trial) -> Tried:
        """Yield a trial, and return what it did; None if it is no test."""
        before = len(self._seen)
        yield trial
        if len(self._seen) == before:
            return None
        observation = self._seen[-1][1]
        if observation.problem:
            self._problem = self._problem or observation.problem
            return None
        if trial.purpose != "fault":
            self._events += observation.events
        return observation

    def _signed_in(
        self, request: Request, rows: tuple[Row, ...]
    ) -> Generator[Trial, None, Request]:
        """Find how a caller is signed in, and return the request with the headers for that.

        Args:
            request: the request.
            rows: those with which it is refused.
        """
        known = self._target.shared.setdefault("ways", [])
        dependant = self._target.route.dependant
        found = [*known, *sign_in.ways(dependant, self._schema)]
        tried: list[SignIn] = []
        failing: SignIn | None = None  # signs in, and then the route fails
        furthest = -1  # calls to the database, until it failed
        for way in found:
            if way in tried:
                continue
            tried.append(way)
            self._sign_in_by(way)
            signed = replace(request, headers={**request.headers, **way.headers})
            scenario, about = "signed_in", "if the caller is signed in"
            trial = self._trial(signed, scenario, about, rows=rows, purpose="probe")
            answer = yield from self._try(trial)
            status = _status(answer)
            is_known = status == 403 and answer is not None and bool(answer.events)
            is_known = is_known and (yield from self._allowed(signed))
            if is_known or (status is not None and status < 500 and status not in _REFUSED):
                if way in known:
                    known.remove(way)
                known.insert(0, way)
                yield from self._wrong_token(request, rows)
                return signed
            has_failed = answer is not None and (status is None or status >= 500)
            if answer is not None and has_failed and len(answer.events) > furthest:
                failing, furthest = way, len(answer.events)
        self._sign_in_by(failing or SignIn())
        if failing is not None:
            return replace(request, headers={**request.headers, **failing.headers})
        what = dependencies.refusing(dependant) or "..."
        self._target.shared.setdefault("left_out", {})[self._target.name] = self._problem or (
            "no way was found to sign a caller in, so only the refusal is tested; override the "
            f"dependency that refuses in a fixture: app.dependency_overrides[{what}] = lambda: ..."
        )
        return request

    def _allowed(self, request: Request) -> Generator[Trial, None, bool]:
        """Try rows that allow a caller the request; return whether there are any."""
        for scenario, about, rows in islice(self._row_sets(), _MOST_ALLOWING):
            plain = self._trial(request, scenario, about, rows=rows, purpose="probe")
            tables = {row.table for row in rows}
            planted = changes(self._target, self._schema, self._events, tables, None)
            for grant in [None, *planted]:
                trial = plain if grant is None else replace(plain, rows=_planted(rows, grant))
                status = _status((yield from self._try(trial)))
                if status is not None and status < 500 and status not in _REFUSED:
                    self._grant = grant
                    return True
        return False

    def _wrong_token(self, request: Request, rows: tuple[Row, ...]) -> Iterator[Trial]:
        """Try a token that is made up, unless it takes what tests do not have."""
        way = self._sign_in
        tree = dependencies.dependencies(self._target.route.dependant)
        headers = dependencies.credentials(tree)
        if not headers or not way.setups or way.headers:
            return
        self._sign_in = SignIn()
        wrong = replace(request, headers={**request.headers, **headers})
        scenario, about = "with_an_invalid_token", "if the token is not valid"
        trial = self._trial(wrong, scenario, about, rows=rows, purpose="probe")
        answer = yield from self._try(trial)
        if _status(answer) in _REFUSED:
            yield replace(trial, purpose="values")
        self._sign_in = way

    def _with_rows(self, request: Request, plain: Trial) -> Generator[Trial, None, Trial | None]:
        """Try rows that the statements of the route read; return the trial that succeeds best."""
        best: Trial | None = None
        tried: list[tuple[Row, ...]] = []
        has_raised = False
        for is_full in (False, False, False, True):  # with rows, it may send further statements
            known = len(self._events)
            if is_full and (best is not None or not has_raised):
                break  # code may refuse the NULLs of rows that are not full
            for scenario, about, rows in self._row_sets(is_full=is_full):
                if rows in tried or len(tried) > _MOST_ROW_SETS * (1 + is_full):
                    continue
                tried.append(rows)
                trial = replace(plain, rows=rows, scenario=scenario, about=about)
                answer = yield from self._try(trial)
                has_raised = has_raised or (answer is not None and answer.raised is not None)
                if best is None and _status(answer) in _OK:
                    best = trial
                    break
            if len(self._events) == known and (best is not None or not has_raised):
                break
        return best

    def _row_sets(self, *, is_full: bool = False) -> Iterator[tuple[str, str, tuple[Row, ...]]]:
        if self._schema is None:
            return
        reading = comparisons.read(self._events, self._schema)
        for found in row_sets(reading, self._schema, self._checks, is_full=is_full):
            try:
                rows = tuple(_row(table, values) for table, values in found.rows)
            except NoSource:
                continue
            granted = rows if self._grant is None else _planted(rows, self._grant)
            mine = owned(granted, self._owned, self._schema)
            self._others_rows[mine] = granted
            yield found.scenario, found.about, mine

    def _sign_in_by(self, way: SignIn) -> None:
        """Sign the caller in by a way, whose rows are the caller's."""
        self._sign_in, self._owned = way, []
        if self._schema is not None and way.callers:
            self._owned = of_caller(functions(self._target), way.callers, self._schema)

    def _of_others(self, best: Trial) -> Iterator[Trial]:
        """Ask for a row that is another user's, or of another tenant."""
        mine = self._one_row(best)
        rows = self._others_rows.get(mine, mine)
        for change in self._owned:
            rest = [one for one in self._owned if one != change]
            of_other = owned(rows, rest, self._schema)
            if of_other != mine:
                words = change.column.replace("_", " ")
                about = f"if the row has another {words}"
                scenario = f"with_another_{change.column}"
                yield replace(best, rows=of_other, scenario=scenario, about=about, purpose="rows")

    def _variations(self, request: Request, best: Trial) -> Iterator[Trial]:
        """Vary a request that succeeds: each part that may be left out, and larger bodies."""
        for parameter in self._target.of_place("query"):
            name = parameter["name"]
            if parameter.get("required"):
                continue
            for value in self._samples.valid(parameter.get("schema", {}), name)[:2]:
                if value is None or isinstance(value, list | dict):
                    continue
                given = replace(request, query={**request.query, name: value})
                words = words_in(name)
                yield self._with(best, given, f"with_{words}", f"if {words} is given")
        if self._body is not None:
            for scenario, about, body in self._body.variations():
                yield self._with(best, replace(request, body=body), scenario, about)

    def _constants(self, request: Request, best: Trial) -> Iterator[Trial]:
        """Give the rows and the body the values with which the code compares them."""
        body = self._body.smallest if self._body is not None else None
        tables = {row.table for row in best.rows}
        for change in changes(self._target, self._schema, self._events, tables, body):
            scenario, about = f"with_{change.scenario}", f"if {change.about}"
            if change.path:
                given = replace(request, body={**request.body, change.path[0]: change.value})
                yield self._with(best, given, scenario, about)
            else:
                rows = _planted(best.rows, change)
                yield replace(best, rows=rows, scenario=scenario, about=about)

    def _refusals(self, best: Trial) -> Iterator[Trial]:
        """Take from a caller what allows the request."""
        rows = () if self._target.method == "GET" or not best.rows else self._one_row(best)
        purpose = "rows" if rows else best.purpose
        for scenario, about, line in self._sign_in.refusals:
            refused = replace(best, rows=rows, script=(*best.script, line), purpose=purpose)
            yield replace(refused, scenario=scenario, about=about)

    def _one_row(self, best: Trial) -> tuple[Row, ...]:
        """Return the row that a request means, which must stay as it is if the caller is refused.

        That nothing was changed tells something only if there is something to change.
        """
        sets = self._row_sets()
        return next((rows for name, _, rows in sets if name == "with_one_row"), best.rows)

    def _invalid(self, request: Request, best: Trial) -> Iterator[Trial]:
        """Break each constraint of the parameters and of the body."""
        for parameter in [*self._target.of_place("path"), *self._target.of_place("query")]:
            name, schema = parameter["name"], parameter.get("schema", {})
            place = "path" if parameter["in"] == "path" else "query"
            broken = [*self._samples.broken(schema, name), *self._samples.mistyped(schema)]
            for value in [one for one in broken if one is not None and one != ""][:2]:
                given = {**getattr(request, place), name: value}
                changed = replace(request, **{place: given})
                yield self._broken(best, changed, name)
            if place == "query" and parameter.get("required"):
                rest = {key: value for key, value in request.query.items() if key != name}
                yield self._broken(best, replace(request, query=rest), name)
        for name, body in self._body.broken() if self._body is not None else ():
            yield self._broken(best, replace(request, body=body), name)

    def _broken(self, best: Trial, request: Request, name: str) -> Trial:
        words = words_in(name)
        trial = self._with(best, request, f"with_invalid_{words}", f"if {words} is not valid")
        return replace(trial, rows=(), purpose="invalid")

    def _faults(self, best: Trial) -> Iterator[Trial]:
        """Let calls to the database fail, and keep what the app answers."""
        events = next((seen.events for tried, seen in self._seen if tried == best), ())
        for fault in route_faults(events):
            for rows in dict.fromkeys(((), best.rows)):  # most fail before they need a row
                trial = fault.of(replace(best, rows=rows), "probe")
                answer = yield from self._try(trial)
                # Without an answer of the app, the sweep has more to say than a test of a route.
                if _status(answer) in (409, 502, 503, 504):
                    yield replace(trial, purpose="fault")
                    break

    # The text of a request ------------------------------------------------------------------------

    def _trial(self, request: Request, scenario: str, about: str, **given: Any) -> Trial:
        return Trial(
            target=self._target,
            arguments=arguments(request, self._target, self._body),
            scenario=scenario,
            about=about,
            setups=self._sign_in.setups,
            fixed=tuple((one.table, one.column) for one in self._owned),
            **given,
        )

    def _with(self, best: Trial, request: Request, scenario: str, about: str) -> Trial:
        """Return a trial with another request."""
        return replace(
            best,
            arguments=arguments(request, self._target, self._body),
            scenario=scenario,
            about=about,
        )


def _lacks_a_row(answer: Observation) -> bool:
    """Return whether a request fails as the caller, or what the body names, is no row.

    In a test the caller comes from nowhere; in the app, there is a row of everybody.
    """
    status = _status(answer)
    is_refused = any(event.error and event.error.sqlstate == _NO_ROW for event in answer.events)
    return is_refused and (status is None or status >= 500)


def _status(answer: Observation | None) -> int | None:
    status = None if answer is None else getattr(answer.answer, "status_code", None)
    return status if isinstance(status, int) else None


def _row(table: Table, values: Mapping[str, Any]) -> Row:
    return Row(table.name, tuple((name, spelled(value)) for name, value in values.items()))


def _planted(rows: tuple[Row, ...], change: Change) -> tuple[Row, ...]:
    """Return rows of which the first of a table has a value that is planted."""
    first = meant(rows, change.table)
    if first is None:
        return rows
    values = dict(first.values) | {change.column: spelled(change.value)}
    changed = replace(first, values=tuple(values.items()))
    return tuple(changed if row is first else row for row in rows)
