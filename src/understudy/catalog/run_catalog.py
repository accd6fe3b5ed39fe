"""The catalog of one test run, which learns new statements from PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from understudy.catalog import report, store
from understudy.catalog.cached_answers import Answer
from understudy.catalog.declared_types import with_declared_types
from understudy.catalog.describer_protocol import Describer
from understudy.catalog.description import Description, Refusal, SchemaFacts, Verdict
from understudy.catalog.errors import CatalogError, CatalogFileError, CatalogLocked
from understudy.catalog.literals import skeleton, without_secrets
from understudy.catalog.placeholders import to_numbered
from understudy.catalog.session_schema import NO_CONTEXT, Context
from understudy.pg import sql

_Name = str | tuple[Any, ...]
# What a catalog knows of the run beside the lines of its file.
_LEARNED = ("_verdicts", "_unanswered", "_learned", "_asked", "_answered", "_renewed", "_compared")


@dataclass(frozen=True, slots=True)
class CatalogDelta:
    """What a run has learned, as plain values that can be sent to another process.

    Attributes:
        text: the text of a catalog file with the new entries.
        learned: the new statements.
        renewed: whether every statement was described again, because the schema or the version of
            PostgreSQL has changed.
    """

    text: str
    learned: tuple[str, ...]
    renewed: bool


class Catalog:
    """PostgreSQL's verdicts on the statements of a project.

    The file is read at the first statement, and the server is started at the first statement that
    is not in the file. If the file is for another schema or another major version, all of its
    statements are described again first.

    Args:
        path: the committed file; None to keep nothing between runs.
        fingerprint: returns the fingerprint of the schema for a server, as `store.Server` tells it.
        connect: starts a server with the schema if necessary, and returns a describer for it;
            raises a CatalogError if that is impossible.
        locked: refuse to learn anything.
        disposable: replace a broken file instead of raising.
    """

    def __init__(
        self,
        path: Path | None,
        fingerprint: Callable[[Any], str],
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
        self._verdicts: dict[_Name, Verdict] = {}
        self._unanswered: dict[str, CatalogError] = {}
        self._learned: set[str] = set()
        self._asked: set[str] = set()
        self._answered: set[str] = set()
        self._renewed = False
        # Several threads call it: a TestClient runs the app in its own thread.
        self._lock = threading.RLock()

    @property
    def postgres(self) -> int | None:
        """The major version of PostgreSQL, or None before the first verdict."""
        server = self.server
        return server if isinstance(server, int) else None

    @property
    def server(self) -> store.Server | None:
        """What the verdicts are from, or None before the first verdict."""
        return None if self._contents is None else self._contents.server

    @property
    def facts(self) -> SchemaFacts:
        """The types and constraints of the schema.

        Raises:
            CatalogError: as `verdict`.
        """
        with self._lock:
            return self._known().facts

    def verdict(
        self, statement: str, declared: Sequence[str] = (), context: Context = NO_CONTEXT
    ) -> Verdict:
        """Return PostgreSQL's verdict on a statement.

        Args:
            statement: the statement.
            declared: the types that the driver declares for its first parameters, spelled as in a
                description; "" for an undeclared one.
            context: what the session has made of the schema.

        Raises:
            CatalogLocked: the statement is unknown, and the catalog is locked.
            CatalogFileError: the file is broken.
            CatalogError: PostgreSQL is unavailable, or gave no verdict. It is not asked about the
                same statement again.
        """
        name: _Name = (statement, *declared) if declared else statement
        if context is not NO_CONTEXT:
            name = (name, context)
        known = self._verdicts.get(name)
        if known is None:
            with self._lock:
                known = self._verdicts[name] = self._look_up(sql.tidy(statement), declared, context)
        return known

    def known(self, statement: str) -> Verdict | None:
        """Return the verdict on a statement if the catalog holds one; ask and learn nothing.

        The types that a driver has declared, and what the session has made, do not matter here.
        """
        normalized = without_secrets(to_numbered(sql.tidy(statement)).text)
        with self._lock:
            if self._contents is None:
                return None
            keys = self._contents.statements
            key = normalized
            if key not in keys:
                key = next((name for name in keys if name.startswith(f"{key}\n-- ")), "")
            return self._contents.verdict(key)

    def answer(
        self, statement: str, declared: Sequence[str], given: Sequence[str | None]
    ) -> Answer:
        """Return PostgreSQL's answer to a query of the system catalogs.

        Args:
            statement: the query, which PostgreSQL has accepted.
            declared: the types that the driver declares for its first parameters.
            given: its parameters, as texts.

        Raises:
            CatalogError: as `verdict`.
        """
        normalized = sql.tidy(statement)
        with self._lock:
            key = store.key(normalized, declared, given)
            stored = self._known().answer(key)
            if stored is None:
                self._refuse_if_locked(normalized)
                description = self.verdict(statement, declared)
                assert isinstance(description, Description)
                stored = self._current_describer().answer(normalized, description, given)
                self._known().add_answer(normalized, stored, declared, given)
                self._answered.add(key)
            return stored

    def delta(self) -> CatalogDelta | None:
        """Return what was learned so far, or None if nothing was."""
        with self._lock:
            contents = self._contents
            if contents is None or not (self._learned or self._answered or self._renewed):
                return None
            learned = tuple(sorted(self._learned - self._changing()))
            if not self._renewed:
                statements = {key: contents.statements[key] for key in learned}
                answers = {key: contents.answers[key] for key in self._answered}
                contents = replace(contents, statements=statements, answers=answers)
            return CatalogDelta(store.text_of(contents), learned, self._renewed)

    def changing(self) -> list[str]:
        """Return the new statements whose text changes with every run; the file keeps none.

        They differ from a statement that an earlier run has learned, and this run has not asked
        about, in generated parts only: a UUID, a time, a hash.
        """
        with self._lock:
            contents = self._contents
            found = set() if contents is None else self._changing()
            return sorted({contents.statements[key]["sql"] for key in found} if contents else ())

    def _changing(self) -> set[str]:
        contents = self._contents
        shapes = {key: shape for key in self._learned if (shape := skeleton(key)) is not None}
        if contents is None or not shapes:
            return set()
        left = {skeleton(key) for key in contents.statements.keys() - self._asked}
        return {key for key, shape in shapes.items() if shape in left}

    @contextmanager
    def forgetting(self) -> Iterator[None]:
        """Forget at the end what is learned and asked meanwhile: the file gets none of it."""
        with self._lock:
            before = {name: copy(getattr(self, name)) for name in _LEARNED}
            contents = self._contents
            lines = None
            if contents is not None:
                lines = dict(contents.statements), dict(contents.answers)
        try:
            yield
        finally:
            with self._lock:
                vars(self).update(before)
                self._contents = contents
                if contents is not None and lines is not None:
                    contents.statements, contents.answers = lines

    def close(self) -> None:
        """Close the connection to the server, if there is one."""
        with self._lock:
            if self._describer is not None:
                self._describer.close()
                self._describer = None

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
        # The server's version is unknown until it is started: assume the file's.
        if (
            stored is not None
            and stored.fingerprint == self._fingerprint(stored.server)
            and (self._locked or stored.descriptions >= store.DESCRIPTIONS)
        ):
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
        """Read the schema, and describe every stored statement again."""
        self._refuse_if_locked(None)
        describer = self._connected_describer()
        known = [] if stored is None else [stored.asked(key) for key in sorted(stored.statements)]
        # A statement whose secret is not kept is asked again when it is sent.
        known = [line for line in known if "'...'" not in line[0]]
        asked = [(text, types) for text, types, context in known if context == NO_CONTEXT]
        contents = store.Contents(
            self._fingerprint(describer.major), describer.major, describer.schema_facts()
        )
        verdicts = describer.describe(
            [statement for statement, _ in asked], [declared for _, declared in asked]
        )
        for (normalized, declared), verdict in zip(asked, verdicts, strict=True):
            contents.add_verdict(normalized, verdict, declared)
        for normalized, declared, context in known:
            if context != NO_CONTEXT:
                verdict = describer.describe_in(context, normalized, declared)
                contents.add_verdict(normalized, verdict, declared, context)
        if stored is not None:
            self._answer_again(stored, contents, describer)
        self._contents = contents
        self._renewed = stored is not None
        self._compared = True
        self._verdicts.clear()

    def _answer_again(
        self, stored: store.Contents, contents: store.Contents, describer: Describer
    ) -> None:
        """Run the stored queries that PostgreSQL still accepts again."""
        for line in stored.answers.values():
            normalized, declared = line["answered"], tuple(line.get("declared", ()))
            verdict = contents.verdict(normalized)
            derived = with_declared_types(verdict, declared) if verdict is not None else None
            description = derived or contents.verdict(store.key(normalized, declared))
            if isinstance(description, Description):
                answer = describer.answer(normalized, description, line["given"])
                contents.add_answer(normalized, answer, declared, line["given"])

    def _look_up(
        self, normalized: str, declared: Sequence[str], context: Context = NO_CONTEXT
    ) -> Verdict:
        if any(declared):
            derived = with_declared_types(self._look_up(normalized, (), context), declared)
            if derived is not None:
                return derived
        else:
            declared = ()
        kept = without_secrets(normalized)
        key = store.key(kept, declared, context=context)
        self._asked.add(key)
        stored = self._known().verdict(key)
        if stored is not None:
            return stored
        self._refuse_if_locked(normalized)
        if key in self._unanswered:
            raise self._unanswered[key].with_traceback(None)
        try:
            describer = self._current_describer()
            if context != NO_CONTEXT:
                verdict = describer.describe_in(context, normalized, declared)
            else:
                (verdict,) = describer.describe([normalized], [declared] if declared else ())
        except CatalogError as error:
            self._unanswered[key] = error
            raise
        # The refusal of a secret may be about its form, which another's need not have.
        has_secret = kept != normalized
        if _can_be_stored(normalized) and not (has_secret and isinstance(verdict, Refusal)):
            self._known().add_verdict(kept, verdict, declared, context)
            self._learned.add(key)
        return verdict

    def _current_describer(self) -> Describer:
        """Return a describer, after renewing the contents if they are for another schema.

        Comparing the schema itself is necessary: a function that creates the schema may read
        something that the fingerprint does not cover.
        """
        describer = self._connected_describer()
        if not self._compared:
            contents = self._known()
            if describer.major != contents.server or describer.schema_facts() != contents.facts:
                self._renew(contents)
            self._compared = True
        return describer

    def _refuse_if_locked(self, normalized: str | None) -> None:
        if self._locked:
            is_there = self._path is not None and self._path.exists()
            raise CatalogLocked(report.locked(self._path, normalized, is_there=is_there))

    def _connected_describer(self) -> Describer:
        if self._describer is not None and not self._describer.is_alive():
            self._describer.close()
            self._describer = None
        if self._describer is None:
            self._describer = self._connect()
        return self._describer


def save(path: Path, deltas: Sequence[CatalogDelta], *, disposable: bool = False) -> None:
    """Add to the file what the processes of a run have learned.

    Args:
        path: the file.
        deltas: what each process has learned.
        disposable: replace a broken file instead of raising.

    Raises:
        CatalogFileError: the file is broken; it is left as it is.
        CatalogError: the file cannot be written; it is left as it is.
    """
    for delta in deltas:
        contents = store.parse(delta.text, path)
        try:
            store.merge(path, contents)
        except CatalogFileError:
            if not disposable:
                raise
            store.write(path, contents)


def _can_be_stored(statement: str) -> bool:
    """Return whether a statement is valid UTF-8; a lone surrogate is not."""
    try:
        statement.encode()
    except UnicodeEncodeError:
        return False
    return True
