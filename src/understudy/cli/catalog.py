"""`understudy catalog`: what is known of a project's statements, and whether it still holds."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from understudy.catalog import store
from understudy.catalog.compare import Comparison, compare
from understudy.catalog.description import Description, ParsedOnly, Refusal
from understudy.catalog.errors import CatalogError
from understudy.cli import messages
from understudy.plugin.settings import DEFAULT_CATALOG, Settings, SettingsError, load

_NO_TESTS_COLLECTED = 5  # pytest's exit code


class _Refused(click.ClickException):
    """The command cannot do its work; the text is the whole message."""

    exit_code = 2


@click.command(
    epilog="""\b
Examples:
  understudy catalog                            what is known, a line for each statement
  understudy catalog --check                    for CI: run the tests, and compare
  understudy catalog --check -- -m "not integration" -n 2
  understudy catalog --prune                    take out what no test uses any more
  understudy catalog --rebuild                  write the file anew, also where it is broken

--check, --prune and --rebuild run your tests, with what stands behind -- as pytest's arguments:
what no test asks of a fake is in no catalog. The file is only ever replaced as a whole.

Exit code: 0 fine, 1 the file differs from what the tests and the schema say, 2 it could not be
found out."""
)
@click.option("--check", "mode", flag_value="check", help="Compare the file; change nothing.")
@click.option("--prune", "mode", flag_value="prune", help="Take unused statements out.")
@click.option("--rebuild", "mode", flag_value="rebuild", help="Write the file anew.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For a person, or one JSON document on stdout.",
)
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def catalog(
    ctx: click.Context, mode: str | None, output_format: str, pytest_args: tuple[str, ...]
) -> None:
    """List what PostgreSQL has said of the statements in this project's tests, or check it.

    Run it in the folder of your pyproject.toml.
    """
    settings = _settings()
    path = settings.root / (settings.catalog or DEFAULT_CATALOG)
    in_json = output_format == "json"
    try:
        if mode is None:
            _list(path, in_json)
            return
        known = None if mode == "rebuild" else store.read(path)
        fresh = _from_tests(path, pytest_args)
        if mode == "rebuild":
            store.write(path, fresh)
            click.echo(messages.catalog_rebuilt(path, len(fresh.statements)))
            return
        comparison = compare(known, fresh)
        if mode == "prune":
            _prune(path, known, comparison)
        click.echo(_report(comparison, path, mode, in_json))
    except CatalogError as error:
        raise _Refused(str(error)) from error
    ctx.exit(1 if mode == "check" and comparison.differs else 0)


def _settings() -> Settings:
    root = Path.cwd()
    try:
        settings = load(root, root / "pyproject.toml", {})
    except SettingsError as error:
        raise _Refused(str(error)) from error
    if not settings.schema:
        raise _Refused(messages.no_schema(root))
    return settings


def _from_tests(path: Path, pytest_args: Sequence[str]) -> store.Contents:
    """Run the project's tests with an empty catalog, and return what they have filled it with."""
    with tempfile.TemporaryDirectory(prefix="understudy-catalog-") as folder:
        fresh = Path(folder) / path.name
        command = [sys.executable, "-m", "pytest", "-q", f"--understudy-catalog={fresh}"]
        click.echo(messages.running_tests(pytest_args), err=True)
        done = subprocess.run([*command, *pytest_args], stdout=sys.stderr, check=False)
        if done.returncode != 0:
            raise CatalogError(messages.tests_failed(done.returncode, path))
        contents = store.read(fresh)
        if contents is None:
            raise CatalogError(messages.nothing_learned(path))
        return contents


def _prune(path: Path, known: store.Contents | None, comparison: Comparison) -> None:
    if known is None or not comparison.unused:
        return
    for spelling in comparison.unused:
        del known.statements[spelling]
    store.write(path, known)


# What it prints ----------------------------------------------------------------------------------


def _list(path: Path, in_json: bool) -> None:
    contents = store.read(path)
    if contents is None:
        raise CatalogError(messages.no_catalog(path))
    if in_json:
        lines = [contents.statements[spelling] for spelling in sorted(contents.statements)]
        click.echo(_json({"postgres": contents.postgres, "statements": lines}))
        return
    click.echo(messages.catalog_heading(path, len(contents.statements), contents.postgres))
    for spelling in sorted(contents.statements):
        verdict = contents.verdict(spelling)
        if isinstance(verdict, Description):
            columns = [messages.catalog_column(column) for column in verdict.columns]
            click.echo(messages.catalog_statement(spelling, verdict.parameters, columns))
        elif isinstance(verdict, ParsedOnly):
            click.echo(messages.catalog_parsed(spelling))
        elif isinstance(verdict, Refusal):
            text = messages.catalog_refused(spelling, verdict.sqlstate, verdict.message)
            click.echo(click.style(text, fg="red"))


def _report(comparison: Comparison, path: Path, mode: str, in_json: bool) -> str:
    if in_json:
        return _json(
            {
                "missing": list(comparison.missing),
                "changed": [
                    {"sql": each.spelling, "differences": list(each.differences)}
                    for each in comparison.changed
                ],
                "unused": list(comparison.unused),
            }
        )
    return messages.catalog_compared(comparison, path, pruned=mode == "prune")


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
