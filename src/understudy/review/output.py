"""Print reviews as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from understudy.review.checklist_items import OPINIONS, STAGES, Answer, Evidence, Review, State
from understudy.script.formatting import counted

MARKS: dict[State, str] = {"ok": "✔", "not ok": "✘", "cannot tell": "?"}
_PLAIN: dict[State, str] = {"ok": "ok", "not ok": "NO", "cannot tell": "?"}
_MOST = 5  # pieces of evidence for an item that is not fulfilled, unless all are wanted

Paint = Callable[[State, str], str]


def text(reviews: Sequence[Review], *, fancy: bool, whole: bool, paint: Paint) -> Iterator[str]:
    """Yield the lines of a report: a summary if there are several modules, and each module.

    Args:
        reviews: the reviews, the worst first.
        fancy: whether the marks may be other than ASCII.
        whole: whether to show all evidence.
        paint: colours a mark.
    """
    marks = MARKS if fancy else _PLAIN
    if len(reviews) > 1:
        yield from _summary(reviews)
    for review in reviews:
        yield ""
        tests = counted(review.tests, "test")
        yield f"{review.module} ({review.path}): {tests}, {review.covered:.0f}% covered"
        for stage, answers in groupby(review.answers, lambda answer: STAGES[answer.item]):
            yield f"  {stage} writing tests" if stage != "during" else "  while writing"
            for answer in answers:
                yield from _lines(answer, marks, whole, paint)
        yield from _opinions(review, whole)
    yield ""
    yield _total(reviews)


def _summary(reviews: Sequence[Review]) -> Iterator[str]:
    width = max(len(review.module) for review in reviews)
    yield f"{'module'.ljust(width)}  not fulfilled  covered  tests"
    for review in reviews:
        yield (
            f"{review.module.ljust(width)}  {len(review.wrong):>13}  {review.covered:>6.0f}%  "
            f"{review.tests:>5}"
        )


def _lines(answer: Answer, marks: dict[State, str], whole: bool, paint: Paint) -> Iterator[str]:
    yield f"    {paint(answer.state, marks[answer.state].ljust(2))} {answer.item.value}"
    most = len(answer.evidence) if whole else 1 if answer.state == "ok" else _MOST
    yield from _evidence(answer.evidence[:most])
    if len(answer.evidence) > most and answer.state != "ok":
        yield f"         and {len(answer.evidence) - most} more (--verbose shows them)"


def _evidence(pieces: Sequence[Evidence]) -> Iterator[str]:
    for evidence in pieces:
        place = f"{evidence.path}:{evidence.line}" if evidence.line else evidence.path
        yield f"         {place}  {evidence.text}" if place else f"         {evidence.text}"


def _opinions(review: Review, whole: bool) -> Iterator[str]:
    """Yield one line about the matters of taste; with ``whole`` also the places."""
    if not review.opinions:
        return
    found = ", ".join(
        f"{OPINIONS[answer.item]} ({len(answer.evidence)})" for answer in review.opinions
    )
    yield f"  opinion, not counted: {found}{'' if whole else '; --verbose shows the places'}"
    for answer in review.opinions if whole else ():
        yield from _evidence(answer.evidence)


def _total(reviews: Sequence[Review]) -> str:
    answers = [answer for review in reviews for answer in review.answers]
    count = {state: sum(answer.state == state for answer in answers) for state in MARKS}
    return f"{count['ok']} fulfilled, {count['not ok']} not, {count['cannot tell']} undecided"


def _item(answer: Answer) -> dict[str, object]:
    return {
        "item": answer.item.name.lower(),
        "stage": STAGES[answer.item],
        "text": answer.item.value,
        "state": answer.state,
        "evidence": [piece._asdict() for piece in answer.evidence],
    }


def document(reviews: Sequence[Review]) -> str:
    """Return the reviews as JSON."""
    return json.dumps(
        {
            "modules": [
                {
                    "module": review.module,
                    "path": review.path,
                    "tests": review.tests,
                    "covered": round(review.covered, 2),
                    "items": [_item(answer) for answer in review.answers],
                    "opinions": [_item(answer) for answer in review.opinions],
                }
                for review in reviews
            ]
        },
        indent=2,
        ensure_ascii=False,
    )
