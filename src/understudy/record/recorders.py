"""What `record()` does in each run of a test: found, recorded twice, and tried with the script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from understudy.fake_postgres.recording import NOT_ASKED, Recording, Target
from understudy.project import ruff
from understudy.project.python_values import Names, NoSource
from understudy.record.calls import NotRecordable, RecordedCall, calls_of
from understudy.record.places import Place, Script, place_of, source_of_file
from understudy.record.rules import echoed, rules_of, stable
from understudy.record.script_text import script_text
from understudy.script import expectations, requests
from understudy.script.boundary import Event
from understudy.script.failures import NotRecorded
from understudy.script.formatting import shown


class Looking:
    """Sees whether a test calls `record()`.

    Attributes:
        is_wanted: whether it has.
    """

    def __init__(self) -> None:
        self.is_wanted = False

    def begin(self, frame: FrameType) -> Recording:
        """End the test here.

        Raises:
            NotRecorded: always.
        """
        self.is_wanted = True
        return NOT_ASKED.begin(frame)


@dataclass(frozen=True)
class Part:
    """What follows a call of `record()`.

    Attributes:
        place: the call's.
        begun: its position in the order of all that happens.
        phase: of the test.
    """

    place: Place
    begun: int
    phase: requests.Phase


@dataclass
class Recorded:
    """A run of a test on a real PostgreSQL.

    Attributes:
        target: inserts the rows; the fixture sets it.
        parts: the calls of `record()`, in order.
        events: what has passed the server.
    """

    target: Target | None = None
    parts: list[Part] = field(default_factory=list)
    events: Sequence[Event] = ()

    def begin(self, frame: FrameType) -> Recording:
        """Note a place, and let it insert its rows.

        Raises:
            NotRecorded: a script cannot take it.
        """
        try:
            place = place_of(frame)
        except NotRecordable as problem:
            raise expectations.record_failure(NotRecorded(str(problem))) from None
        self.parts.append(Part(place, requests.now(), requests.phase))
        return Recording(self.target)


class Replaying:
    """Executes the scripts that were recorded.

    Args:
        scripts: those of the test, in order.
    """

    def __init__(self, scripts: Sequence[Script]) -> None:
        self._left = list(scripts)

    def begin(self, frame: FrameType) -> Recording:
        """Execute the next script where it will stand.

        Raises:
            NotRecorded: there is none left.
        """
        if not self._left:
            return NOT_ASKED.begin(frame)
        script = self._left.pop(0)
        known: dict[str, Any] = {**frame.f_globals, **frame.f_locals}
        source = "\n".join([*script.imports, script.text])
        exec(compile(source, f"<the script for {script.place}>", "exec"), known)
        return Recording()


class Refusing:
    """Fails a test of which no script can be recorded.

    Args:
        reason: why.
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def begin(self, frame: FrameType) -> Recording:
        """Fail the test.

        Raises:
            NotRecorded: always.
        """
        raise expectations.record_failure(
            NotRecorded(f"no script can be recorded for this test\n{self._reason}")
        )


@dataclass(frozen=True)
class Scripts:
    """The scripts of a test.

    Attributes:
        scripts: in order.
        hint: what may be the reason if the test fails with them; "" for nothing.
    """

    scripts: Sequence[Script]
    hint: str


def scripts_of(first: Recorded, second: Recorded) -> Scripts:
    """Return the scripts from two runs of a test.

    Raises:
        NotRecordable: there is none for what it does.
    """
    places = [[part.place for part in run.parts] for run in (first, second)]
    if places[0] != places[1]:
        raise NotRecordable("it was run twice, and did not call record() at the same places")
    start = [run.parts[0].begun for run in (first, second)]
    runs = [
        calls_of([event for event in run.events if event.begun > begun])
        for run, begun in zip((first, second), start, strict=True)
    ]
    calls, varying = stable(*runs)
    ends = [part.begun for part in second.parts[1:]] + [calls[-1].begun + 1 if calls else 0]
    scripts = [
        _script(part, [call for call in calls if part.begun < call.begun < end])
        for part, end in zip(second.parts, ends, strict=True)
    ]
    made_up = echoed(calls, varying)
    hint = (
        ""
        if made_up is None
        else (
            f"A row of the script has a value that is made up in each run: {shown(made_up)}\n"
            "Let the test say the value: patch what makes it up."
        )
    )
    return Scripts(scripts, hint)


def _script(part: Part, calls: Sequence[RecordedCall]) -> Script:
    place = part.place
    text, digest = source_of_file(place.file)
    if digest != place.digest:
        raise NotRecordable(f"{place} has changed meanwhile")
    names = Names(text)
    width = ruff.width(Path(place.file)) - place.depth
    try:
        block = script_text(rules_of(calls, part.phase), place.receiver, names, width)
    except NoSource as problem:
        raise NotRecordable(str(problem)) from None
    if not block:
        raise NotRecordable("it sends no statement that a script could answer; delete the record()")
    return Script(place, ruff.formatted(block, place.depth, Path(place.file)), tuple(names.imports))
