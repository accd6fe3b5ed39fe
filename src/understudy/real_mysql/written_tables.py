"""Which tables a statement writes, as far as its text and the schema tell.

What follows from a write is written, too: tables that a trigger writes, children of a foreign key
with ON DELETE or ON UPDATE, the tables of a view, of a procedure and of a function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from understudy.mysql.effects import Effect, effect_of, is_of_temporary_table
from understudy.mysql.sql import Piece, command_of, name_of, pieces
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.copies import base_tables

_DEFINES = ("ALTER", "CREATE", "DROP", "RENAME")
# Between the verb and the table.
_NOISE = re.compile("LOW_PRIORITY|DELAYED|HIGH_PRIORITY|QUICK|IGNORE|INTO|FROM|TABLE|ONLY")
# A table comes after these.
_BEFORE = re.compile(",|JOIN|UPDATE|DELETE|FROM|USING|STRAIGHT_JOIN")
_ENDS = ("SET", "WHERE", "ORDER", "LIMIT", "RETURNING")
_VIEWS = "SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = %s"
_ROUTINES = (
    "SELECT routine_name, routine_definition FROM information_schema.routines"
    " WHERE routine_schema = %s"
)
_TRIGGERS = (
    "SELECT event_object_table, action_statement FROM information_schema.triggers"
    " WHERE trigger_schema = %s"
)
_KEYS = (
    "SELECT referenced_table_name, table_name FROM information_schema.referential_constraints"
    " WHERE constraint_schema = %s AND (delete_rule IN ('CASCADE', 'SET NULL')"
    " OR update_rule IN ('CASCADE', 'SET NULL'))"
)


class WrittenTables:
    """The tables that statements have written.

    Args:
        admin: a connection to the server.
        database: the name of the database.

    Attributes:
        tables: the database's tables, by their names in lower case.
        is_changed: whether a statement may have changed the schema.
    """

    def __init__(self, admin: Admin, database: str) -> None:
        self.tables = {name.lower(): name for name in base_tables(admin, database)}
        self._written: set[str] = set()
        self.is_changed = False
        self._follows: dict[str, set[str]] = {}
        self._children: dict[str, set[str]] = {}
        self._routines: set[str] = set()
        for name, text in admin.rows(_VIEWS, database):
            self._add(name, text)
        for name, text in admin.rows(_ROUTINES, database):
            self._routines.add(name.lower())
            self._add(name, text)
        for name, text in admin.rows(_TRIGGERS, database):
            self._add(name, text)
        for parent, child in admin.rows(_KEYS, database):
            self._children.setdefault(parent.lower(), set()).add(child.lower())

    def _add(self, name: str, text: str | None) -> None:
        # A user without rights gets no text of a routine: it may write anything.
        words = self.tables if text is None else set(_names(pieces(text)))
        self._follows.setdefault(name.lower(), set()).update(words)

    def note(self, sql: str) -> None:
        """Note what a statement may write."""
        found, is_changed, called = _targets(sql)
        self.is_changed |= is_changed
        words = sql.upper()
        only_adds = words.lstrip().startswith("INSERT") and "UPDATE" not in words
        self.note_tables(self.tables if found is None else found, only_adds=only_adds)
        if self._routines:
            self.note_tables(self._routines.intersection(called))

    def note_tables(self, names: Iterable[str], *, only_adds: bool = False) -> None:
        """Note tables, views and routines, and what follows from writing them.

        Args:
            names: their names.
            only_adds: whether rows are only added, so that no key of a child changes.
        """
        todo = [(name.lower(), only_adds) for name in names]
        seen: set[tuple[str, bool]] = set()
        while todo:
            here = name, only_adds = todo.pop()
            if here in seen:
                continue
            seen.add(here)
            if name in self.tables:
                self._written.add(name)
            todo += [(other, False) for other in self._follows.get(name, ())]
            if not only_adds:
                todo += [(child, False) for child in self._children.get(name, ())]

    @property
    def names(self) -> set[str]:
        """The tables that were written so far, as the schema spells them."""
        return {self.tables[name] for name in self._written}

    def forget(self) -> None:
        """Forget what was written: it is undone."""
        self._written.clear()
        self.is_changed = False


def writes_rows(sql: str) -> bool:
    """Return whether a statement names a table that it writes."""
    return bool(_targets(sql)[0])


def may_write(sql: str) -> bool:
    """Return whether a statement may write, or lock what it reads."""
    written, is_changed, names = _targets(sql)
    is_called = command_of(sql) in ("CALL", "DO") or "update" in names or "lock" in names
    return written is None or bool(written) or is_changed or is_called


@lru_cache(maxsize=2048)
def _targets(sql: str) -> tuple[frozenset[str] | None, bool, frozenset[str]]:
    """Return the tables after the verb, whether it changes the schema, and every name in it.

    None stands for all tables: it is not known what the statement does.
    """
    found = pieces(sql)
    words = [piece.word for piece in found]
    names = frozenset(_names(found))
    verb = command_of(sql)
    written: Iterable[str] | None = ()
    is_changed = False
    if verb in _DEFINES:
        of_server = {"USER", "ROLE", "DATABASE", "SCHEMA", "SERVER"}.intersection(words[1:4])
        is_changed = not is_of_temporary_table(sql) and not of_server
    elif verb in ("INSERT", "REPLACE", "TRUNCATE", "LOAD"):
        place = words.index("TABLE" if verb == "LOAD" and "TABLE" in words else verb)
        written = _first(found[place + 1 :])
    elif verb in ("UPDATE", "DELETE"):
        written = names if words[0] == "WITH" else _listed(found, words)
    elif effect_of(sql) is not Effect.READS and verb != "CALL":
        written = None
    return None if written is None else frozenset(written), is_changed, names


def _names(found: Iterable[Piece]) -> Iterator[str]:
    for piece in found:
        if piece.kind in ("word", "name"):
            yield name_of(piece.text).lower()


def _first(found: Sequence[Piece]) -> Iterator[str]:
    """Yield the first table, without the name of its database."""
    rest = [piece for piece in found if not _NOISE.fullmatch(piece.word)]
    if rest:
        yield _after_dot(rest, 0)


def _after_dot(found: Sequence[Piece], place: int) -> str:
    is_qualified = len(found) > place + 2 and found[place + 1].text == "."
    return name_of(found[place + 2 if is_qualified else place].text).lower()


def _listed(found: Sequence[Piece], words: Sequence[str]) -> Iterator[str]:
    """Yield the tables of a list, such as that of UPDATE a JOIN b or DELETE a FROM a, b."""
    is_next = False
    depth = 0
    for place, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if word in _ENDS and not depth:
            return
        if is_next and not _NOISE.fullmatch(word) and word != "(":
            yield _after_dot(found, place)
            is_next = False
        is_next |= _BEFORE.fullmatch(word) is not None
