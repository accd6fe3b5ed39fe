"""The text of one written test, or of a fixture that it needs, in the style of the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import indent

from understudy.init.findings import Findings
from understudy.project import ruff
from understudy.script.formatting import python_literal
from understudy.write import assertions, rendering, test_names
from understudy.write.trials import Kept, Setup, Trial
from understudy.write.wrapping import wrapped

_STEP = "    "


@dataclass(frozen=True)
class Style:
    """How the project writes its tests.

    Attributes:
        marker: the mark of an async test: "pytest.mark.asyncio"; "" if none is needed.
        width: how long a line may be.
        file: the file that is written, whose configuration of ruff counts; None to format nothing.
        first_party: the top-level packages of the project, whose imports come last.
        replaced: the fixtures of the project that its test files replace, by name, each with its
            source.
    """

    marker: str = "pytest.mark.asyncio"
    width: int = ruff.WIDTH
    file: Path | None = None
    first_party: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)


PLAIN = Style()


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


def source_of_test(kept: Kept, name: str, style: Style) -> str:
    """Return the source of a test."""
    trial = kept.trial
    lines = [f"{_STEP}{line}" for line in _docstring(kept, style.width - len(_STEP))]
    body = (
        list(trial.script) if not trial.target.call else rendering.body(trial, assertions.act(kept))
    )
    lines += indent("\n".join(body), _STEP).splitlines()
    if kept.assertions:
        lines += ["", *(f"{_STEP}{line}" for part in kept.assertions for line in part.splitlines())]
    broken = [part for line in lines for part in wrapped(line.rstrip(), style.width)]
    return "\n".join([*_decorators(kept, style), *_header(trial, name, style), *broken]) + "\n"


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
        text = re.sub(rf"`?{re.escape(trial.target.name)}`?", "it", text, count=1)
    # The name of a function stays as it is.
    text = f"{text if text.startswith(trial.target.name) else text[:1].upper() + text[1:]}."
    # The numbers of lines change, and what it does is in the first sentence.
    shows = [test_names.plain(one) for one in kept.shows if not one.startswith(("line ", "it "))]
    notices = f"Only this test notices: {shows[0]}." if shows else ""
    if not shows or len(notices) > width:
        return [f'"""{text}"""']
    return [f'"""{text}', "", notices, '"""']


def source_of_fixture(setup: Setup, style: Style) -> str:
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


def without_database(kept: Kept) -> Kept:
    """Return a kept trial without the database, if its call sends nothing to it."""
    trial = kept.trial
    is_used = "real_postgres" in trial.target.call or bool(
        trial.rows or trial.script or trial.target.openings
    )
    if is_used or trial.target.layer == "router" or any(one.events for one in kept.observed):
        return kept
    fixtures = tuple(pair for pair in trial.target.fixtures if pair[0] != "real_postgres")
    return replace(
        kept,
        trial=replace(
            trial,
            target=replace(trial.target, fixtures=fixtures),
            scenario=trial.scenario.removeprefix("without_rows"),
        ),
        observed=[replace(one, changes=None) for one in kept.observed],
    )
