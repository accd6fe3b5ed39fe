"""An example test for each layer: candidates, of which the first that passes is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import dedent, indent

from understudy.project.sources import Module

_LAYER_WORDS = {
    "router": {"router", "routers", "routes", "route", "api", "endpoints", "views", "path"},
    "service": {"service", "services", "usecase", "usecases"},
    "dao": {"dao", "daos", "repository", "repositories", "repo", "crud", "dal"},
    "dto": {"dto", "dtos", "schema", "schemas", "models", "pydantic"},
}

_OTHERS = {"fastapi", "httpx", "pydantic", "pytest", "sqlalchemy", "sqlmodel", "understudy"}


@dataclass(frozen=True)
class Candidate:
    """A test file that may pass.

    Attributes:
        layer: what it shows. `file`: its name, without a folder. `text`: what is in it.
    """

    layer: str
    file: str
    text: str


@dataclass(frozen=True)
class Layer:
    """The candidates for one layer, the best first, and the reason if there are none."""

    candidates: Sequence[Candidate]
    reason: str = ""


def layer_of(candidates: Sequence[Candidate], otherwise: str) -> Layer:
    """Return a layer's candidates, with the reason only if there are none."""
    return Layer(candidates, "" if candidates else otherwise)


def file_name(module: Module, layer: str) -> str:
    """`test_<module>_<layer>.py`, the module without words that only say which layer it is."""
    parts = [part for part in module.name.split(".") if part]
    for part in reversed(parts):
        rest = [word for word in part.split("_") if word.lower() not in _LAYER_WORDS[layer]]
        if rest:
            return f"test_{'_'.join(rest).lower()}_{layer}.py"
    return f"test_{parts[-1].lower()}_{layer}.py"


def render(about: str, imports: Iterable[str], bodies: Sequence[str]) -> str:
    """A test file: its docstring, its imports in order, its tests."""
    standard, others, own = [], [], []
    for line in sorted(_merged(imports), key=_import_order):
        package = line.split()[1].partition(".")[0]
        if package in ("datetime", "typing", "unittest", "uuid"):
            standard.append(line)
        elif package in _OTHERS:
            others.append(line)
        else:
            own.append(line)
    blocks = ["\n".join(block) for block in (standard, others, own) if block]
    head = "\n\n".join([f'"""{about}"""', *blocks])
    return "\n\n\n".join([head, *(dedent(body).strip("\n") for body in bodies)]) + "\n"


def _merged(imports: Iterable[str]) -> Iterator[str]:
    """The imports, those from one module on one line: constants, then classes, then functions."""
    by_module: dict[str, set[str]] = {}
    for line in imports:
        source, _, name = line.partition(" import ")
        by_module.setdefault(source, set()).add(name)
    for source, names in by_module.items():
        ordered = sorted(names, key=lambda each: (not each.isupper(), each.islower(), each))
        yield f"{source} import {', '.join(ordered)}" if ordered[0] else source


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line.split()[1]


def quoted(text: str) -> str:
    """A string literal, in double quotes unless that needs escaping."""
    plain = repr(text)
    if '"' in text or plain[0] == '"':
        return plain
    return '"' + plain[1:-1].replace("\\'", "'") + '"'


def sql_block(statement: str, depth: int) -> str:
    """SQL as a literal of several lines, if it can stand in one as it is."""
    if "\\" in statement or '"""' in statement:
        return quoted(statement)
    lines = dedent(statement.expandtabs(4)).strip("\n").rstrip().splitlines()
    body = indent("\n".join(line.rstrip() for line in lines), " " * depth)
    return f'"""\n{body}\n{" " * depth}"""'


def words_of(name: str) -> str:
    """A name as part of a test's name: "GET /users/{id}" is get_users_id."""
    kept = "".join(letter.lower() if letter.isalnum() else "_" for letter in name)
    return "_".join(filter(None, kept.split("_")))


def import_line(module: str, name: str) -> str:
    """The import of a class or function, of a nested class that of the outermost."""
    return f"from {module} import {name.partition('.')[0]}"
