"""`understudy demo`: a whole backend and its suite, copied and run."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import click

from understudy.cli import demo_report, extras, messages, reference_backend, suites
from understudy.project.pytest_process import INTERRUPTED


class _Refused(click.ClickException):
    """The demo cannot begin; the text is the whole message."""

    exit_code = 2


@click.command(
    epilog="""\b
Examples:
  understudy demo                              into ./understudy-demo
  understudy demo somewhere/else
  understudy demo --in-place understudy-demo   run it again
  understudy demo --format json > demo.json    the progress goes to stderr

Exit code: 0 all tests passed, 1 some did not, 2 the demo could not begin."""
)
@click.argument("folder", default="understudy-demo", type=click.Path(path_type=Path))
@click.option("--in-place", is_flag=True, help="Copy nothing: run the suite that is in FOLDER.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For a person, or one JSON document on stdout.",
)
@click.pass_context
def demo(ctx: click.Context, folder: Path, in_place: bool, output_format: str) -> None:
    """Copy a reference backend into FOLDER and run its whole suite there.

    It is a user administration on FastAPI, psqlpy and PostgreSQL. Its unit tests run on fakes,
    then its integration tests on a PostgreSQL that is started for them and stopped again.
    """
    copy = None if in_place else str(folder)
    try:
        _prepare(folder, in_place)
    except KeyboardInterrupt:
        click.echo(
            f"\nInterrupted before a test ran. Left behind, as far as it was copied: {folder}",
            err=True,
        )
        ctx.exit(INTERRUPTED)
    in_json = output_format == "json"
    progress = sys.stderr if in_json else sys.stdout
    results = []
    for number, lane in enumerate(suites.LANES, 1):
        heading = click.style(f"Lane {number} of {len(suites.LANES)}: {lane.title}", bold=True)
        click.echo(f"\n{heading}", file=progress)
        try:
            results.append(suites.run(lane, folder, progress))
        except KeyboardInterrupt:
            click.echo(messages.interrupted(lane.title, copy), err=True)
            ctx.exit(INTERRUPTED)
    if in_json:
        click.echo(demo_report.as_json(results, folder, copied=not in_place))
    else:
        click.echo(demo_report.as_text(results, folder))
    ctx.exit(0 if all(result.ok for result in results) else 1)


def _prepare(folder: Path, in_place: bool) -> None:
    """Make sure that everything needed is there, before the first file is written."""
    try:
        missing = extras.missing("understudy", "demo")
    except metadata.PackageNotFoundError as error:
        raise _Refused(
            "The demo asks the installed package what it needs, and understudy is not installed "
            "here.\n"
            '  pip install "understudy[demo]"'
        ) from error
    if missing:
        raise _Refused(messages.missing_extras("demo", missing))
    try:
        if in_place:
            reference_backend.check_project(folder)
        else:
            reference_backend.check_new(folder)
            reference_backend.copy_to(folder)
    except reference_backend.BackendError as error:
        raise _Refused(str(error)) from error
