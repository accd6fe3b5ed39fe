"""`understudy doctor`: what is installed, configured and found, and what would work."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from understudy.cli import doctor_facts
from understudy.cli.command import CommandFailed, format_option, progress
from understudy.cli.doctor_facts import Check
from understudy.plugin.settings import Settings, SettingsError, load
from understudy.project import pytest_process, suite_run
from understudy.project.pytest_process import Ended

_PATIENCE = 120.0  # seconds that pytest, the app and the schema may take together
_MARKS = {"ok": "ok", "problem": "NO", "off": "-"}
_LINES = 12  # of pytest's output


@click.command(
    short_help="Show what is installed, configured and found.",
    epilog="""\b
Examples:
  understudy doctor                    one screen to read, or to paste into an issue
  understudy doctor --no-run           without your code: no pytest, no app, no server
  understudy doctor --format json

Run it in the folder of your pyproject.toml, in the environment of your tests. It collects your
tests as pytest does, loads the app and the schema, and runs no test. It shows no password and no
value of an environment variable.

\b
Exit code: 0 everything that is configured works, 1 something does not, 2 it cannot be told.""",
)
@click.option("--no-run", is_flag=True, help="Import none of your code, and start no server.")
@format_option("Text, or one JSON document on stdout.")
@click.pass_context
def doctor(ctx: click.Context, no_run: bool, output_format: str) -> None:
    """Show what is installed, configured and found here, and what would work.

    The last section says for each part whether it works, and if not, why.
    """
    root = Path.cwd()
    try:
        settings: Settings | None = load(root, root / "pyproject.toml", {})
        broken = None
    except SettingsError as error:
        settings, broken = None, Check("settings", "problem", str(error))
    versions = doctor_facts.versions()
    configured = [] if settings is None else doctor_facts.configured(settings)
    checks = [broken] if broken else []
    if settings is not None:
        if not no_run:
            checks += _asked(root, settings)
        checks += doctor_facts.files_and_servers(settings)
    checks += doctor_facts.runners()
    checks += doctor_facts.extras()
    if output_format == "json":
        document = {
            "folder": str(root),
            "versions": versions,
            "settings": dict(configured),
            "checks": [asdict(check) for check in checks],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo("\n".join(_page(root, versions, configured, checks)))
    ctx.exit(1 if any(check.state == "problem" for check in checks) else 0)


def _asked(root: Path, settings: Settings) -> list[Check]:
    """Return what the project's own pytest says."""
    progress()("collecting the tests, and loading the app and the schema")
    try:
        with tempfile.TemporaryDirectory(prefix="understudy-doctor-") as scratch:
            ended = pytest_process.run(
                [*suite_run.arguments(root, Path(scratch), None), "--collect-only"],
                root,
                plugin="understudy.cli.doctor_probe",
                environment=suite_run.environment(),
                timeout=_PATIENCE,
            )
    except KeyboardInterrupt:
        raise CommandFailed("Interrupted. pytest was stopped.") from None
    return list(_of_pytest(ended, settings))


def _of_pytest(ended: Ended, settings: Settings) -> Iterator[Check]:
    answers = {answer["kind"]: answer for answer in ended.answers}
    pytest, tests = answers.get("pytest"), answers.get("tests")
    if pytest is not None:
        mode = f", asyncio_mode {pytest['asyncio_mode']}" if pytest["asyncio_mode"] else ""
        file = pytest["configuration"]
        where = "no configuration file" if file is None else f"configured in {Path(file).name}"
        yield Check("pytest", "ok", f"{where}{mode}")
    if tests is None:
        yield Check("tests", "problem", _why(ended, answers))
        return
    yield _collected(tests)
    for kind in ("app", "schema", "mysql_schema"):
        answer = answers.get(kind)
        if answer is not None:
            is_ok = answer["error"] is None
            yield Check(kind, "ok" if is_ok else "problem", answer["error"] or answer["text"])
        elif getattr(settings, kind):
            yield Check(kind, "problem", _why(ended, answers))


def _why(ended: Ended, answers: Mapping[str, Any]) -> str:
    if ended.timed_out:
        step = answers["begin"]["what"] if "begin" in answers else "the start of pytest"
        return f"pytest did not end within {_PATIENCE:g} s, at {step}"
    return f"pytest ended with exit code {ended.exit_code}:\n{ended.tail(_LINES)}"


def _collected(tests: Mapping[str, Any]) -> Check:
    count = tests["count"]
    used = [f"{number} with {name}" for name, number in tests["fixtures"].items()]
    text = "; ".join([f"{count} collected", ", ".join(used) or "none with a fixture of Understudy"])
    problems = [*tests["failed"]]
    if not_run := tests["not_run"]:
        problems += [
            f"{len(not_run)} async that no plugin runs, such as {not_run[0]}",
            _runs_async(),
        ]
    if problems:
        return Check("tests", "problem", "\n".join([text, *problems]))
    return Check("tests", "ok" if count else "off", text)


def _runs_async() -> str:
    """Return what lets a plugin run async tests."""
    if importlib.util.find_spec("pytest_asyncio") is None:
        return "Install a plugin that does: python -m pip install pytest-asyncio"
    return 'Mark them with @pytest.mark.asyncio, or configure asyncio_mode = "auto".'


def _page(
    root: Path,
    versions: Sequence[str],
    configured: Sequence[tuple[str, str]],
    checks: Sequence[Check],
) -> Iterator[str]:
    yield f"understudy doctor, in {root}"
    yield "\nVersions"
    yield from (f"  {line}" for line in versions)
    yield "\nSettings"
    yield from (f"  {key} = {value}" for key, value in configured)
    if not configured:
        yield "  none: pyproject.toml has no [tool.understudy]; `understudy init` writes it"
    yield "\nChecks"
    width = max(len(check.name) for check in checks) + 2
    for check in checks:
        first, *rest = check.text.splitlines()
        yield f"  {_MARKS[check.state]:<4}{check.name:<{width}}{first}"
        yield from (f"  {'':<4}{'':<{width}}{line}".rstrip() for line in rest)
    problems = sum(check.state == "problem" for check in checks)
    yield ""
    if problems:
        yield f"{problems} problem{'' if problems == 1 else 's'}, marked NO."
    elif configured:
        yield "Everything that is configured works."
    else:
        yield "Nothing is configured yet. Set the tests up: understudy init"
