"""`understudy catalog`: what is known of a project's statements, and whether it still holds."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from understudy.catalog import store
from understudy.catalog.compare import Comparison, compare
from understudy.catalog.description import Description, Refusal, Verdict
from understudy.catalog.errors import CatalogError
from understudy.cli import messages
from understudy.plugin.settings import DEFAULT_CATALOG, Settings, SettingsError, load
from understudy.project import pytest_process


class _Refused(click.ClickException):
    """The command cannot do its work; the text is the whole message."""

    exit_code = 2


@click.command(
    epilog="""\b
Examples:
  understudy catalog                            what is known, statement by statement
  understudy catalog --check                    for CI: run the tests, and compare
  understudy catalog --check -- -n 2            the same, with arguments for pytest
  understudy catalog --prune                    take out what no test uses any more
  understudy catalog --rebuild                  write the file anew, also where it is broken
  understudy catalog --format json | jq '.statements[].tables'

--check, --prune and --rebuild run your tests, on a PostgreSQL that is started for them: what the
tests ask of the fakes is what belongs into the catalog. What stands behind -- is given to pytest;
where it leaves tests out, their statements count as unused. The file is only ever replaced as a
whole, and only where the tests pass.

\b
Exit code: 0 fine, 1 the file differs from what the tests and the schema say (--check),
2 it could not be found out."""
)
@click.option("--check", is_flag=True, help="Compare the file with the tests; change nothing.")
@click.option("--prune", is_flag=True, help="Take out of the file what no test uses.")
@click.option("--rebuild", is_flag=True, help="Write the file anew.")
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
    ctx: click.Context,
    check: bool,
    prune: bool,
    rebuild: bool,
    output_format: str,
    pytest_args: tuple[str, ...],
) -> None:
    """List what PostgreSQL has said of the statements in this project's tests, or check it.

    Run it in the folder of your pyproject.toml.
    """
    modes = {"--check": check, "--prune": prune, "--rebuild": rebuild}
    given = [mode for mode, is_given in modes.items() if is_given]
    if len(given) > 1:
        raise click.UsageError(
            f"{' and '.join(given)} are different things to do: give one of them."
        )
    if pytest_args and not given:
        raise click.UsageError(
            f"'{' '.join(pytest_args)}' is for pytest, which runs with --check, --prune and "
            "--rebuild alone.\n"
            "For example: understudy catalog --check"
        )
    path = Path(_settings().catalog or DEFAULT_CATALOG)
    in_json = output_format == "json"
    differs = False
    try:
        if rebuild:
            text = _rebuild(path, pytest_args, in_json)
        elif given:
            comparison = _compare(path, pytest_args, prune=prune)
            differs = comparison.differs
            text = (_as_json if in_json else _as_text)(comparison, path, pruned=prune)
        else:
            text = _list(path, in_json)
    except CatalogError as error:
        raise _Refused(str(error)) from error
    except KeyboardInterrupt:
        click.echo(messages.catalog_interrupted(path), err=True)
        ctx.exit(pytest_process.INTERRUPTED)
    click.echo(text)
    ctx.exit(1 if check and differs else 0)


def _settings() -> Settings:
    root = Path.cwd()
    file = root / "pyproject.toml"
    try:
        settings = load(root, file, {})
    except SettingsError as error:
        raise _Refused(str(error)) from error
    if not settings.schema:
        if not file.exists():
            raise _Refused(
                f"There is no {file}, so there is no catalog either.\n"
                "Run this in the folder of your project's pyproject.toml."
            )
        raise _Refused(
            f"No schema is configured in {file}, so there is no catalog.\n"
            'Say where it is: [tool.understudy] schema = ["db/migrations/*.sql"]'
        )
    return settings


# What it does ------------------------------------------------------------------------------------


def _list(path: Path, in_json: bool) -> str:
    contents = store.read(path)
    if contents is None:
        raise CatalogError(
            f"There is no catalog at {path} yet.\n"
            "The tests fill it as they run: pytest, or understudy catalog --rebuild"
        )
    verdicts = [(each, contents.verdict(each)) for each in sorted(contents.statements)]
    if in_json:
        statements = [_statement_as_json(*each) for each in verdicts]
        document = {"postgres": contents.postgres, "statements": statements}
        return _json({"catalog": str(path), **document})
    heading = messages.catalog_heading(path, len(verdicts), contents.postgres)
    return "\n".join(
        [click.style(heading, bold=True), *(_statement_as_text(*each) for each in verdicts)]
    )


def _rebuild(path: Path, pytest_args: Sequence[str], in_json: bool) -> str:
    fresh = _from_tests(path, pytest_args)
    store.write(path, fresh)
    count = len(fresh.statements)
    if in_json:
        return _json({"catalog": str(path), "postgres": fresh.postgres, "statements": count})
    return messages.catalog_rebuilt(path, count)


def _compare(path: Path, pytest_args: Sequence[str], *, prune: bool) -> Comparison:
    # First of all: where it is broken, that is told without running anything.
    known = store.read(path)
    comparison = compare(known, _from_tests(path, pytest_args))
    if prune and comparison.unused:
        # Another run may have learned something meanwhile.
        current = store.read(path)
        if current is not None:
            for spelling in comparison.unused:
                current.statements.pop(spelling, None)
                current.answers.pop(spelling, None)
            store.write(path, current)
    return comparison


def _from_tests(path: Path, pytest_args: Sequence[str]) -> store.Contents:
    """Run the project's tests with an empty catalog, and return what they have filled it with."""
    click.echo(
        f"Running the tests with an empty catalog: {shlex.join(['pytest', *pytest_args])}", err=True
    )
    with tempfile.TemporaryDirectory(prefix="understudy-catalog-") as folder:
        fresh = Path(folder) / path.name
        arguments = ["-q", f"--understudy-catalog={fresh}", *pytest_args]
        # Standard output is for the result of this command.
        exit_code = pytest_process.run(arguments, Path.cwd(), output=sys.stderr).exit_code
        if exit_code:
            raise CatalogError(messages.tests_failed(exit_code, path))
        contents = store.read(fresh)
    if contents is None:
        raise CatalogError(messages.nothing_learned(path))
    return contents


