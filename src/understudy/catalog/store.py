"""The catalog's file: committed, one line for each thing known, sorted.

The first line says what the file is, and of which schema. Each other line is one JSON object: a
type, a constraint or a statement. So two branches that each learn a statement merge as lines of
text do, and a change shows as the lines that it changed.
"""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from understudy.atomic_write import write_files
from understudy.catalog import report
from understudy.catalog.cached_answers import Answer, Kept
from understudy.catalog.description import (
    Column,
    Constraint,
    Description,
    ParsedOnly,
    Refusal,
    SchemaFacts,
    Verdict,
)
from understudy.catalog.errors import CatalogError, CatalogFileError
from understudy.catalog.locking import locked
from understudy.pg.types import TypeFacts

FORMAT = 1
Line = dict[str, Any]


@dataclass
class Contents:
    """What a catalog's file holds.

    Attributes:
        fingerprint: of the schema that the verdicts are about.
        postgres: the major version of the PostgreSQL that gave them.
        facts: what is known of the schema besides its statements.
        statements: the stored form of each verdict, by the `key` of its statement; see `verdict`.
        answers: the stored form of what was answered to queries of the system catalogs, by the
            `key` of the query and its parameters; see `answer`.
    """

    fingerprint: str
    postgres: int
    facts: SchemaFacts
    statements: dict[str, Line] = field(default_factory=dict)
    answers: dict[str, Line] = field(default_factory=dict)

    def verdict(self, spelling: str) -> Verdict | None:
        """Return what PostgreSQL said of a statement; None where it is not known.

        Raises:
            CatalogFileError: its line lacks what it must have.
        """
        line = self.statements.get(spelling)
        if line is None:
            return None
        try:
            return _read_verdict(line)
        except (KeyError, TypeError) as error:
            raise CatalogFileError(report.broken_statement(spelling, error)) from error

    def asked(self, key: str) -> tuple[str, tuple[str, ...]]:
        """Return the statement of a key, and the types that were declared for its parameters."""
        line = self.statements[key]
        return line["sql"], tuple(line.get("declared", ()))

    def answer(self, key: str) -> Answer | None:
        """Return what PostgreSQL answered to a query; None where that is not known.

        Raises:
            CatalogFileError: its line lacks what it must have.
        """
        line = self.answers.get(key)
        if line is None:
            return None
        try:
            if "refused" in line:
                return Refusal(**line["refused"])
            return Kept(tuple(map(tuple, line["rows"])))
        except (KeyError, TypeError) as error:
            raise CatalogFileError(report.broken_statement(key, error)) from error

    def keep(
        self, spelling: str, answer: Answer, declared: Sequence[str], given: Sequence[str | None]
    ) -> None:
        """Add what PostgreSQL answered to a query with these parameters, given as texts."""
        line: Line = {"answered": spelling, "given": list(given)}
        if declared:
            line["declared"] = list(declared)
        if isinstance(answer, Refusal):
            line["refused"] = _without_defaults(asdict(answer))
        else:
            line["rows"] = [list(row) for row in answer.rows]
        self.answers[key(spelling, declared, given)] = line

    def is_about_the_same(self, other: Contents) -> bool:
        """Say whether the verdicts are about the same schema, and of the same PostgreSQL."""
        return (self.fingerprint, self.postgres) == (other.fingerprint, other.postgres)

    def learn(self, spelling: str, verdict: Verdict, declared: Sequence[str] = ()) -> None:
        """Add what PostgreSQL said of a statement, with these types of its parameters declared."""
        line = {"sql": spelling, **({"declared": list(declared)} if declared else {})}
        self.statements[key(spelling, declared)] = {**line, **_verdict_line(verdict)}


def key(spelling: str, declared: Sequence[str], given: Sequence[str | None] | None = None) -> str:
    """Return what a statement is kept under: its spelling, and comments for what else counts.

    Args:
        spelling: the statement.
        declared: the types that are declared for its parameters.
        given: the parameters, where it is about the answer.
    """
    text = spelling
    if declared:
        text += f"\n-- declared: {', '.join(each or 'unknown' for each in declared)}"
    if given is not None:
        text += f"\n-- given: {json.dumps(list(given), ensure_ascii=False)}"
    return text


def read(path: Path) -> Contents | None:
    """Read the file at `path`; None where there is none.

    Verdicts are decoded when they are asked for: a large file is read in a few milliseconds.

    Raises:
        CatalogFileError: the file is broken, is not a catalog, or is of a later version of ours.
    """
    try:
        # An editor may have put a byte order mark before it.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogFileError(report.unreadable(path, error)) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Contents:
    """Read the text of a file; `path` is for the message where it is broken.

    Raises:
        CatalogFileError: the text is not that of a catalog.
    """
    # Not splitlines: it would also split at U+2028, which a statement may hold.
    lines = text.split("\n")
    documents = _documents(path, lines)
    header = documents[0] if documents else {}
    if header.get("understudy") != FORMAT:
        raise CatalogFileError(report.not_a_catalog(path, header.get("understudy"), FORMAT))
    return _contents(path, lines, documents)


def text_of(contents: Contents) -> str:
    """Return the text of the file that holds `contents`."""
    return "".join(f"{line}\n" for line in _lines(contents))


