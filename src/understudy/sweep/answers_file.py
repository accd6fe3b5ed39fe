"""The file of accepted answers: how the app answers when a call to the database fails.

It is written by the first sweep and committed. A later sweep reports what differs from it. A line
can be edited: it then says how the app should answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from understudy.sweep.faults import FAULTS

NAME = "understudy-faults"
_HEAD = (
    "# How the app answers when a call to the database fails. Written by the fault sweep.\n"
    "# An edited line says how the app should answer; delete a line to have it written again.\n"
)
_OR = " or "


class BrokenFile(ValueError):
    """The file cannot be read; the text is the whole message."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a line is about.

    Attributes:
        subject: "POST /users".
        call: "INSERT users".
        fault: "23505".
        constraint: the constraint that is violated; "" for every one, and for other faults.
    """

    subject: str
    call: str
    fault: str
    constraint: str = ""

    @property
    def text(self) -> str:
        """The line up to its arrow."""
        return f"{self.subject}, {self.call}, {self.fault} {self.constraint}".rstrip()

    @property
    def of_any_constraint(self) -> Key:
        """The key of the line that stands for all constraints."""
        return Key(self.subject, self.call, self.fault)


Answers = Mapping[Key, frozenset[str]]


def line(key: Key, answers: Iterable[str]) -> str:
    """Return a line of the file."""
    return f"{key.text} -> {_OR.join(sorted(answers))}"


def accepted(answers: Answers, key: Key) -> frozenset[str]:
    """Return the answers that are accepted for a fault; empty if the file does not tell."""
    return answers.get(key) or answers.get(key.of_any_constraint, frozenset())


def merge(known: Answers, new: Answers, *, prunes: Iterable[Key] = ()) -> Answers:
    """Return the known answers with new ones added, and without what is pruned."""
    gone = set(prunes)
    return {**{key: value for key, value in known.items() if key not in gone}, **new}


def read(path: Path) -> Answers:
    """Read the file; nothing if there is none.

    Raises:
        BrokenFile: it cannot be read, or a line is not understood.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenFile(f"{path} cannot be read: {error}") from error
    found: dict[Key, frozenset[str]] = {}
    for number, text in enumerate(lines, 1):
        if not text.strip() or text.startswith("#"):
            continue
        what, arrow, answers = text.rpartition(" -> ")
        parts = what.rsplit(", ", 2)
        fault, _, constraint = parts[-1].partition(" ")
        if not arrow or len(parts) != 3 or fault not in FAULTS or not answers.strip():
            raise BrokenFile(
                f"{path}, line {number}: {text!r} is not understood.\n"
                "A line reads: POST /users, INSERT users, 23505 -> 409\n"
                f"The faults are: {', '.join(FAULTS)}. "
                "Delete the line, and the next sweep writes it again."
            )
        key = Key(parts[0], parts[1], fault, constraint)
        found[key] = frozenset(answer.strip() for answer in answers.split(_OR))
    return found


def written(answers: Answers) -> str:
    """Return the text of the file.

    Constraints with the same answer share a line, which names none.
    """
    groups: dict[Key, dict[Key, frozenset[str]]] = defaultdict(dict)
    for key, value in answers.items():
        groups[key.of_any_constraint][key] = value
    lines: dict[Key, frozenset[str]] = {}
    for key, members in groups.items():
        if len(set(members.values())) == 1:
            lines[key] = next(iter(members.values()))
        else:
            lines.update(members)
    ordered = sorted(lines, key=_order)
    return _HEAD + "".join(f"{line(key, lines[key])}\n" for key in ordered)


def _order(key: Key) -> tuple[str, str, str, int, str]:
    method, _, path = key.subject.partition(" ")
    return (path, method, key.call, list(FAULTS).index(key.fault), key.constraint)
