"""The names of the written tests, and what their docstrings say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from understudy.init.examples import words_of
from understudy.init.layers import Layer
from understudy.script.formatting import counted
from understudy.write.spelling import snake
from understudy.write.trials import Kept, Target


def plain(text: str) -> str:
    """Return a text as it can stand in a docstring."""
    return " ".join(text.replace("\\", "/").replace('"', "'").split())


def scenario(kept: Kept) -> str:
    """Return the end of the name of a test: what an ordinary call does, or when it differs."""
    inserted = getattr(kept.observed[0].changes, "inserted", None) if kept.observed else None
    if kept.trial.scenario != "without_rows" or not inserted:
        return kept.trial.scenario
    number = sum(map(len, inserted.values()))
    return "inserts_a_row" if number == 1 else "inserts_rows"


def outcome(kept: Kept) -> str:
    """Return what the call does, as the beginning of a sentence."""
    target = kept.trial.target
    if not kept.observed:
        return ""
    seen = kept.observed[0]
    # The name of a function stays as it is at the beginning of the sentence.
    name = f"`{target.name}`" if target.name.isidentifier() else target.name
    if seen.raised is not None and not (kept.suspicion and target.layer == "router"):
        return f"{name} raises {_with_article(type(seen.raised).__name__)}"
    if target.layer == "router":
        return f"{name} answers {getattr(seen.answer, 'status_code', 500)}"
    changes = seen.changes
    done = [
        f"{verb} {' and '.join(sorted(tables))}"
        for verb, tables in (
            ("inserts into", getattr(changes, "inserted", {})),
            ("updates", getattr(changes, "updated", {})),
            ("deletes from", getattr(changes, "deleted", {})),
        )
        if tables
    ]
    return f"{name} {' and '.join(done) or _returned(seen.answer, target.layer)}"


def _returned(answer: object, layer: Layer) -> str:
    if isinstance(answer, bool):
        return f"returns {answer}"
    if answer is None or (isinstance(answer, list | tuple | set | dict) and not answer):
        return "returns nothing"
    if isinstance(answer, list):
        return f"returns {counted(len(answer), 'row' if layer == 'dao' else 'item')}"
    return f"returns {_with_article(type(answer).__qualname__)}"


def _with_article(noun: str) -> str:
    is_spelled = noun[:2].isupper()  # HTTPException begins with the name of a letter
    vowels = "AEFHILMNORSX" if is_spelled else "AEIOaeio"
    return f"{'an' if noun[:1] in vowels else 'a'} {noun}"


class Names:
    """The names of the tests: each once, with the class only where it is needed."""

    def __init__(self, existing: str, kept: Sequence[Kept]) -> None:
        self._taken = set(re.findall(r"^\s*(?:async )?def (test_\w+)", existing, re.MULTILINE))
        owners: dict[str, set[str]] = {}
        for one in kept:
            owner, function = _parts(one.trial.target)
            owners.setdefault(function, set()).add(owner)
        self._ambiguous = {function for function, names in owners.items() if len(names) > 1}

    def of(self, kept: Kept) -> str:
        """Return the name of a test, and take it."""
        target = kept.trial.target
        _, function = _parts(target)
        is_whole = target.layer == "dto" or function in self._ambiguous
        what = _snake(target.name if is_whole else function, target.layer)
        wanted = "test_" + "_".join(filter(None, [what, scenario(kept)]))
        name, number = wanted, 1
        if name in self._taken:
            name = wanted = f"{wanted}_{_ending(kept)}"
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name


def _parts(target: Target) -> tuple[str, str]:
    """Return what a function belongs to, a class or a path, and its own name."""
    if target.layer == "router":
        return target.name, target.function.__name__
    owner, _, function = target.name.rpartition(".")
    return owner, function


def _ending(kept: Kept) -> str:
    """Return what tells a test from another one with the same scenario: how it ends."""
    seen = kept.observed[0] if kept.observed else None
    if seen is None or kept.trial.purpose == "telling row":
        return "beside_another_row"
    if seen.raised is not None:
        return f"raises_{words_of(snake(type(seen.raised).__name__))}"
    return words_of(_returned(seen.answer, kept.trial.target.layer))


def _snake(name: str, layer: Layer) -> str:
    """Return a name as a part of a test's: "UserDTO.Create" as "user_create"."""
    words = words_of(snake(name)).split("_")
    return "_".join(word for word in words if word != layer) or layer
