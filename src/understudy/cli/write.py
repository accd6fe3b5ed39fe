"""`understudy write`: tests for a module, tried on a real PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path

import click

from understudy.cli.command import CommandFailed, format_option, progress
from understudy.init import InitError, save
from understudy.init.layers import LAYERS, Layer
from understudy.project.pytest_process import INTERRUPTED, interrupted_by_sigterm
from understudy.write import report
from understudy.write.errors import WriteError
from understudy.write.writer import Wanted
from understudy.write.writer import write as written


@click.command(
    short_help="Write tests for a module.",
    epilog="""\b
Examples:
  understudy write src/domain/dal/dao/user.py        tests for every function of a module
  understudy write src.domain.dal.dao.user           the same, by its dotted name
  understudy write src/api/users.py --layer router   one layer
  understudy write src/dao/user.py --on fake_postgres
  understudy write src/dao/user.py --diff            only show what would be written
  understudy write src/dao/user.py --format json

Each function runs with many values and rows on a private PostgreSQL, in a copy of your project.
A test is kept if it takes a branch, or notices wrong SQL, that no other test does. All run 20 times
in a random order before they are written. Existing tests are never changed. What looks like a bug
is written as an expected failure, and listed first.

\b
Exit code: 0 written, 1 something looks like a bug, 2 nothing could be written, 130 interrupted.""",
)
@click.argument("module")
@click.option(
    "--layer", "layers", multiple=True, type=click.Choice(LAYERS), help="Only this layer."
)
@click.option(
    "--on",
    type=click.Choice(["real_postgres", "fake_postgres", "fakes"]),
    default="real_postgres",
    show_default=True,
    help="What the tests run on.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    help="CPU time for trying the code; 6 for each function by default.",
)
@click.option("--diff", "--dry-run", "only_show", is_flag=True, help="Only show the changes.")
@format_option("Text, or JSON for other programs.")
@click.pass_context
def write(
    ctx: click.Context,
    module: str,
    layers: tuple[Layer, ...],
    on: str,
    seconds: float | None,
    only_show: bool,
    output_format: str,
) -> None:
    """Write tests for the functions, routes and models of MODULE.

    Run it in the folder of your pyproject.toml.
    """
    try:
        with interrupted_by_sigterm():
            results = written(Wanted(Path.cwd(), module, layers, on, seconds), progress())
            if not only_show:
                save(results.changes)
    except (WriteError, InitError) as error:
        raise CommandFailed(str(error)) from error
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Nothing was written.", err=True)
        ctx.exit(INTERRUPTED)
    if output_format == "json":
        click.echo(json.dumps({**results.document(), "written": not only_show}, indent=2))
    else:
        for line in report.text(results, Path.cwd(), only_show=only_show):
            click.echo(line)
    ctx.exit(1 if results.looks_wrong else 0)
