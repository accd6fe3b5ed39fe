"""The catalog file, which is committed: one JSON object per line, sorted.

The first line identifies the file and its schema. Each other line is a type, a constraint, a
statement or an answer. Two branches that each learn a statement merge without conflict, and a diff
shows what has changed.
"""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from understudy.atomic_write import write_files
from understudy.catalog import report
from understudy.catalog.cached_answers import Answer
from understudy.catalog.catalog_lines import (
    Line,
    answer_line,
    constraint_line,
    context_of,
    default_line,
    dump,
    read_answer,
    read_constraint,
    read_default,
    read_type,
    read_verdict,
    type_line,
    verdict_line,
)
from understudy.catalog.description import Constraint, Default, SchemaFacts, Verdict
from understudy.catalog.errors import CatalogError, CatalogFileError
from understudy.catalog.locking import locked
from understudy.catalog.session_schema import NO_CONTEXT, Context
from understudy.pg.types import TypeFacts

R = TypeVar("R")
FORMAT = 1
# The major version of PostgreSQL, or the name and version of another server: "MariaDB 10.11".
Server = int | str
# What the lines of statements tell. Raise it when they tell more: an older file is still read, and
# is described again as soon as PostgreSQL may be asked.
DESCRIPTIONS = 3


def shown_server(server: Server) -> str:
    """Return the name and the version of a server."""
    return f"PostgreSQL {server}" if isinstance(server, int) else server


def named_server(server: Server) -> Line:
    """Return a server as the first line of the file tells it."""
    return {"postgres" if isinstance(server, int) else "server": server}


@dataclass
class Contents:
    """The content of a catalog file.

    Attributes:
        fingerprint: the fingerprint of the schema.
        server: what gave the verdicts: the major version of PostgreSQL, or the name and version of
            another server.
        facts: the types and constraints of the schema.
        statements: the line of each verdict, by the `key` of its statement; see `verdict`.
        answers: the line of each answer to a query of the system catalogs, by the `key` of the
            query and its parameters; see `answer`.
        descriptions: what the lines of statements tell; see `DESCRIPTIONS`.
    """

    fingerprint: str
    server: Server
    facts: SchemaFacts
    statements: dict[str, Line] = field(default_factory=dict)
    answers: dict[str, Line] = field(default_factory=dict)
    descriptions: int = DESCRIPTIONS

    def verdict(self, key: str) -> Verdict | None:
        """Return the verdict on a statement, or None if it is unknown.

        Raises:
            CatalogFileError: the line is incomplete.
        """
        is_complete = self.descriptions >= DESCRIPTIONS
        return _read(self.statements, key, partial(read_verdict, is_complete=is_complete))

    def asked(self, key: str) -> tuple[str, tuple[str, ...], Context]:
        """Return the statement with a key, the declared types of its parameters, its context."""
        line = self.statements[key]
        return line["sql"], tuple(line.get("declared", ())), context_of(line)

    def answer(self, key: str) -> Answer | None:
        """Return the answer to a query, or None if it is unknown.

        Raises:
            CatalogFileError: the line is incomplete.
        """
        return _read(self.answers, key, read_answer)

    def add_answer(
        self, statement: str, answer: Answer, declared: Sequence[str], given: Sequence[str | None]
    ) -> None:
        """Add the answer to a query with these parameters, given as texts."""
        line: Line = {"answered": statement, "given": list(given)}
        if declared:
            line["declared"] = list(declared)
        self.answers[key(statement, declared, given)] = {**line, **answer_line(answer)}

    def is_about_the_same(self, other: Contents) -> bool:
        """Return whether both are about the same schema and server, and tell as much."""
        return (self.fingerprint, self.server, self.descriptions) == (
            other.fingerprint,
            other.server,
            other.descriptions,
        )

    def add_verdict(
        self,
        statement: str,
        verdict: Verdict,
        declared: Sequence[str] = (),
        context: Context = NO_CONTEXT,
    ) -> None:
        """Add the verdict on a statement whose parameters have these declared types."""
        line: Line = {"sql": statement}
        if declared:
            line["declared"] = list(declared)
        if context.search_path is not None:
            line["search_path"] = context.search_path
        if context.changes:
            line["after"] = list(context.changes)
        name = key(statement, declared, context=context)
        self.statements[name] = {**line, **verdict_line(verdict)}


