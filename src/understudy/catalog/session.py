"""The catalog of one test run: what is known, and how it comes to know more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from understudy.catalog import messages, store
from understudy.catalog.description import SchemaFacts, Verdict
from understudy.catalog.errors import CatalogLocked
from understudy.script import sql


class Describer(Protocol):
    """Whoever asks PostgreSQL: `catalog.describe.Describer` on a database with the schema."""

    def describe(self, statements: Sequence[str]) -> list[Verdict]:
        """Return what PostgreSQL says of each statement, without executing any."""

    def schema_facts(self) -> SchemaFacts:
        """Return what is known of the schema besides its statements."""

    @property
    def major(self) -> int:
        """The major version of the server."""

    def close(self) -> None:
        """Give the connection back."""


class Catalog:
    """What PostgreSQL says of the statements of a project.

    The file is read when the first statement is asked for, and the server started when the first
    one is that the file does not hold. Where the file is of another schema, its statements are
    described anew, all in one go, before anything else.

    Args:
        path: the committed file; None to keep nothing from run to run.
        fingerprint: tells which schema this is.
        connect: starts a server with the schema in it, where there is none yet, and returns who
            asks it.
        locked: True to refuse to learn anything.
    """

    def __init__(
        self,
        path: Path | None,
        fingerprint: str,
        connect: Callable[[], Describer],
        *,
        locked: bool = False,
    ) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._connect = connect
        self._locked = locked
        self._describer: Describer | None = None
        self._contents: store.Contents | None = None
        self._verdicts: dict[str, Verdict] = {}
        # Tests call from threads too: a TestClient runs the app in one of its own.
        self._lock = threading.RLock()
        self.used: set[str] = set()
        self.learned: set[str] = set()

    @property
    def major(self) -> int:
        """The major version of the PostgreSQL that gave the verdicts."""
        return self._known().postgres

    @property
    def facts(self) -> SchemaFacts:
        """What is known of the schema besides its statements."""
        return self._known().facts

    def verdict(self, statement: str) -> Verdict:
        """Return what PostgreSQL says of `statement`.

        Raises:
            CatalogLocked: it is not known, and nothing may be learned.
            CatalogFileError: the file is broken.
            Whatever `connect` and `describe` raise where there is no PostgreSQL to ask.
        """
        known = self._verdicts.get(statement)
        if known is None:
            with self._lock:
                known = self._verdicts[statement] = self._look_up(statement)
        return known

    def new_lines(self) -> list[store.Line]:
        """Return what this process has learned, as the lines that the file does not hold yet."""
        with self._lock:
            if self._contents is None:
                return []
            return [self._contents.statements[each] for each in sorted(self.learned)]

    def add_lines(self, lines: Iterable[store.Line]) -> None:
        """Take over what another process of this run has learned."""
        with self._lock:
            for line in lines:
                self._known().statements[line["sql"]] = line
                self.learned.add(line["sql"])

    def save(self) -> bool:
        """Write what was learned to the file, and say whether there was anything to write.

        What another run has meanwhile written about the same schema is kept.

        Raises:
            CatalogError: the file cannot be written, or has been broken meanwhile.
        """
        with self._lock:
            if self._contents is None or self._path is None or not self.learned:
                return False
            current = store.read(self._path)
            if current is not None and current.fingerprint == self._fingerprint:
                self._contents.statements = {**current.statements, **self._contents.statements}
            store.write(self._path, self._contents)
            self.learned.clear()
            return True

    def close(self) -> None:
        """Give back the connection to the server, if there is one."""
        if self._describer is not None:
            self._describer.close()
            self._describer = None

    # -------------------------------------------------------------------------------------------

    def _known(self) -> store.Contents:
        if self._contents is None:
            with self._lock:
                stored = None if self._path is None else store.read(self._path)
                if stored is not None and stored.fingerprint == self._fingerprint:
                    self._contents = stored
                else:
                    self._contents = self._described_anew(stored)
        return self._contents

    def _described_anew(self, stored: store.Contents | None) -> store.Contents:
        """Ask PostgreSQL about the schema, and about every statement of the file that was."""
        self._refuse_if_locked(None)
        describer = self._asking()
        contents = store.Contents(self._fingerprint, describer.major, describer.schema_facts())
        spellings = [] if stored is None else list(stored.statements)
        for spelling, verdict in zip(spellings, describer.describe(spellings), strict=True):
            contents.learn(spelling, verdict)
        self.learned.update(spellings)
        return contents

    def _look_up(self, statement: str) -> Verdict:
        contents = self._known()
        spelling = sql.tidy(statement)
        self.used.add(spelling)
        stored = contents.verdict(spelling)
        if stored is not None:
            return stored
        self._refuse_if_locked(spelling)
        (verdict,) = self._asking().describe([spelling])
        if _can_be_stored(spelling):
            contents.learn(spelling, verdict)
            self.learned.add(spelling)
        return verdict

    def _refuse_if_locked(self, spelling: str | None) -> None:
        if self._locked:
            raise CatalogLocked(messages.locked(self._path, spelling))

    def _asking(self) -> Describer:
        if self._describer is None:
            self._describer = self._connect()
        return self._describer


def _can_be_stored(spelling: str) -> bool:
    """Whether a statement can stand in a file of UTF-8; one with half a surrogate cannot."""
    try:
        spelling.encode()
    except UnicodeEncodeError:
        return False
    return True
