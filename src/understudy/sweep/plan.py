"""Which faults a sweep tries, and in which test: each once, however many tests meet its call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from understudy.rerun import Run
from understudy.script.boundary import CallId, Event
from understudy.script.origin import is_known, shown_path
from understudy.sweep import faults
from understudy.sweep.effects import written_by_commit
from understudy.sweep.faults import NO_SCHEMAS, Fault, Schemas


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call is made, in a form that lasts when lines move.

    Attributes:
        path: the file, relative to the working directory; "" if the caller is unknown.
        function: its qualified name; "" for a module.
        line: the line that sent the call in the recorded run.
    """

    path: str
    function: str
    line: int

    def __str__(self) -> str:
        """Return the line as in a traceback."""
        if not self.path:
            return "an unknown line (the driver does not tell who called)"
        return f"{self.path}:{self.line}" + (f" in {self.function}" if self.function else "")


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault at one call.

    Attributes:
        subject: what fails as a whole: a request such as "POST /users", or for code without
            requests the function that makes the call.
        is_request: whether it is a request.
        call: what the call does: "INSERT users".
        fault: what goes wrong.
        place: the line that makes the call.
        statement: its text on one line; for a COMMIT, what it commits.
        candidates: the tests that make the call, each with the call's identity in it.
    """

    subject: str
    is_request: bool
    call: str
    fault: Fault
    place: Place
    statement: str
    candidates: tuple[tuple[str, CallId], ...]

    @property
    def key(self) -> str:
        """What tells it from every other trial, in this run and in the next."""
        where = f"{self.place.path} {self.place.function}"
        return f"{self.subject}|{where}|{self.statement}|{self.fault.label}"

    @property
    def site(self) -> tuple[str, str, str, str]:
        """What it has in common with the trials of other routes that make the same call."""
        return self.place.path, self.place.function, self.statement, self.fault.label

    @property
    def line(self) -> str:
        """What it tries, as a line of the file of accepted answers begins."""
        return f"{self.subject}, {self.call}, {self.fault.label}"


def plan(
    recorded: Mapping[str, Run],
    selected: Collection[str],
    schemas: Schemas = NO_SCHEMAS,
    is_wanted: Callable[[str, Event], bool] = lambda test, event: True,
) -> list[Trial]:
    """Return the trials, the most telling first.

    A fault at a call site and statement is tried once for each route that meets it. The first
    route's comes before the others', so that little time is spent on what is tried already. Code
    without a request is tried only with what no request meets.

    Args:
        recorded: the runs of the tests, by their ids.
        selected: the names of the faults.
        schemas: the schemas of the databases.
        is_wanted: returns whether a call of a test is to be tried.
    """

    def possible(event: Event, wrote: bool) -> Iterable[Fault]:
        return faults.possible(event, selected, schemas, wrote=wrote)

    found: dict[str, Trial] = {}
    # Tests with few calls first: they are quick, and it is the same test in the next run.
    for test in sorted(recorded, key=lambda name: (len(recorded[name].events), name)):
        # Of the turns of a loop the last is tried: before it the most has been done.
        last: dict[tuple[str, str], Trial] = {}
        for trial in _of_test(test, recorded[test].events, possible, is_wanted):
            last[trial.key, trial.candidates[0][1].request] = trial
        for trial in last.values():
            known = found.get(trial.key, trial)
            candidates = trial.candidates if known is trial else known.candidates + trial.candidates
            found[trial.key] = replace(known, candidates=candidates)
    return _in_order(found.values())


def _in_order(trials: Iterable[Trial]) -> list[Trial]:
    first: dict[tuple[str, str, str, str], Trial] = {}
    routes: list[Trial] = []
    others: list[Trial] = []
    for trial in trials:
        if not trial.is_request:
            others.append(trial)
        elif first.setdefault(trial.site, trial) is not trial:
            routes.append(trial)
    for trial in others:
        first.setdefault(trial.site, trial)
    by_test = sorted(
        first.values(), key=lambda trial: (not trial.is_request, trial.candidates[0][0])
    )
    return [*by_test, *sorted(routes, key=lambda trial: trial.candidates[0][0])]


def _of_test(
    test: str,
    events: Sequence[Event],
    possible: Callable[[Event, bool], Iterable[Fault]],
    is_wanted: Callable[[str, Event], bool],
) -> Iterable[Trial]:
    written = written_by_commit(events)
    function = test.rpartition("::")[2].partition("[")[0]
    has_requests = any(event.request is not None for event in events if event.phase == "call")
    for event in events:
        if not _is_tried(event, has_requests=has_requests):
            continue
        place = _place(event)
        if not has_requests and place.function.partition(".<locals>")[0].endswith(function):
            continue  # the test's own statement: no code under test would fail
        if not is_wanted(test, event):
            continue
        writes = written.get(event.id, [])
        shown = (write.id.statement for write in writes)
        statement = "; ".join(shown) if event.kind == "commit" else event.id.statement
        request = event.request
        subject = request.name if request else _subject(place, test)
        for fault in possible(event, bool(writes)):
            candidates = ((test, event.id),)
            yield Trial(
                subject,
                request is not None,
                faults.described(event),
                fault,
                place,
                f"{event.kind} {statement}".strip(),
                candidates,
            )


def _is_tried(event: Event, *, has_requests: bool) -> bool:
    """Return whether a call may fail: it is the code's under test, and did not fail on its own."""
    if event.phase != "call" or event.is_drivers or event.error is not None or event.is_lost:
        return False
    if event.request is None:
        return not has_requests
    # What is sent after the response cannot change it; that it is sent so late is a finding itself.
    answered = event.request.answered
    return answered is None or event.begun < answered


def _place(event: Event) -> Place:
    origin = event.call.origin
    if not is_known(origin.code):
        return Place("", "", 0)
    return Place(shown_path(origin.code.co_filename), origin.function, origin.line)


def _subject(place: Place, test: str) -> str:
    """Return what stands for a request in code without one."""
    if not place.path:
        return test.partition("::")[0]
    return f"{place.path} {place.function}".strip()
