"""`understudy catalog`: list what is known about a project's statements, or check it."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from understudy.catalog import store
from understudy.catalog.compare import Comparison, compare
from understudy.catalog.errors import CatalogError
from understudy.catalog.file_names import MYSQL_SUFFIX, is_mysql
from understudy.cli import catalog_report
from understudy.cli.command import CommandFailed, format_option
from understudy.plugin.settings import DEFAULT_CATALOG, Settings, SettingsError, load
from understudy.project import pytest_process

_NO_TESTS_COLLECTED = 5  # pytest's exit code


@click.command(
    short_help="List or check what is known about your statements.",
    epilog="""\b
Examples:
  understudy catalog                            what is known, statement by statement
  understudy catalog --check                    for CI: run the tests, and compare
  understudy catalog --check -- -n 2            the same, with arguments for pytest
  understudy catalog --prune                    remove what no test uses any more
  understudy catalog --rebuild                  rewrite the file, even if it is broken
  understudy catalog --format json | jq '.statements[].tables'

--check, --prune and --rebuild run your tests, on a server that is started for them. The
statements that the tests send to fakes belong in the catalog. Arguments after -- are for pytest; if
they deselect tests, the statements of these count as unused. The file is only replaced as a whole,
and only if the tests pass.

\b
Exit code: 0 success, 1 the file differs from the tests or the schema (--check), 2 failure.""",
)
@click.option("--check", is_flag=True, help="Compare the file with the tests; change nothing.")
@click.option("--prune", is_flag=True, help="Remove from the file what no test uses.")
@click.option("--rebuild", is_flag=True, help="Rewrite the file.")
@click.option("--mysql", is_flag=True, help="The file of MySQL's statements, beside PostgreSQL's.")
@format_option("Text, or one JSON document on stdout.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def catalog(
    ctx: click.Context,
    check: bool,
    prune: bool,
    rebuild: bool,
    mysql: bool,
    output_format: str,
    pytest_args: tuple[str, ...],
) -> None:
    """List what the database says about the statements in this project's tests, or check it.

    Run it in the folder of your pyproject.toml.
    """
    modes = {"--check": check, "--prune": prune, "--rebuild": rebuild}
    given = [mode for mode, is_given in modes.items() if is_given]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} cannot be combined.")
    if pytest_args and not given:
        raise click.UsageError(
            f"'{' '.join(pytest_args)}' is for pytest, which runs only with --check, --prune and "
            "--rebuild.\nFor example: understudy catalog --check"
        )
    settings = _settings()
    path = Path(settings.catalog or DEFAULT_CATALOG)
    path = path.with_name(path.name + MYSQL_SUFFIX * (mysql or not settings.schema))
    in_json = output_format == "json"
    differs = False
    try:
        if rebuild:
            contents = _from_tests(path, pytest_args)
            store.write(path, contents)
            text = catalog_report.rebuilt(contents, path, in_json=in_json)
        elif given:
            comparison = _compare(path, pytest_args, prune=prune)
            differs = comparison.differs
            text = catalog_report.compared(comparison, path, pruned=prune, in_json=in_json)
        else:
            text = catalog_report.listed(_committed(path), path, in_json=in_json)
    except CatalogError as error:
        raise CommandFailed(str(error)) from error
    except KeyboardInterrupt:
        text = f"\nInterrupted. The tests and {_server(path)} were stopped.\n{path} is unchanged."
        click.echo(text, err=True)
        ctx.exit(pytest_process.INTERRUPTED)
    click.echo(text)
    ctx.exit(1 if check and differs else 0)


def _settings() -> Settings:
    root = Path.cwd()
    file = root / "pyproject.toml"
    try:
        settings = load(root, file, {})
    except SettingsError as error:
        raise CommandFailed(str(error)) from error
    if not (settings.schema or settings.mysql_schema):
        if not file.exists():
            raise CommandFailed(
                f"There is no {file}, so there is no catalog either.\n"
                "Run this in the folder of your project's pyproject.toml."
            )
        raise CommandFailed(
            f"No schema is configured in {file}, so there is no catalog.\n"
            'Configure it: [tool.understudy] schema = ["db/migrations/*.sql"]'
        )
    return settings


def _committed(path: Path) -> store.Contents:
    contents = store.read(path)
    if contents is None:
        raise CatalogError(
            f"There is no catalog at {path} yet.\n"
            "The tests create it when they run: pytest, or understudy catalog --rebuild"
        )
    return contents


def _server(path: Path) -> str:
    return "MySQL" if is_mysql(path) else "PostgreSQL"


def _compare(path: Path, pytest_args: Sequence[str], *, prune: bool) -> Comparison:
    known = store.read(path)  # first, because a broken file is reported without running tests
    comparison = compare(known, _from_tests(path, pytest_args))
    if prune and comparison.unused:
        # Another run may have added to the file meanwhile.
        current = store.read(path)
        if current is not None:
            for sql in comparison.unused:
                current.statements.pop(sql, None)
                current.answers.pop(sql, None)
            store.write(path, current)
    return comparison


def _from_tests(path: Path, pytest_args: Sequence[str]) -> store.Contents:
    """Run the project's tests with an empty catalog, and return what they filled it with."""
    command = shlex.join(["pytest", *pytest_args])
    click.echo(f"Running the tests with an empty catalog: {command}", err=True)
    unchanged = f"{path} is unchanged."
    with tempfile.TemporaryDirectory(prefix="understudy-catalog-") as folder:
        fresh = Path(folder) / path.name
        name = str(fresh).removesuffix(MYSQL_SUFFIX)
        arguments = ["-q", f"--understudy-catalog={name}", *pytest_args]
        # Standard output is for the result of this command.
        exit_code = pytest_process.run(arguments, Path.cwd(), output=sys.stderr).exit_code
        if exit_code == _NO_TESTS_COLLECTED:
            raise CatalogError(
                f"pytest found no tests, so there is nothing to compare.\n{unchanged}"
            )
        if exit_code:
            raise CatalogError(
                f"The tests failed (pytest's exit code is {exit_code}), so it is not known which "
                f"statements they use.\n{unchanged}"
            )
        contents = store.read(fresh)
    if contents is None:
        raise CatalogError(
            f"The tests sent no statement to a fake that {_server(path)} could check.\n{unchanged}"
        )
    return contents
