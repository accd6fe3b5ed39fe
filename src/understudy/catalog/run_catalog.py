"""The catalog of one test run: what is known, and how it comes to know more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from understudy.catalog import report, store
from understudy.catalog.cached_answers import Answer
from understudy.catalog.declared_types import known_from
from understudy.catalog.description import Description, SchemaFacts, Verdict
from understudy.catalog.errors import CatalogError, CatalogFileError, CatalogLocked
from understudy.pg import sql


class Describer(Protocol):
    """Whoever asks PostgreSQL: `catalog.describe.Describer` on a database with the schema."""

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[str]] = ()
    ) -> list[Verdict]:
        """Return what PostgreSQL says of each statement, without executing any.

        Args:
            statements: the statements.
            declared: for each, the types of its first parameters, "" for one that is not declared;
                empty where none of them declares any.
        """

    def answer(
        self, statement: str, description: Description, given: Sequence[str | None]
    ) -> Answer:
        """Return what PostgreSQL answers to a query of the system catalogs.

        Args:
            statement: the query.
            description: what was said of it.
            given: its parameters, as texts.
        """

    def schema_facts(self) -> SchemaFacts:
        """Return what is known of the schema besides its statements."""

    @property
    def major(self) -> int:
        """The major version of the server."""

    def close(self) -> None:
        """Give the connection back."""


@dataclass(frozen=True, slots=True)
class News:
    """What a run has learned, as plain values that can be sent from process to process.

    Attributes:
        text: the file that would hold it.
        learned: the statements that were not known before.
        renewed: whether everything was asked anew, because the schema or PostgreSQL is another.
    """

    text: str
    learned: tuple[str, ...]
    renewed: bool


class Catalog:
    """What PostgreSQL says of the statements of a project.

    The file is read when the first statement is asked for, and the server started when the first
    one is that the file does not hold. Where the file is of another schema, or of another major
    version than the server's, its statements are described anew, all in one go, before anything
    else.

    Args:
        path: the committed file; None to keep nothing from run to run.
        fingerprint: tells, for a major version of PostgreSQL, which schema this is.
        connect: starts a server with the schema in it, where there is none yet, and returns who
            asks it; raises a CatalogError where there is none to be had.
        locked: True to refuse to learn anything.
        disposable: True where a broken file is no loss, and is written anew.
    """

    def __init__(
        self,
        path: Path | None,
        fingerprint: Callable[[int], str],
        connect: Callable[[], Describer],
        *,
        locked: bool = False,
        disposable: bool = False,
    ) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._connect = connect
        self._locked = locked
        self._disposable = disposable
        self._describer: Describer | None = None
        self._failure: CatalogError | None = None
        self._compared = False
        self._contents: store.Contents | None = None
        self._verdicts: dict[str | tuple[str, ...], Verdict] = {}
        self._unanswered: dict[str, CatalogError] = {}
        self._learned: set[str] = set()
        self._kept: set[str] = set()
        self._renewed = False
        # Tests call from threads too: a TestClient runs the app in one of its own.
        self._lock = threading.RLock()

    @property
    def postgres(self) -> int | None:
        """The major version of the PostgreSQL that gave the verdicts; None before the first."""
        return None if self._contents is None else self._contents.postgres

    @property
    def facts(self) -> SchemaFacts:
        """What is known of the schema besides its statements.

        Raises:
            CatalogError: as `verdict`.
        """
        with self._lock:
            return self._known().facts

    def verdict(self, statement: str, declared: Sequence[str] = ()) -> Verdict:
        """Return what PostgreSQL says of `statement`.

        Args:
            statement: the statement.
            declared: the types that the driver declares for its first parameters, spelt as a
                description spells them; "" for one that it leaves to PostgreSQL.

        Raises:
            CatalogLocked: it is not known, and nothing may be learned.
            CatalogFileError: the file is broken.
            CatalogError: there is no PostgreSQL to ask, or it gave no verdict. It is not asked
                about the same statement again.
        """
        name = (statement, *declared) if declared else statement
        known = self._verdicts.get(name)
        if known is None:
            with self._lock:
                known = self._verdicts[name] = self._look_up(sql.tidy(statement), declared)
        return known

    def answer(
        self, statement: str, declared: Sequence[str], given: Sequence[str | None]
    ) -> Answer:
        """Return what PostgreSQL answers to a query of the system catalogs (housekeeping.py).

        Args:
            statement: the query, of which it has given a description.
            declared: the types that the driver declares for its first parameters.
            given: its parameters, as texts.

        Raises:
            CatalogError: as `verdict`.
        """
        spelling = sql.tidy(statement)
        with self._lock:
            key = store.key(spelling, declared, given)
            stored = self._known().answer(key)
            if stored is None:
                self._refuse_if_locked(spelling)
                description = self.verdict(statement, declared)
                assert isinstance(description, Description)  # it was accepted
                stored = self._current().answer(spelling, description, given)
                self._known().keep(spelling, stored, declared, given)
                self._kept.add(key)
            return stored

    def news(self) -> News | None:
        """Return what was learned so far; None where that is nothing."""
        with self._lock:
            contents = self._contents
            if contents is None or not (self._learned or self._kept or self._renewed):
                return None
            learned = tuple(sorted(self._learned))
            if not self._renewed:
                statements = {each: contents.statements[each] for each in learned}
                answers = {each: contents.answers[each] for each in self._kept}
                contents = replace(contents, statements=statements, answers=answers)
            return News(store.text_of(contents), learned, self._renewed)

    def close(self) -> None:
        """Give back the connection to the server, if there is one."""
        with self._lock:
            if self._describer is not None:
                self._describer.close()
                self._describer = None

    # -------------------------------------------------------------------------------------------

    def _known(self) -> store.Contents:
        if self._contents is None:
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            try:
                self._open()
            except CatalogError as error:
                self._failure = error
                raise
        assert self._contents is not None
        return self._contents

    def _open(self) -> None:
        stored = self._read()
        # Without a server its version is not known: the file's stands until one is asked.
        if stored is not None and stored.fingerprint == self._fingerprint(stored.postgres):
            self._contents = stored
        else:
            self._renew(stored)

    def _read(self) -> store.Contents | None:
        if self._path is None:
            return None
        try:
            return store.read(self._path)
        except CatalogError:
            if self._disposable:
                return None
            raise

    def _renew(self, stored: store.Contents | None) -> None:
        """Ask PostgreSQL about the schema, and about every statement that was known before."""
        self._refuse_if_locked(None)
        describer = self._asking()
        asked = [] if stored is None else [stored.asked(each) for each in sorted(stored.statements)]
        contents = store.Contents(
            self._fingerprint(describer.major), describer.major, describer.schema_facts()
        )
        verdicts = describer.describe([each for each, _ in asked], [types for _, types in asked])
        for (spelling, declared), verdict in zip(asked, verdicts, strict=True):
            contents.learn(spelling, verdict, declared)
        if stored is not None:
            self._answer_again(stored, contents, describer)
        self._contents = contents
        self._renewed = stored is not None
        self._compared = True
        self._verdicts.clear()

    def _answer_again(
        self, stored: store.Contents, contents: store.Contents, describer: Describer
    ) -> None:
        """Ask anew what was kept of queries that PostgreSQL still accepts."""
        for line in stored.answers.values():
            spelling, declared = line["answered"], tuple(line.get("declared", ()))
            verdict = contents.verdict(spelling)
            known = known_from(verdict, declared) if verdict is not None else None
            description = known or contents.verdict(store.key(spelling, declared))
            if isinstance(description, Description):
                answer = describer.answer(spelling, description, line["given"])
                contents.keep(spelling, answer, declared, line["given"])

    def _look_up(self, spelling: str, declared: Sequence[str]) -> Verdict:
        if any(declared):
            known = known_from(self._look_up(spelling, ()), declared)
            if known is not None:
                return known
        else:
            declared = ()
        key = store.key(spelling, declared)
        stored = self._known().verdict(key)
        if stored is not None:
            return stored
        self._refuse_if_locked(spelling)
        if key in self._unanswered:
            raise self._unanswered[key].with_traceback(None)
        try:
            verdict = self._ask(spelling, declared)
        except CatalogError as error:
            self._unanswered[key] = error
            raise
        if _can_be_stored(spelling):
            self._known().learn(spelling, verdict, declared)
            self._learned.add(key)
        return verdict

    def _ask(self, spelling: str, declared: Sequence[str]) -> Verdict:
        (verdict,) = self._current().describe([spelling], [declared] if declared else ())
        return verdict

    def _current(self) -> Describer:
        """Return who asks a server with the schema that is known."""
        describer = self._asking()
        if not self._compared:
            self._compare(describer)
        return describer

    def _compare(self, describer: Describer) -> None:
        """Renew what is known where the server is another than it was, or its schema is.

        A function that makes the schema may read what no fingerprint covers.
        """
        contents = self._known()
        if describer.major != contents.postgres or describer.schema_facts() != contents.facts:
            self._renew(contents)
        self._compared = True

    def _refuse_if_locked(self, spelling: str | None) -> None:
        if self._locked:
            is_there = self._path is not None and self._path.exists()
            raise CatalogLocked(report.locked(self._path, spelling, is_there=is_there))

    def _asking(self) -> Describer:
        if self._describer is None:
            self._describer = self._connect()
        return self._describer


def save(path: Path, news: Sequence[News], *, disposable: bool = False) -> None:
    """Add to the file what the processes of one run have learned.

    Args:
        path: the file.
        news: what each process has learned.
        disposable: True where a broken file is no loss, and is written anew.

    Raises:
        CatalogFileError: the file has been broken meanwhile; it stays as it is.
        CatalogError: it cannot be written; it stays as it is.
    """
    for each in news:
        contents = store.parse(each.text, path)
        try:
            store.merge(path, contents)
        except CatalogFileError:
            if not disposable:
                raise
            store.write(path, contents)


def _can_be_stored(spelling: str) -> bool:
    """Whether a statement can stand in a file of UTF-8; one with half a surrogate cannot."""
    try:
        spelling.encode()
    except UnicodeEncodeError:
        return False
    return True