# What it prints ----------------------------------------------------------------------------------


def _statement_as_text(spelling: str, verdict: Verdict | None) -> str:
    if isinstance(verdict, Description):
        return messages.catalog_statement(
            spelling, verdict.parameters, verdict.columns, verdict.command
        )
    if isinstance(verdict, Refusal):
        text = f"{messages.short(spelling)}\n    refused  {verdict.sqlstate} {verdict.message}"
        return click.style(text, fg="red")
    return f"{messages.short(spelling)}\n    only parsed"


def _statement_as_json(spelling: str, verdict: Verdict | None) -> dict[str, Any]:
    kind = {"Description": "accepted", "Refusal": "refused"}.get(type(verdict).__name__, "parsed")
    return {"sql": spelling, "verdict": kind, **(asdict(verdict) if verdict else {})}


def _as_text(comparison: Comparison, path: Path, *, pruned: bool) -> str:
    gone = messages.catalog_removed if pruned else messages.catalog_unused
    lines = [
        *(click.style(f"schema   {each}", fg="yellow") for each in comparison.schema),
        *(
            click.style(f"missing  {messages.short(each)}", fg="green")
            for each in comparison.missing
        ),
        *(click.style(messages.catalog_changed(*each), fg="yellow") for each in comparison.changed),
        *(click.style(gone(each), fg="red") for each in comparison.unused),
        messages.catalog_compared(comparison, path, pruned=pruned),
    ]
    return "\n".join(lines)


def _as_json(comparison: Comparison, path: Path, *, pruned: bool) -> str:
    changed = [
        {"sql": change.key, "differences": list(change.differences)}
        for change in comparison.changed
    ]
    return _json(
        {
            "catalog": str(path),
            "ok": not comparison.differs,
            "same": len(comparison.same),
            "missing": comparison.missing,
            "changed": changed,
            "removed" if pruned else "unused": comparison.unused,
            "schema": comparison.schema,
        }
    )


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