def _read(lines: Mapping[str, Line], key: str, read: Callable[[Line], R]) -> R | None:
    """Return what a line of the file says, or None if it is not there."""
    line = lines.get(key)
    if line is None:
        return None
    try:
        return read(line)
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogFileError(report.broken_statement(key, error)) from error


def key(
    statement: str,
    declared: Sequence[str],
    given: Sequence[str | None] | None = None,
    context: Context = NO_CONTEXT,
) -> str:
    """Return the key of a statement: its text, with what it depends on as comments.

    Args:
        statement: the normalized statement.
        declared: the declared types of its parameters.
        given: the parameters; None for the key of a verdict.
        context: what the session has made.
    """
    text = statement
    if context.search_path is not None:
        text += f"\n-- search_path: {context.search_path}"
    for change in context.changes:
        text += f"\n-- after: {json.dumps(change, ensure_ascii=False)}"
    if declared:
        text += f"\n-- declared: {', '.join(name or 'unknown' for name in declared)}"
    if given is not None:
        text += f"\n-- given: {json.dumps(list(given), ensure_ascii=False)}"
    return text


def read(path: Path) -> Contents | None:
    """Read the file at `path`, or return None if it does not exist.

    Verdicts are decoded when they are needed: a large file is read in a few milliseconds.

    Raises:
        CatalogFileError: the file is broken, is not a catalog, or has a newer format.
    """
    try:
        # An editor may have added a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogFileError(report.unreadable(path, error)) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Contents:
    """Read the text of a catalog file; `path` appears in messages only.

    Raises:
        CatalogFileError: the text is not a valid catalog.
    """
    # Not splitlines: it would also split at U+2028, which a statement may contain.
    lines = text.split("\n")
    documents = _documents(path, lines)
    header = documents[0] if documents else {}
    if header.get("understudy") != FORMAT:
        raise CatalogFileError(report.not_a_catalog(path, header.get("understudy"), FORMAT))
    return _contents(path, lines, documents)


def text_of(contents: Contents) -> str:
    """Return the text of the file with these contents."""
    return "".join(f"{line}\n" for line in _lines(contents))


def write(path: Path, contents: Contents) -> bool:
    """Replace the file at `path` atomically, and return whether its content has changed.

    Raises:
        CatalogError: the file cannot be written; it is left as it is.
    """
    data = text_of(contents).encode()
    try:
        if path.is_file() and path.read_bytes().replace(b"\r\n", b"\n") == data:
            return False
        write_files({path: data})
    except OSError as error:
        raise CatalogError(
            f"the catalog {path} cannot be written: {error.strerror}; it is as it was"
        ) from error
    return True


def merge(path: Path, contents: Contents) -> bool:
    """Add `contents` to the file at `path`, and return whether that changed it.

    Entries for the same schema and major version are kept; those for another are replaced.
    Processes that merge at the same time wait for each other.

    Raises:
        CatalogFileError: the file is broken; it is left as it is.
        CatalogError: the file cannot be written; it is left as it is.
    """
    with locked(path.resolve().parent):
        current = read(path)
        if current is not None and current.is_about_the_same(contents):
            statements = {**current.statements, **contents.statements}
            answers = {**current.answers, **contents.answers}
            contents = replace(contents, statements=statements, answers=answers)
        return write(path, contents)


# Reading -----------------------------------------------------------------------------------------


