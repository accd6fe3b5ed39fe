"""The text of a written test file: a new one, or an existing one with what it lacks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill, indent

from understudy.init.examples import import_block
from understudy.init.findings import Findings
from understudy.project import ruff
from understudy.project.imports import with_imports
from understudy.script.formatting import python_literal
from understudy.write import assertions, rendering, test_names, untyped
from understudy.write.trials import Kept, Layer, LeftOut, Setup, Trial
from understudy.write.wrapping import WIDTH, wrapped

_TITLES = {"dao": "DAO", "service": "service", "router": "routes", "dto": "models"}
_STEP = "    "


@dataclass(frozen=True)
class Style:
    """How the project writes its tests.

    Attributes:
        marker: the mark of an async test: "pytest.mark.asyncio"; "" if none is needed.
        width: how long a line may be.
        file: the file that is written, whose configuration of ruff counts; None to format nothing.
        first_party: the top-level packages of the project, whose imports come last.
    """

    marker: str = "pytest.mark.asyncio"
    width: int = WIDTH
    file: Path | None = None
    first_party: tuple[str, ...] = ()


@dataclass(frozen=True)
class Merged:
    """The text of a test file.

    Attributes:
        text: it.
        names: the name of the test of each trial; "" for one that the file had already.
    """

    text: str
    names: list[str]


def style_of(findings: Findings, file: Path, *, has_asyncio: bool) -> Style:
    """Return how a project writes the tests in a file.

    Args:
        findings: what is known of the project.
        file: the file that is written.
        has_asyncio: whether pytest-asyncio is loaded.
    """
    runners = next(iter(findings.modules)).project.runners
    if has_asyncio:
        marker = "" if runners.asyncio_auto else "pytest.mark.asyncio"
    else:
        marker = "" if runners.anyio_auto else "pytest.mark.anyio"
    tops = {module.name.partition(".")[0] for module in findings.modules}
    return Style(marker, ruff.width(file), file, tuple(sorted(tops)))


def merged(
    existing: str,
    module: str,
    layer: Layer,
    kept: Sequence[Kept],
    left_out: Sequence[LeftOut] = (),
    style: Style = Style(),
) -> Merged:
    """Return a test file with the tests of some trials.

    What is there stays as it is. A test with the same preparation and the same call is there
    already, whatever its name and its assertions are.

    Args:
        existing: the text of the file; "" if there is none.
        module: the module under test.
        layer: its layer.
        kept: the trials, with their assertions.
        left_out: what no test reaches.
        style: how the project writes its tests.
    """
    present = _present(existing)
    names = test_names.Names(existing, kept)
    tests: list[tuple[Kept, str]] = []
    for one in kept:
        name = names.of(one)
        block = _test(one, name, style)
        key = _key(ast.parse(block).body[0])
        is_there = key in present
        present.add(key)
        tests.append((one, "" if is_there else block))
    blocks = [
        block for one, block in sorted(tests, key=lambda pair: not pair[0].suspicion) if block
    ]
    new = [one for one, block in tests if block]
    setups = dict.fromkeys(setup for one in new for setup in one.trial.setups)
    defined = {node.name for node in ast.parse(existing).body if isinstance(node, ast.FunctionDef)}
    head = [_fixture(setup, style) for setup in setups if setup.name not in defined]
    imports = sorted(_imports(new, [*setups], style))
    comments = [
        comment
        for comment in _comments(left_out, style.width)
        if comment not in existing.replace("\r\n", "\n")
    ]
    text = _file(existing, module, layer, imports, [*head, *blocks], comments, style)
    if untyped.calls_untyped((one.trial for one in new), style.first_party):
        text = _with_comment(text, untyped.COMMENT)
    written = [ast.parse(block).body[0] for _, block in tests if block]
    found = iter(node.name for node in written if isinstance(node, _FUNCTIONS))
    return Merged(text, [next(found) if block else "" for _, block in tests])


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


# A test ------------------------------------------------------------------------------------------


def _test(kept: Kept, name: str, style: Style) -> str:
    """Return the source of a test."""
    trial = kept.trial
    lines = [f"{_STEP}{line}" for line in _docstring(kept, style.width - len(_STEP))]
    body = list(trial.script) if not trial.target.call else _body(kept)
    lines += indent("\n".join(body), _STEP).splitlines()
    if kept.assertions:
        lines += ["", *(f"{_STEP}{line}" for part in kept.assertions for line in part.splitlines())]
    broken = [part for line in lines for part in wrapped(line.rstrip(), style.width)]
    return "\n".join([*_decorators(kept, style), *_header(trial, name, style), *broken]) + "\n"


def _body(kept: Kept) -> list[str]:
    """Return the preparation and the call; their long lines are broken later."""
    return rendering.body(kept.trial, assertions.act(kept))


def _decorators(kept: Kept, style: Style) -> Iterator[str]:
    trial = kept.trial
    if trial.parameters:
        names = [python_literal(name) for name, _ in trial.parameters]
        single = len(names) == 1
        cases = ", ".join(case[0] if single else f"({', '.join(case)})" for case in trial.cases)
        given = names[0] if single else f"({', '.join(names)})"
        line = f"@pytest.mark.parametrize({given}, [{cases}])"
        yield from wrapped(line, style.width)
    if kept.suspicion:
        line = f"@pytest.mark.xfail(strict=True, reason={python_literal(kept.suspicion)})"
        yield from wrapped(line, style.width)
    if style.marker and rendering.is_async(trial.target):
        yield f"@{style.marker}"


def _header(trial: Trial, name: str, style: Style) -> list[str]:
    fixtures = dict(trial.target.fixtures)
    fixtures |= {setup.name: setup.hint for setup in trial.setups}
    fixtures |= dict(trial.parameters)
    given = ", ".join(f"{fixture}: {hint}" for fixture, hint in fixtures.items())
    prefix = "async " if rendering.is_async(trial.target) else ""
    return wrapped(f"{prefix}def {name}({given}) -> None:", style.width)


def _docstring(kept: Kept, width: int) -> list[str]:
    trial = kept.trial
    is_plain = test_names.scenario(kept) != trial.scenario
    about = "" if is_plain else trial.about or trial.scenario.replace("_", " ")
    text = test_names.plain(f"{test_names.outcome(kept)} {about}".strip())
    if len(text) + 7 > width:
        text = text.replace(trial.target.name, "it", 1)
    # The name of a function stays as it is.
    text = f"{text if text.startswith(trial.target.name) else text[:1].upper() + text[1:]}."
    # The numbers of lines change, and what it does is in the first sentence.
    shows = [test_names.plain(one) for one in kept.shows if not one.startswith(("line ", "it "))]
    notices = f"Only this test notices: {shows[0]}." if shows else ""
    if not shows or len(notices) > width:
        return [f'"""{text}"""']
    return [f'"""{text}', "", notices, '"""']


def _fixture(setup: Setup, style: Style) -> str:
    """Return a fixture of the written file."""
    given = ", ".join(f"{name}: {hint}" for name, hint in setup.takes)
    lines = wrapped(f"def {setup.name}({given}) -> {setup.hint}:", style.width)
    *body, last = setup.lines
    text = "\n".join(setup.lines)
    value = re.fullmatch(rf"{setup.name}(?:: [^=]+)? = (.*)", text, re.DOTALL)
    if len(ast.parse(text).body) > 1:
        value = None  # the value is not all that the fixture does
    returned = [f"return {value[1]}"] if value else [*body, last, f"return {setup.name}"]
    inner = [f'"""{setup.about}"""', *"\n".join(returned).splitlines()]
    lines += [part for line in inner for part in wrapped(f"{_STEP}{line}", style.width)]
    return "\n".join(["@pytest.fixture", *lines]) + "\n"


# What a file has already -------------------------------------------------------------------------


def _present(existing: str) -> set[tuple[str, ...]]:
    """Return what each test of a file prepares and calls."""
    return {
        _key(node)
        for node in ast.walk(ast.parse(existing))
        if isinstance(node, _FUNCTIONS) and node.name.startswith("test")
    }


def _key(node: ast.AST) -> tuple[str, ...]:
    """Return what a test takes, prepares and calls, and its cases, whatever it asserts."""
    assert isinstance(node, _FUNCTIONS), "a test is a function"
    cases = [ast.unparse(one) for one in node.decorator_list if "parametrize" in ast.unparse(one)]
    # A fixture may be all that differs: it signs a caller in.
    taken = sorted(argument.arg for argument in node.args.args)
    return (*cases, *taken, *_steps(node.body))


def _steps(body: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.With | ast.AsyncWith):
            managers = [ast.unparse(item.context_expr) for item in statement.items]
            yield from (
                one
                for one in managers
                if not one.startswith(("pytest.raises(", "real_postgres.changes("))
            )
            yield from _steps(statement.body)
        elif isinstance(statement, ast.Assign | ast.Expr):
            if not isinstance(statement.value, ast.Constant):  # a docstring
                yield ast.unparse(statement.value)
        elif not isinstance(statement, ast.Assert):
            yield ast.unparse(statement)


# The file ----------------------------------------------------------------------------------------


def _imports(kept: Sequence[Kept], setups: Sequence[Setup], style: Style) -> set[str]:
    lines: set[str] = set()
    for one in kept:
        target = one.trial.target
        lines |= rendering.imports(one.trial) | {*one.imports}
        if target.call:
            lines |= assertions.imports_of_act(one)
        if one.trial.parameters or one.suspicion or one.trial.setups:
            lines.add("import pytest")
        if style.marker and rendering.is_async(target):
            lines.add("import pytest")
        lines |= {
            f"from understudy import {hint}"
            for _, hint in target.fixtures
            if hint in ("RealPostgres", "FakePostgres")
        }
        lines |= {
            "from httpx import AsyncClient" for _, hint in target.fixtures if hint == "AsyncClient"
        }
    for setup in setups:
        lines |= {*setup.imports}
    return lines


def _comments(left_out: Sequence[LeftOut], width: int) -> list[str]:
    # That there was no time says nothing about the code.
    found = sorted(
        (one for one in left_out if not one.reason.startswith("no time")), key=lambda one: one.line
    )
    return [
        fill(
            f"not reached: line {one.line} ({one.name}), {one.reason}",
            width,
            initial_indent="# ",
            subsequent_indent="#     ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for one in found
    ]


def _file(
    existing: str,
    module: str,
    layer: Layer,
    imports: Sequence[str],
    blocks: Sequence[str],
    comments: Sequence[str],
    style: Style,
) -> str:
    """Return the text of the file, in the project's format."""
    if not blocks and not comments:
        return existing
    formatted = [_formatted(block, style) for block in blocks]
    if not existing:
        is_real = any("real_postgres" in block for block in blocks)
        place = ", on a real PostgreSQL" if is_real else ""
        title = f"Tests of the {_TITLES[layer]} in {module}{place}."
        head = _import_block(imports, style)
        parts = [f'"""{title}"""\n\n{head}', *formatted]
        text = "\n\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"
        if comments:
            text += "\n\n" + "\n".join(comments) + "\n"
        return _sorted(text, "", style)
    newline = "\r\n" if "\r\n" in existing else "\n"
    text = existing.replace("\r\n", "\n")
    text = with_imports(text, imports)
    text = text.rstrip("\n") + "\n"
    for block in formatted:
        text += "\n\n" + block.strip("\n") + "\n"
    if comments:
        text += "\n\n" + "\n".join(comments) + "\n"
    return _sorted(text, existing, style).replace("\n", newline)


