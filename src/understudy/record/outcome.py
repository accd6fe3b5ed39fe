"""What a run has recorded: the files to write, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from understudy.record.calls import NotRecordable
from understudy.record.places import Place, Script, with_scripts
from understudy.script.formatting import counted
from understudy.script.origin import shown_path


@dataclass(frozen=True)
class Finding:
    """What one test has recorded for one place.

    Attributes:
        test: its node id.
        place: the place.
        script: the script; None if the test has failed.
    """

    test: str
    place: Place
    script: Script | None


def plain(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain values, which pytest-xdist can send."""
    return asdict(finding)


def from_plain(values: dict[str, Any]) -> Finding:
    """Return a finding from plain values."""
    place, script = Place(**values["place"]), values["script"]
    if script is not None:
        script = Script(place, script["text"], tuple(script["imports"]))
    return Finding(values["test"], place, script)


def settle(findings: Sequence[Finding]) -> tuple[dict[Path, bytes], list[str], list[str]]:
    """Return the files to write, a line on each, and the reasons for what is not written.

    Args:
        findings: of all tests.
    """
    by_place: dict[Place, list[Finding]] = {}
    for finding in findings:
        by_place.setdefault(finding.place, []).append(finding)
    by_file: dict[str, list[Script]] = {}
    problems = []
    for place, found in by_place.items():
        if problem := _problem(place, found):
            problems.append(problem)
        elif found[0].script is not None:
            by_file.setdefault(place.file, []).append(found[0].script)
    files, lines = {}, []
    for file, scripts in by_file.items():
        try:
            files[Path(file)] = with_scripts(scripts)
        except NotRecordable as problem:
            problems.append(str(problem))
        else:
            lines.append(f"{shown_path(file)}: {counted(len(scripts), 'script')} written")
    return files, lines, problems


def _problem(place: Place, found: Sequence[Finding]) -> str:
    """Return why a place stays as it is; "" if its script can be written."""
    failed = [finding.test for finding in found if finding.script is None]
    if failed and len(failed) == len(found):
        return ""  # the failures of the tests tell
    if failed:
        return (
            f"{place} was left alone: several tests have their script from it, and one has failed"
            f"\n  failed: {failed[0]}"
        )
    first = found[0]
    other = next((finding for finding in found if finding.script != first.script), None)
    if other is None:
        return ""
    assert first.script is not None, "none has failed"
    assert other.script is not None, "none has failed"
    lines = zip(_padded(first, other), _padded(other, first), strict=True)
    differing = next(pair for pair in lines if pair[0] != pair[1])
    return (
        f"{place} was left alone: one place has one script, and it was run with several\n"
        f"  {first.test}\n    {differing[0].strip()}\n"
        f"  {other.test}\n    {differing[1].strip()}\n"
        "Give each of them a test of its own, with a record() in it."
    )


def _padded(finding: Finding, other: Finding) -> list[str]:
    """Return the lines of a script, as many as another has at least."""
    own, others = (
        [] if found.script is None else found.script.text.splitlines() for found in (finding, other)
    )
    return own + ["(nothing)"] * (len(others) - len(own))
