"""The catalog's file: committed, one line for each thing known, sorted.

The first line says what the file is, and of which schema. Each other line is one JSON object: a
type, a constraint or a statement. So two branches that each learn a statement merge as lines of
text do, and a change shows as the lines that it changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from understudy.catalog import messages
from understudy.catalog.description import (
    Column,
    Constraint,
    Description,
    ParsedOnly,
    Refusal,
    SchemaFacts,
    TypeFacts,
    Verdict,
)
from understudy.catalog.errors import CatalogError, CatalogFileError

FORMAT = 1
Line = dict[str, Any]


@dataclass
class Contents:
    """What a catalog's file holds.

    Attributes:
        fingerprint: of the schema that the verdicts are about.
        postgres: the major version of the PostgreSQL that gave them.
        facts: what is known of the schema besides its statements.
        statements: the stored form of each verdict, by the statement's spelling; see `verdict`.
    """

    fingerprint: str
    postgres: int
    facts: SchemaFacts
    statements: dict[str, Line] = field(default_factory=dict)

    def verdict(self, spelling: str) -> Verdict | None:
        """Return what PostgreSQL said of a statement; None where it is not known."""
        line = self.statements.get(spelling)
        return None if line is None else _read_verdict(line)

    def learn(self, spelling: str, verdict: Verdict) -> None:
        """Add what PostgreSQL said of a statement."""
        self.statements[spelling] = {"sql": spelling, **_verdict_line(verdict)}


def read(path: Path) -> Contents | None:
    """Read the file at `path`; None where there is none.

    Verdicts are decoded when they are asked for: a large file is read in a few milliseconds.

    Raises:
        CatalogFileError: the file is broken, is not a catalog, or is of a later version of ours.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogFileError(messages.unreadable(path, error)) from error
    lines = _parse(path, text)
    header = lines[0] if lines else {}
    if header.get("understudy") != FORMAT:
        raise CatalogFileError(messages.not_a_catalog(path, header.get("understudy"), FORMAT))
    try:
        return _contents(header, lines[1:])
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogFileError(messages.broken_header(path, error)) from error


def write(path: Path, contents: Contents) -> None:
    """Replace the file at `path`, at once and as a whole.

    Raises:
        CatalogError: it cannot be written; what was there is still there.
    """
    text = "".join(f"{line}\n" for line in _lines(contents))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            # mkstemp makes files that only their owner may read; this one is to be committed.
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            raise
    except OSError as error:
        raise CatalogError(messages.unwritable(path, error)) from error


def statement_line(spelling: str, verdict: Verdict) -> str:
    """Return the line of a statement, as it stands in the file."""
    return _dump({"sql": spelling, **_verdict_line(verdict)})


# Reading -----------------------------------------------------------------------------------------


def _parse(path: Path, text: str) -> list[Line]:
    lines = [line for line in text.split("\n") if line]
    try:
        # All lines as one document: several times faster than one by one.
        parsed = json.loads(f"[{','.join(lines)}]")
        if len(parsed) == len(lines) and all(isinstance(each, dict) for each in parsed):
            return list(parsed)
    except ValueError:
        pass  # found again below, with the number of its line
    for number, line in enumerate(text.split("\n"), 1):
        if line:
            try:
                if not isinstance(json.loads(line), dict):
                    raise ValueError("not an object")
            except ValueError as error:
                raise CatalogFileError(messages.broken_line(path, number, line, error)) from error
    raise CatalogFileError(messages.broken_line(path, 1, lines[0], ValueError("not one object")))


def _contents(header: Line, lines: Iterable[Line]) -> Contents:
    types: dict[str, TypeFacts] = {}
    constraints: list[Constraint] = []
    statements: dict[str, Line] = {}
    for line in lines:
        if "sql" in line:
            statements[line["sql"]] = line
        elif "type" in line:
            types[line["type"]] = _read_type(line)
        else:
            constraints.append(_read_constraint(line))
    facts = SchemaFacts(types, tuple(constraints))
    return Contents(str(header["fingerprint"]), int(header["postgres"]), facts, statements)


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
    for each in sorted(contents.facts.constraints, key=lambda each: (each.table, each.name)):
        line = {"constraint": each.name, **_without_defaults(asdict(each)), "columns": each.columns}
        del line["name"]
        yield _dump(line)
    for spelling in sorted(contents.statements):
        yield _dump(contents.statements[spelling])


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
