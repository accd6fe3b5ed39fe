"""`understudy demo`: copy a whole backend, and run its tests."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import click

from understudy.cli import demo_backend, demo_report, demo_suites, extras
from understudy.cli.command import CommandFailed, format_option
from understudy.project.pytest_process import INTERRUPTED


@click.command(
    short_help="Copy a reference backend, and run its tests.",
    epilog="""\b
Examples:
  understudy demo                              into ./understudy-demo
  understudy demo somewhere/else
  understudy demo --in-place understudy-demo   run it again
  understudy demo --format json > demo.json    the progress goes to stderr

Exit code: 0 all tests passed, 1 some failed, 2 the demo could not start.""",
)
@click.argument("folder", default="understudy-demo", type=click.Path(path_type=Path))
@click.option("--in-place", is_flag=True, help="Copy nothing; run the tests in FOLDER.")
@format_option("Text, or one JSON document on stdout.")
@click.pass_context
def demo(ctx: click.Context, folder: Path, in_place: bool, output_format: str) -> None:
    """Copy a reference backend into FOLDER, and run all of its tests there.

    It is a user administration on FastAPI, psqlpy and PostgreSQL. Its unit tests run on fakes. Its
    integration tests run on a PostgreSQL that is started for them and stopped after them.
    """
    try:
        _prepare(folder, in_place)
    except KeyboardInterrupt:
        click.echo(
            f"\nInterrupted before any test ran. The copy may be incomplete: {folder}", err=True
        )
        ctx.exit(INTERRUPTED)
    in_json = output_format == "json"
    progress = sys.stderr if in_json else sys.stdout
    results = []
    for number, suite in enumerate(demo_suites.SUITES, 1):
        heading = f"Suite {number} of {len(demo_suites.SUITES)}: {suite.title}"
        click.echo(f"\n{click.style(heading, bold=True)}", file=progress)
        try:
            results.append(demo_suites.run(suite, folder, progress))
        except KeyboardInterrupt:
            click.echo(
                f"\nInterrupted in: {suite.title}. The tests and PostgreSQL were stopped."
                + ("" if in_place else f"\nThe copy remains: {folder}"),
                err=True,
            )
            ctx.exit(INTERRUPTED)
    if in_json:
        click.echo(demo_report.as_json(results, folder, copied=not in_place))
    else:
        click.echo(demo_report.as_text(results, folder))
    ctx.exit(0 if all(result.ok for result in results) else 1)


def _prepare(folder: Path, in_place: bool) -> None:
    """Check the requirements, then copy the backend."""
    try:
        missing = extras.missing("understudy", "demo")
    except metadata.PackageNotFoundError as error:
        raise CommandFailed(
            "The demo reads its requirements from the installed package, and understudy is not "
            'installed.\n  pip install "understudy[demo]"'
        ) from error
    if missing:
        packages = "\n".join(f"  {requirement}" for requirement in missing)
        raise CommandFailed(
            f"The demo needs packages that are not installed:\n{packages}\n"
            'The extra "demo" installs them:\n  pip install "understudy[demo]"'
        )
    if in_place:
        demo_backend.check_project(folder)
    else:
        demo_backend.check_new(folder)
        demo_backend.copy_to(folder)