def _documents(path: Path, lines: Sequence[str]) -> list[Line]:
    """Return the JSON object of each line that is not empty."""
    filled = [line for line in lines if line]
    try:
        # All lines as one document: several times faster than one by one.
        with _garbage_collection_paused():
            parsed = json.loads(f"[{','.join(filled)}]")
        if len(parsed) == len(filled) and all(isinstance(line, dict) for line in parsed):
            return list(parsed)
    except (ValueError, RecursionError):
        pass  # raised again below, with the number of the line
    return [_document(path, number, line) for number, line in enumerate(lines, 1) if line]


@contextlib.contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Pause garbage collection: with thousands of new objects it takes as long as the parsing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _document(path: Path, number: int, line: str) -> Line:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CatalogFileError(report.broken_line(path, number, line, str(error))) from error
    if not isinstance(document, dict):
        raise CatalogFileError(report.broken_line(path, number, line, "not a JSON object"))
    return document


def _contents(path: Path, lines: Sequence[str], documents: Sequence[Line]) -> Contents:
    types: dict[str, TypeFacts] = {}
    constraints: list[Constraint] = []
    defaults: list[Default] = []
    statements: dict[str, Line] = {}
    answers: dict[str, Line] = {}
    number = 0
    try:
        header = documents[0]
        fingerprint = str(header["fingerprint"])
        server = str(header["server"]) if "server" in header else int(header["postgres"])
        descriptions = int(header.get("descriptions", 1))
        for number, line in enumerate(documents[1:], 1):  # noqa: B007 # for the message below
            if "sql" in line:
                # Tested first, since thousands of lines declare nothing.
                if "declared" in line or "after" in line or "search_path" in line:
                    name = key(line["sql"], line.get("declared", ()), context=context_of(line))
                    statements[name] = line
                else:
                    statements[line["sql"]] = line
            elif "answered" in line:
                answers[key(line["answered"], line.get("declared", ()), line["given"])] = line
            elif "type" in line:
                types[line["type"]] = read_type(line)
            elif "default" in line:
                defaults.append(read_default(line))
            elif "understudy" in line:
                raise ValueError(
                    "a second first line: keep one of them, the next run sees to the rest"
                )
            else:
                constraints.append(read_constraint(line))
        # All at once: a check of each would double the time that reading takes.
        if set(map(type, statements)) - {str}:
            texts = (type(line.get("sql", "")) for line in documents)
            number = next(at for at, kind in enumerate(texts) if kind is not str)
            raise ValueError("its 'sql' has an unexpected value")
    except (KeyError, TypeError, ValueError) as error:
        place, text = [(at, line) for at, line in enumerate(lines, 1) if line][number]
        reason = report.lacking(error) if isinstance(error, KeyError) else str(error)
        raise CatalogFileError(report.broken_line(path, place, text, reason)) from error
    facts = SchemaFacts(types, tuple(constraints), tuple(defaults))
    return Contents(fingerprint, server, facts, statements, answers, descriptions)


# Writing -----------------------------------------------------------------------------------------


def _lines(contents: Contents) -> Iterator[str]:
    yield dump(
        {
            "understudy": FORMAT,
            **named_server(contents.server),
            "descriptions": contents.descriptions,
            "fingerprint": contents.fingerprint,
        }
    )
    for name in sorted(contents.facts.types):
        yield dump(type_line(name, contents.facts.types[name]))
    for constraint in sorted(contents.facts.constraints, key=_constraint_order):
        yield dump(constraint_line(constraint))
    # In their order, which is that of their strength.
    yield from (dump(default_line(default)) for default in contents.facts.defaults)
    for known in (contents.statements, contents.answers):
        for name in sorted(known):
            yield dump(known[name])


def _constraint_order(constraint: Constraint) -> tuple[str, str, str, tuple[str, ...], str]:
    owner = constraint.owner or ""
    return constraint.table, constraint.name, constraint.kind, constraint.columns, owner
