"""The text of a written test file: a new one, or an existing one with what it lacks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill

from understudy.init.examples import import_block
from understudy.init.layers import Layer
from understudy.project import ruff
from understudy.project.imports import with_imports
from understudy.project.scopes import FunctionNode
from understudy.write import assertions, rendering, test_names, untyped
from understudy.write.fixture_names import FixtureNames
from understudy.write.imported_names import bound_names
from understudy.write.trials import Kept, LeftOut
from understudy.write.written_test import PLAIN, Style, source_of_fixture, source_of_test

_TITLES = {"dao": "DAO", "service": "service", "router": "routes", "dto": "models"}
_STEP = "    "
# A comment of an earlier run about what it did not reach.
_COMMENT = re.compile(r"^# not reached: line \d+ \(.*\r?\n(?:#     .*\r?\n)*", re.MULTILINE)


@dataclass(frozen=True)
class Merged:
    """The text of a test file.

    Attributes:
        text: it.
        names: the name of the test of each trial; "" for one that the file had already.
        left_out: the tests that are not in it, as it has something else of a name that they need.
    """

    text: str
    names: list[str]
    left_out: Sequence[LeftOut] = ()


def merged(
    existing: str,
    module: str,
    layer: Layer,
    kept: Sequence[Kept],
    left_out: Sequence[LeftOut] = (),
    style: Style = PLAIN,
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
    tree = ast.parse(existing)
    there = _present(tree)
    bound = dict(bound_names(tree))
    fixtures = FixtureNames(tree, _imports(kept, style), style)
    names = test_names.Names(existing, kept)
    present = set(there)
    tests: list[tuple[Kept, str]] = []
    hiding: list[LeftOut] = []
    for plain in kept:
        one = fixtures.named(plain)
        name = names.of(one)
        block = source_of_test(one, name, style)
        key = _key(block)
        is_there = key in present or (
            any(map(fixtures.is_edited, plain.trial.setups))
            and _key(source_of_test(plain, name, style)) in there
        )
        hidden = _hidden(_imports([one], style), bound)
        if hidden and not is_there:
            target = one.trial.target
            reason = f"the test file has another {hidden} than its tests need; rename yours"
            hiding.append(LeftOut(target.name, reason, target.lines[0]))
        present.add(key)
        tests.append((one, "" if is_there or hidden else block))
    blocks = [
        block for one, block in sorted(tests, key=lambda pair: not pair[0].suspicion) if block
    ]
    new = [one for one, block in tests if block]
    setups = dict.fromkeys(setup for one in new for setup in one.trial.setups)
    head = [source for name, source in style.replaced.items() if blocks and name not in bound]
    head += [source_of_fixture(setup, style) for setup in setups if not fixtures.has(setup)]
    source = "\n".join([*head, *blocks])
    imports = sorted(line for line in _imports(new, style) if assertions.is_used(line, source))
    hiding = [*dict.fromkeys(hiding)]
    comments = _comments([*left_out, *hiding], style.width)
    text = _file(existing, module, layer, imports, [*head, *blocks], comments, style)
    if untyped.calls_untyped((one.trial for one in new), style.first_party):
        text = _with_comment(text, untyped.COMMENT)
    written = [ast.parse(block).body[0] for _, block in tests if block]
    found = iter(node.name for node in written if isinstance(node, FunctionNode))
    return Merged(text, [next(found) if block else "" for _, block in tests], tuple(hiding))


def _hidden(imports: Iterable[str], bound: Mapping[str, tuple[str, str]]) -> str:
    """Return a name of the file that imports would give to something else; "" if none."""
    new = bound_names(ast.parse("\n".join(imports)))
    return next((name for name, home in new if bound.get(name, home) != home), "")


# What a file has already -------------------------------------------------------------------------


def _present(existing: ast.Module) -> set[tuple[str, ...]]:
    """Return what each test of a file prepares and calls."""
    return {
        _key_of(node)
        for node in ast.walk(existing)
        if isinstance(node, FunctionNode) and node.name.startswith("test")
    }


def _key(block: str) -> tuple[str, ...]:
    node = ast.parse(block).body[0]
    assert isinstance(node, FunctionNode), "a test is a function"
    return _key_of(node)


def _key_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    """Return what a test takes, prepares and calls, and its cases, whatever it asserts."""
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


def _imports(kept: Sequence[Kept], style: Style) -> set[str]:
    lines: set[str] = set()
    for one in kept:
        target = one.trial.target
        lines |= rendering.imports(one.trial) | {*one.imports}
        if target.call:
            lines |= assertions.imports_of_act(one)
        if one.trial.parameters or one.suspicion or one.trial.setups or style.replaced:
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
    target = style.file
    formatted = [one if target is None else ruff.formatted(one, 0, target) for one in blocks]
    if not existing:
        if not formatted and not comments:
            return ""
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
    before = existing
    if comments != [part.replace("\r\n", "\n").rstrip() for part in _COMMENT.findall(existing)]:
        before = _COMMENT.sub("", existing)
    else:
        comments = []  # they are there
    if not formatted and not comments:
        return before if before == existing else before.rstrip("\r\n") + newline
    added = "".join(f"\n\n{block.strip()}\n" for block in formatted)
    if comments:
        added += "\n\n" + "\n".join(comments) + "\n"
    text = with_imports(before, imports).rstrip("\r\n") + newline
    return _sorted(text + added.replace("\n", newline), existing, style)


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
