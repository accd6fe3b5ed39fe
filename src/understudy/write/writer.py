"""Write tests for a module: try it in a copy of the project, prove the tests, write the files."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from understudy.init.errors import InitError
from understudy.init.examples import file_name
from understudy.init.findings import Findings, look
from understudy.init.layers import LAYERS, Layer
from understudy.init.plan import Change
from understudy.init.project_copy import Copy, copied
from understudy.project import parsing, pytest_process, suite_run
from understudy.project.sources import Module
from understudy.script.formatting import counted, suggestion
from understudy.write import lab, proof, routes
from understudy.write.errors import WriteError
from understudy.write.failing_fixtures import FailingFixture
from understudy.write.results import Results, WrittenFile, WrittenTest
from understudy.write.trials import LeftOut

PLUGIN = "understudy.plugin.writing"
Say = Callable[[str], None]
_BOM = "\ufeff"
_PAUSE = 0.1  # seconds between two looks at the process
_GRACE = 240.0  # seconds for the start, the last trial and the fixtures, on a busy machine
_MOST_NAMES = 3  # of each layer, in a message
_NEEDED = {"coverage": "review", "psycopg": "postgres"}  # packages, with the extra that has each


@dataclass(frozen=True)
class Wanted:
    """What is to be written.

    Attributes:
        root: the project's folder.
        module: the module as the user names it: a dotted name or a file.
        layers: the layers; empty for all that the module has.
        on: what the tests run on: "real_postgres", "fake_postgres" or "fakes".
        seconds: the CPU time for all trials; None for some of it for each function.
        runs: how often the tests run in a random order before they are written.
    """

    root: Path
    module: str
    layers: Sequence[Layer] = ()
    on: str = "real_postgres"
    seconds: float | None = None
    runs: int = 20


def write(wanted: Wanted, say: Say) -> Results:
    """Try a module, and return the test files to write; nothing is written yet.

    Raises:
        WriteError: the module cannot be found or imported, or its project has no schema.
    """
    started = time.monotonic()
    missing = {name: find_spec(name) is None for name in _NEEDED}
    if any(missing.values()):
        names = " and ".join(name for name in _NEEDED if missing[name])
        extras = ",".join(extra for name, extra in _NEEDED.items() if missing[name])
        raise WriteError(f'Writing needs {names}: python -m pip install "understudy[{extras}]"')
    try:
        findings = look(wanted.root)
        module = _module(findings, wanted.module)
        results = Results(module.name, module.file)
        if wanted.layers != ("dto",):
            _require_schema(findings.configured.understudy or {}, wanted.module)
        setting = routes.missing_setting(findings)
        with copied(findings.root, _GRACE) as copy:
            if setting is not None:
                copy.write(setting.path.relative_to(findings.root), setting.after)
            tests = findings.configured.tests
            files = {layer: tests / file_name(module, layer) for layer in LAYERS}
            wanted_files = {layer: files[layer] for layer in wanted.layers or LAYERS}
            existing = _existing(findings, module, wanted_files, results)
            layers = [layer for layer in wanted_files if layer not in results.kept]
            answers: list[dict[str, Any]] = []
            if layers:
                plain = {layer: text.removeprefix(_BOM) for layer, text in existing.items()}
                asked = replace(wanted, layers=layers)
                answers = _explored(
                    findings, module, asked, copy, files, plain, results.replaced, say
                )
            for answer in answers:
                if answer["kind"] == "file":
                    layer = answer["layer"]
                    place = findings.root / files[layer]
                    results.files.append(_written(place, layer, existing.get(layer), answer))
                    if answer["uses environment"]:
                        results.setting = setting
                elif answer["kind"] == "done":
                    results.left_out = [LeftOut(*one) for one in answer["left out"]]
                    results.open = [tuple(one) for one in answer["open"]]
                    if not (results.files or results.left_out or results.kept):
                        raise WriteError(_nothing(module, wanted.layers, answer["elsewhere"]))
            if results.kept and not results.files:
                raise WriteError("\n".join(results.kept.values()))
            proof.prove(copy, findings.root, results, wanted.runs, say)
    except InitError as error:
        raise WriteError(str(error)) from error
    results.seconds = time.monotonic() - started
    return results


def _require_schema(settings: Mapping[str, Any], module: str) -> None:
    if settings.get("schema"):
        return
    if other := next((key for key in ("mysql_schema", "sqlite_schema") if settings.get(key)), None):
        raise WriteError(
            "`understudy write` tries code on PostgreSQL alone, and this project has only a "
            f"{other} in [tool.understudy].\n"
            f"What needs no database: understudy write {module} --layer dto"
        )
    raise WriteError(
        "The project has no schema, so there is no database to try the code on.\n"
        "Set it up first: understudy init"
    )


def _nothing(
    module: Module, layers: Sequence[Layer], elsewhere: Mapping[Layer, Sequence[str]]
) -> str:
    """Return why a module has nothing to write tests for, and what to type instead.

    Args:
        module: the module.
        layers: the layers that were asked for.
        elsewhere: the names of what it has in all layers.
    """
    if not elsewhere:
        return f"{module.name} has no function, method, route or model that can be tested."
    found = [
        f"  {layer}: {', '.join(names[:_MOST_NAMES])}"
        + (f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "")
        for layer, names in elsewhere.items()
    ]
    options = " ".join(f"--layer {layer}" for layer in elsewhere)
    return "\n".join(
        [
            f"{module.name} has nothing in the layer {' or '.join(layers)}. It has:",
            *found,
            f"Write tests for that: understudy write {module.file.as_posix()} {options}",
        ]
    )


def _written(
    place: Path, layer: Layer, before: str | None, answer: Mapping[str, Any]
) -> WrittenFile:
    """Return a test file as the session has answered it, with its BOM."""
    mark = _BOM if (before or "").startswith(_BOM) else ""
    tests = [WrittenTest(**test) for test in answer["tests"]]
    change = Change(place, before, f"{mark}{answer['text']}")
    return WrittenFile(change, layer, tests, sends_sql=answer["sends sql"])


def _existing(
    findings: Findings, module: Module, files: Mapping[Layer, Path], results: Results
) -> dict[Layer, str]:
    """Return the texts of the test files that are there; what cannot be extended is noted."""
    found: dict[Layer, str] = {}
    for layer, file in files.items():
        place = findings.root / file
        if not place.is_file():
            continue
        try:
            source = parsing.read(place)
            text = parsing.decoded(source)
            if text.encode() != source.removeprefix(codecs.BOM_UTF8):
                raise parsing.Unreadable("it is not in UTF-8")
            parsing.parsed(text)
            found[layer] = source.decode("utf-8")
        except (OSError, parsing.Unreadable) as error:
            if any(part.module.name == module.name for part in findings.layers[layer]):
                results.kept[layer] = (
                    f"{file.as_posix()}: no test was added, because it cannot be read: {error}.\n"
                    "  Fix it, and run this again."
                )
    return found


def _module(findings: Findings, name: str) -> Module:
    """Return the module that a user names: a dotted name, or a file."""
    as_files = {(Path.cwd() / one).resolve() for one in (name, f"{name.replace('.', '/')}.py")}
    for module in findings.modules:
        if module.name == name or (findings.folder / module.file).resolve() in as_files:
            return module
    hint = suggestion(name, [module.name for module in findings.modules])
    raise WriteError(f"There is no module {name} in {findings.root}.{hint}")


def _explored(
    findings: Findings,
    module: Module,
    wanted: Wanted,
    copy: Copy,
    files: Mapping[Layer, Path],
    existing: Mapping[Layer, str],
    replaced: list[FailingFixture],
    say: Say,
) -> list[dict[str, Any]]:
    """Run the project's pytest with the session that tries the module; return its answers.

    A fixture that fails in every test is added to those that the test files replace, and the
    session begins anew.
    """
    scratch = findings.configured.tests / lab.FILE
    copy.write(scratch, lab.text(one.source for one in replaced))
    request = {
        "module": module.name,
        "root": str(copy.root),
        "path": [str(copy.root), str(copy.root / findings.base)],
        "layers": list(wanted.layers or LAYERS),
        "on": wanted.on,
        "files": {layer: file.as_posix() for layer, file in files.items()},
        "existing": existing,
        "seconds": wanted.seconds,
        "replaced": {one.name: one.source for one in replaced},
    }
    say("starting pytest in a copy of the project")
    answers: list[dict[str, Any]] = []
    with pytest_process.started(
        [*suite_run.arguments(copy.root, copy.scratch, None), str(scratch)],
        copy.root,
        plugin=PLUGIN,
        request=request,
        environment=copy.environment(),
    ) as child:
        begun = time.monotonic()
        ends = begun + copy.timeout
        while child.exit_code is None and time.monotonic() < ends:
            new = _said(child, say)
            answers += new
            # What it needs is known when the module is imported.
            found = [answer["seconds"] for answer in new if answer["kind"] == "found"]
            if found:
                ends = time.monotonic() + found[0] + _GRACE
            elif new:  # it goes on, however busy the machine is
                ends = max(ends, time.monotonic() + _GRACE)
            time.sleep(_PAUSE)
        is_late = child.exit_code is None
        pytest_process.stop([child])
        answers += _said(child, say)
        _check(module.name, answers, child, time.monotonic() - begun if is_late else None)
    (copy.root / scratch).unlink()
    failing = [
        FailingFixture(**one)
        for answer in answers
        if answer["kind"] == "fixtures"
        for one in answer["failing"]
    ]
    if failing:
        replaced += failing
        return _explored(findings, module, wanted, copy, files, existing, replaced, say)
    return answers


def _check(
    module: str, answers: Sequence[dict[str, Any]], child: pytest_process.Child, late: float | None
) -> None:
    """Raise if the session has not come to its end.

    Args:
        module: the module's name.
        answers: what the session has said.
        child: its process.
        late: the seconds that it had, if its time was up.
    """
    kinds = {answer["kind"]: answer for answer in answers}
    if "refused" in kinds:
        raise WriteError(f"No test can be written for {module}: {kinds['refused']['reason']}")
    if "done" in kinds or "fixtures" in kinds:
        return
    if late is not None:
        doing = kinds["begin"]["what"] if "begin" in kinds else "the start of pytest"
        raise WriteError(f"{module} was not tried within {late:.0f} s: {doing} did not end.")
    how = suite_run.ending(child.exit_code or 0, child.output())
    raise WriteError(f"{module} cannot be tried: {how}")


def _said(child: pytest_process.Child, say: Say) -> list[dict[str, Any]]:
    answers = child.new_answers()
    for answer in answers:
        if answer["kind"] == "explored":
            place = f"{answer['number']} of {answer['of']}"
            say(f"{answer['target']}: {counted(answer['tests'], 'test')} ({place})")
        elif answer["kind"] == "begin":
            say(answer["what"])
        elif answer["kind"] == "no schema":
            say(f"no database: {answer['reason']}")
    return answers
