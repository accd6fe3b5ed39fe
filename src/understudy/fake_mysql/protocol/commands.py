"""The statements that a session carries out itself, read from their text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from understudy.mysql import sql as mysql_sql
from understudy.mysql.sql import Piece


@dataclass(frozen=True, slots=True)
class Begin:
    """BEGIN, START TRANSACTION."""

    is_read_only: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """COMMIT, ROLLBACK."""

    commit: bool
    chain: bool = False
    release: bool = False


@dataclass(frozen=True, slots=True)
class Savepoint:
    """SAVEPOINT, RELEASE SAVEPOINT, ROLLBACK TO.

    Attributes:
        verb: the first word.
        name: the savepoint's.
    """

    verb: str
    name: str


@dataclass(frozen=True, slots=True)
class Use:
    """USE."""

    database: str


@dataclass(frozen=True, slots=True)
class Kill:
    """KILL."""

    pid: int
    query_only: bool


@dataclass(frozen=True, slots=True)
class Assignment:
    """An assignment of SET.

    Attributes:
        name: in lower case, with @ before it for a variable of the user's.
        value: what is assigned, as its pieces.
        is_global: whether it is for new connections only.
    """

    name: str
    value: tuple[Piece, ...]
    is_global: bool = False


@dataclass(frozen=True, slots=True)
class Set:
    """SET. `SET NAMES x COLLATE y` is an assignment to `names`."""

    assignments: tuple[Assignment, ...]


Control = Begin | End | Savepoint | Use | Kill | Set

_VERBS: Final = re.compile(
    r"\W*(?:BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|USE|KILL|SET)\b", re.IGNORECASE
)


def control_of(sql: str) -> Control | None:
    """Return what a statement asks of the session itself; None for any other statement."""
    return _read(sql) if _VERBS.match(sql) else None


@lru_cache(maxsize=1024)
def _read(sql: str) -> Control | None:
    pieces = [piece for piece in mysql_sql.pieces(sql) if piece.text != ";"]
    words = [piece.word for piece in pieces]
    match words:
        case ["BEGIN"] | ["BEGIN", "WORK"]:
            return Begin()
        case ["START", "TRANSACTION", *options]:
            return Begin(is_read_only="ONLY" in options)
        case ["COMMIT" | "ROLLBACK" as verb, *options] if "TO" not in options:
            return _end(verb, options)
        case (
            ["SAVEPOINT" as verb, _]
            | ["RELEASE" as verb, "SAVEPOINT", _]
            | ["ROLLBACK" as verb, "TO", _]
            | ["ROLLBACK" as verb, "WORK", "TO", _]
            | ["ROLLBACK" as verb, "TO", "SAVEPOINT", _]
            | ["ROLLBACK" as verb, "WORK", "TO", "SAVEPOINT", _]
        ):
            return Savepoint(verb, mysql_sql.name_of(pieces[-1].text))
        case ["USE", _]:
            return Use(mysql_sql.name_of(pieces[-1].text))
        case ["KILL", *kind, number] if number.isdecimal() and kind in ([], ["CONNECTION"]):
            return Kill(int(number), query_only=False)
        case ["KILL", "QUERY", number] if number.isdecimal():
            return Kill(int(number), query_only=True)
        case ["SET", *_]:
            return _set(pieces[1:])
    return None


def _end(verb: str, options: Sequence[str]) -> End | None:
    words = " ".join(options).removeprefix("WORK").strip()
    words = words.replace("AND NO CHAIN", "").replace("NO RELEASE", "").strip()
    if words not in ("", "AND CHAIN", "RELEASE"):
        return None
    return End(verb == "COMMIT", words == "AND CHAIN", words == "RELEASE")


_SCOPES = frozenset({"GLOBAL", "SESSION", "LOCAL", "PERSIST", "PERSIST_ONLY"})


def _set(pieces: list[Piece]) -> Set | None:
    match [piece.word for piece in pieces]:
        case ["NAMES", _, *collation]:
            if collation and collation[0] != "COLLATE":
                return None
            return Set((Assignment("names", (pieces[1], *pieces[3:4])),))
        case ["CHARACTER", "SET", _] | ["CHARSET", _]:
            return Set((Assignment("names", (pieces[-1],)),))
        case ["TRANSACTION", *_] | ["SESSION" | "LOCAL", "TRANSACTION", *_]:
            return _set_transaction(pieces)
        case ["PASSWORD" | "ROLE" | "DEFAULT" | "STATEMENT" | "RESOURCE" | "GLOBAL", *_] as words:
            if words[0] != "GLOBAL" or words[1:2] == ["TRANSACTION"]:
                return None
    assignments = [_assignment(part) for part in parts_of(pieces)]
    found = tuple(assignment for assignment in assignments if assignment is not None)
    return Set(found) if found and len(found) == len(assignments) else None


def _set_transaction(pieces: list[Piece]) -> Set | None:
    """Read SET SESSION TRANSACTION; without SESSION it is for the next transaction only."""
    found = []
    if pieces[0].word != "TRANSACTION":
        for part in parts_of(pieces[2:]):
            words = [piece.word for piece in part]
            if words[:2] == ["ISOLATION", "LEVEL"]:
                level = part[-1]._replace(kind="text", text=f"'{'-'.join(words[2:])}'")
                found.append(Assignment("transaction_isolation", (level,)))
            elif words in (["READ", "ONLY"], ["READ", "WRITE"]):
                number = part[-1]._replace(kind="number", text=str(int(words[1] == "ONLY")))
                found.append(Assignment("transaction_read_only", (number,)))
            else:
                return None
    return Set(tuple(found))


def parts_of(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Split pieces at the commas outside of brackets."""
    parts: list[list[Piece]] = [[]]
    depth = 0
    for piece in pieces:
        depth += (piece.text == "(") - (piece.text == ")")
        if piece.text == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts


def _assignment(pieces: list[Piece]) -> Assignment | None:
    is_global = False
    if pieces and pieces[0].word in _SCOPES:
        is_global = pieces[0].word not in ("SESSION", "LOCAL")
        pieces = pieces[1:]
    if len(pieces) < 3 or pieces[1].text not in ("=", ":="):
        return None
    name = mysql_sql.name_of(pieces[0].text).lower()
    if pieces[0].kind == "variable":
        scope, variable = scope_of(name)
        is_global = is_global or scope == "global"
        name = variable if name.startswith("@@") else name
    return Assignment(name.strip("`"), tuple(pieces[2:]), is_global)


def scope_of(variable: str) -> tuple[str, str]:
    """Return the scope and the name of a system variable: `@@session.sql_mode`."""
    scope, dot, name = variable.lower().removeprefix("@@").partition(".")
    return (scope, name.strip("`")) if dot else ("", scope.strip("`"))