def write(path: Path, contents: Contents) -> bool:
    """Replace the file at `path`, at once and as a whole, and say whether it had to be.

    Raises:
        CatalogError: it cannot be written; what was there is still there.
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
    """Add `contents` to the file at `path`, and say whether that changed it.

    What the file says of the same schema and the same PostgreSQL is kept; what it says of another
    is replaced. Two that merge at the same time wait for each other.

    Raises:
        CatalogFileError: the file is broken; it stays as it is.
        CatalogError: it cannot be written; it stays as it is.
    """
    with locked(path.resolve().parent):
        current = read(path)
        if current is not None and current.is_about_the_same(contents):
            statements = {**current.statements, **contents.statements}
            answers = {**current.answers, **contents.answers}
            contents = replace(contents, statements=statements, answers=answers)
        return write(path, contents)


def statement_line(spelling: str, verdict: Verdict) -> str:
    """Return the line of a statement, as it stands in the file."""
    return _dump({"sql": spelling, **_verdict_line(verdict)})


# Reading -----------------------------------------------------------------------------------------


def _documents(path: Path, lines: Sequence[str]) -> list[Line]:
    """Return the JSON object of each line that is not empty."""
    filled = [line for line in lines if line]
    try:
        # All lines as one document: several times faster than one by one.
        with _nothing_collected():
            parsed = json.loads(f"[{','.join(filled)}]")
        if len(parsed) == len(filled) and all(isinstance(each, dict) for each in parsed):
            return list(parsed)
    except (ValueError, RecursionError):
        pass  # found again below, with the number of its line
    return [_document(path, number, line) for number, line in enumerate(lines, 1) if line]


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """Do not look for garbage among thousands of new objects of which none is: it takes as long."""
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
        raise CatalogFileError(report.broken_line(path, number, line, "it is no JSON object"))
    return document


def _contents(path: Path, lines: Sequence[str], documents: Sequence[Line]) -> Contents:
    types: dict[str, TypeFacts] = {}
    constraints: list[Constraint] = []
    statements: dict[str, Line] = {}
    answers: dict[str, Line] = {}
    number = 0
    try:
        header = documents[0]
        fingerprint, postgres = str(header["fingerprint"]), int(header["postgres"])
        for number, line in enumerate(documents[1:], 1):  # noqa: B007 # for the message below
            if "sql" in line:
                spelling = line["sql"]
                # Asked first, since thousands of lines declare nothing.
                named = key(spelling, line["declared"]) if "declared" in line else spelling
                statements[named] = line
            elif "answered" in line:
                named = key(line["answered"], line.get("declared", ()), line["given"])
                answers[named] = line
            elif "type" in line:
                types[line["type"]] = _read_type(line)
            elif "understudy" in line:
                raise ValueError(
                    "a second first line: keep one of them, the next run sees to the rest"
                )
            else:
                constraints.append(_read_constraint(line))
    except (KeyError, TypeError, ValueError) as error:
        place, text = [(at, line) for at, line in enumerate(lines, 1) if line][number]
        reason = report.lacking(error) if isinstance(error, KeyError) else str(error)
        raise CatalogFileError(report.broken_line(path, place, text, reason)) from error
    facts = SchemaFacts(types, tuple(constraints))
    return Contents(fingerprint, postgres, facts, statements, answers)


def _read_type(line: Line) -> TypeFacts:
    return TypeFacts(
        line["kind"],
        labels=tuple(line.get("labels", ())),
        base=line.get("base"),
        fields=tuple((name, kind) for name, kind in line.get("fields", ())),
        not_null=line.get("not_null", False),
    )


def _read_constraint(line: Line) -> Constraint:
    columns = tuple(line["columns"])
    return Constraint(
        line["constraint"], line["table"], line["kind"], columns, line.get("references")
    )


def _read_verdict(line: Line) -> Verdict:
    if "refused" in line:
        return Refusal(**line["refused"])
    if "parsed" in line:
        return ParsedOnly(line["parsed"])
    return Description(
        line["command"],
        tuple(line["parameters"]),
        tuple(Column(*column) for column in line["columns"]),
        tuple(line["tables"]),
        tuple(line["touches"]),
    )


# Writing -----------------------------------------------------------------------------------------


def _lines(contents: Contents) -> Iterator[str]:
    yield _dump(
        {
            "understudy": FORMAT,
            "postgres": contents.postgres,
            "fingerprint": contents.fingerprint,
        }
    )
    for name in sorted(contents.facts.types):
        yield _dump({"type": name, **_without_defaults(asdict(contents.facts.types[name]))})
    for each in sorted(contents.facts.constraints, key=_constraint_order):
        line = {"constraint": each.name, **_without_defaults(asdict(each)), "columns": each.columns}
        del line["name"]
        yield _dump(line)
    for spelling in sorted(contents.statements):
        yield _dump(contents.statements[spelling])
    for named in sorted(contents.answers):
        yield _dump(contents.answers[named])


def _constraint_order(constraint: Constraint) -> tuple[str, str, str, tuple[str, ...]]:
    return constraint.table, constraint.name, constraint.kind, constraint.columns


def _verdict_line(verdict: Verdict) -> Line:
    if isinstance(verdict, Refusal):
        return {"refused": _without_defaults(asdict(verdict))}
    if isinstance(verdict, ParsedOnly):
        return {"parsed": verdict.command}
    return {
        "command": verdict.command,
        "parameters": list(verdict.parameters),
        "columns": [[c.name, c.type, c.origin, c.nullability] for c in verdict.columns],
        "tables": list(verdict.tables),
        "touches": list(verdict.touches),
    }


def _without_defaults(values: Mapping[str, Any]) -> Line:
    return {name: value for name, value in values.items() if value not in (None, (), False)}


def _dump(line: Mapping[str, Any]) -> str:
    # Characters that JSON allows raw and editors show as line breaks are escaped with the rest.
    text = json.dumps(line, ensure_ascii=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
