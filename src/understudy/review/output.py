"""A review as text for a person, and as one document for a program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from understudy.review.checklist_items import STAGES, Answer, Evidence, Review, State

MARKS: dict[State, str] = {"ok": "✔", "not ok": "✘", "cannot tell": "?"}
_PLAIN: dict[State, str] = {"ok": "ok", "not ok": "NO", "cannot tell": "?"}
_MOST = 5  # pieces of evidence for one item, unless all are wanted

Paint = Callable[[State, str], str]


def text(reviews: Sequence[Review], *, fancy: bool, whole: bool, paint: Paint) -> Iterator[str]:
    """Go through the lines of a report: each module's table, and where there are several a summary.

    Args:
        reviews: the worst first.
        fancy: whether the marks may be other than ASCII.
        whole: whether to show all evidence; else the first of each item.
        paint: colours a mark.
    """
    marks = MARKS if fancy else _PLAIN
    if len(reviews) > 1:
        yield from _summary(reviews)
    for each in reviews:
        yield ""
        yield f"{each.module} ({each.path}): {_tests(each.tests)}, {each.covered:.0f}% covered"
        for stage, answers in groupby(each.answers, lambda answer: STAGES[answer.item]):
            yield f"  {stage} writing tests" if stage != "during" else "  while writing"
            for answer in answers:
                yield from _lines(answer, marks, whole, paint)
    yield ""
    yield _total(reviews)


def _summary(reviews: Sequence[Review]) -> Iterator[str]:
    width = max(len(each.module) for each in reviews)
    yield f"{'module'.ljust(width)}  not fulfilled  covered  tests"
    for each in reviews:
        yield (
            f"{each.module.ljust(width)}  {len(each.wrong):>13}  {each.covered:>6.0f}%  "
            f"{each.tests:>5}"
        )


def _lines(answer: Answer, marks: dict[State, str], whole: bool, paint: Paint) -> Iterator[str]:
    yield f"    {paint(answer.state, marks[answer.state].ljust(2))} {answer.item.value}"
    most = len(answer.evidence) if whole or answer.state == "ok" else _MOST
    if answer.state == "ok" and not whole:
        most = 1
    for each in answer.evidence[:most]:
        yield f"         {_shown(each)}"
    if len(answer.evidence) > most and answer.state != "ok":
        yield f"         and {len(answer.evidence) - most} more (--verbose shows them)"


def _shown(evidence: Evidence) -> str:
    place = f"{evidence.path}:{evidence.line}" if evidence.line else evidence.path
    return f"{place}  {evidence.text}" if place else evidence.text


def _total(reviews: Sequence[Review]) -> str:
    answers = [answer for each in reviews for answer in each.answers]
    count = {state: sum(answer.state == state for answer in answers) for state in MARKS}
    return f"{count['ok']} fulfilled, {count['not ok']} not, {count['cannot tell']} cannot be told"


def _tests(count: int) -> str:
    return f"{count} test{'' if count == 1 else 's'}"


def document(reviews: Sequence[Review]) -> str:
    """Return the reviews as JSON."""
    return json.dumps(
        {
            "modules": [
                {
                    "module": each.module,
                    "path": each.path,
                    "tests": each.tests,
                    "covered": round(each.covered, 2),
                    "items": [
                        {
                            "item": answer.item.name.lower(),
                            "stage": STAGES[answer.item],
                            "text": answer.item.value,
                            "state": answer.state,
                            "evidence": [piece._asdict() for piece in answer.evidence],
                        }
                        for answer in each.answers
                    ],
                }
                for each in reviews
            ]
        },
        indent=2,
        ensure_ascii=False,
    )
