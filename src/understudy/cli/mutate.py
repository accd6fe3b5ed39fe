"""`understudy mutate`: which tests would notice wrong SQL."""

from __future__ import annotations

from pathlib import Path

import click

from understudy.cli.command import CommandFailed, ForPytest, format_option, progress
from understudy.mutate import elements, report
from understudy.mutate.errors import MutationError
from understudy.mutate.locations import Locator
from understudy.mutate.mutator import Wanted
from understudy.mutate.mutator import mutate as mutated
from understudy.plugin.settings import DEFAULT_CATALOG, SettingsError, load
from understudy.project.changed_lines import GitError, changed_lines
from understudy.project.pytest_process import INTERRUPTED
from understudy.project.sql_literals import Places, inventory


@click.command(
    cls=ForPytest,
    short_help="Find out which wrong SQL your tests would not notice.",
    epilog="""\b
Examples:
  understudy mutate                            every statement that a test sends
  understudy mutate src/domain/dal/dao         those of some files or folders
  understudy mutate --diff main                those on lines that differ from main
  understudy mutate --threshold 90             exit code 1 if fewer than 90% are killed
  understudy mutate --seconds 60               stop after a minute, with the results so far
  understudy mutate --format json > mutants.json
  understudy mutate -- -m integration          arguments for pytest after two dashes

All tests run once. Then each statement that they sent to a server of Understudy is changed,
one change at a time: a condition is lost, a sort is reversed, two parameters are swapped. The tests
that sent it run again, until one fails. Changes that PostgreSQL refuses, and those that do the same
on generated rows, are counted apart. Nothing is written to your project.

\b
Exit code: 0 it ran to the end and the threshold is reached, 1 it is not reached, 2 it could not
run, 130 interrupted (the results so far are printed).""",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--diff", "revision", metavar="REV", help="Only statements on lines changed since.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 100),
    help="The percentage of mutants that the tests must kill.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    help="Time for the mutants, after the first run; no limit by default.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that share the statements.",
)
@click.option("--verbose", "-v", is_flag=True, help="Show every statement and every mutant.")
@format_option("Text, or JSON in the schema of mutation-testing-elements.")
@click.pass_context
def mutate(
    ctx: click.Context,
    paths: tuple[Path, ...],
    revision: str | None,
    threshold: float | None,
    seconds: float | None,
    workers: int,
    verbose: bool,
    output_format: str,
) -> None:
    """Change the SQL that tests send, and find out which tests notice."""
    root = Path.cwd()
    try:
        if revision is not None:
            changed_lines(root, revision)  # an error is worth more before the tests run
        settings = load(root, root / "pyproject.toml", {})
        catalog = root / (settings.catalog or DEFAULT_CATALOG) if settings.schema else None
        wanted = Wanted(
            root,
            catalog,
            [_existing(root, path) for path in paths],
            revision,
            seconds,
            workers,
            ForPytest.arguments(ctx),
        )
        results = mutated(wanted, progress())
    except (GitError, MutationError, SettingsError) as error:
        raise CommandFailed(str(error)) from error
    if output_format == "json":
        places = Places(inventory(root).literals)
        locator = Locator(root, places, [one.statement for one in results.statements])
        click.echo(elements.document(results, root, locator, threshold))
    else:
        for line in report.text(results, whole=verbose):
            click.echo(line)
    if results.is_interrupted:
        ctx.exit(INTERRUPTED)
    if results.has_crashed:
        ctx.exit(CommandFailed.exit_code)
    ctx.exit(1 if threshold is not None and results.score < threshold else 0)


def _existing(root: Path, path: Path) -> Path:
    """Return a path as an absolute one.

    Raises:
        MutationError: there is no such file or folder.
    """
    if not (root / path).exists():
        raise MutationError(f"There is no file or folder {path} here.")
    return (root / path).resolve()