def _with_comment(text: str, comment: str) -> str:
    """Return a file with a comment below its docstring, if it has none of it yet."""
    if comment.rpartition("\n")[2] in text.replace("\r\n", "\n"):
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    first = ast.parse(text).body[:1]
    is_docstring = first and isinstance(first[0], ast.Expr) and ast.get_docstring(ast.parse(text))
    line = (first[0].end_lineno or 0) if is_docstring else 0
    lines = text.split(newline)
    gap = [""] if line else []
    lines[line:line] = [*gap, *comment.split("\n"), *([] if line else [""])]
    return newline.join(lines)


def _formatted(block: str, style: Style) -> str:
    return block if style.file is None else ruff.formatted(block, 0, style.file)


def _sorted(text: str, before: str, style: Style) -> str:
    return text if style.file is None else ruff.with_sorted_imports(text, before, style.file)


def _import_block(lines: Iterable[str], style: Style) -> str:
    block = import_block(lines, lambda package: package in style.first_party)
    return "\n".join(part for line in block.split("\n") for part in _import(line, style.width))


def _import(line: str, width: int) -> list[str]:
    """Return an import, on several lines if it is long."""
    source, _, names = line.partition(" import ")
    if len(line) <= width or not names:
        return [line]
    return [f"{source} import (", *(f"{_STEP}{name}," for name in names.split(", ")), ")"]
