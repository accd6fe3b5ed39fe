"""`understudy review`: check the tests of modules against the checklist."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import click

from understudy.cli.command import CommandFailed, ForPytest, format_option, progress
from understudy.plugin.settings import DEFAULT_CATALOG, SettingsError, load
from understudy.project.pytest_process import INTERRUPTED
from understudy.review import output
from understudy.review.checklist_items import State
from understudy.review.errors import ReviewError
from understudy.review.reviewer import review as reviewed
from understudy.review.suite_runs import Runner

_COLOURS: dict[State, str] = {"ok": "green", "not ok": "red", "cannot tell": "yellow"}


@click.command(
    cls=ForPytest,
    short_help="Check a module's tests against the checklist.",
    epilog="""\b
Examples:
  understudy review                              every module that a test imports, the worst first
  understudy review src.domain.dal.dao.user      one module, item by item
  understudy review src/api/path/users.py --verbose
  understudy review --format json                JSON, for other programs
  understudy review -- -m "not integration"      arguments for pytest after two dashes

All tests run once with coverage. Then the tests of the modules run three more times: alone and
twice in a row, in reverse order, and in a random order. Nothing is written to your project.

\b
Exit code: 0 no item is unfulfilled, 1 an item is not fulfilled, 2 the review failed.""",
)
@click.argument("modules", nargs=-1)
@click.option("--seed", type=int, help="Seed of the random order; random by default.")
@click.option(
    "--timeout", default=600.0, show_default=True, help="Time limit of each run, in seconds."
)
@click.option("--verbose", "-v", is_flag=True, help="Show all evidence, also of fulfilled items.")
@format_option("Text, or JSON for other programs.")
@click.pass_context
def review(
    ctx: click.Context,
    modules: tuple[str, ...],
    seed: int | None,
    timeout: float,
    verbose: bool,
    output_format: str,
) -> None:
    """Check the tests of MODULES against the checklist, with evidence for each item."""
    root = Path.cwd()
    seed = random.randrange(10_000) if seed is None else seed
    try:
        settings = load(root, root / "pyproject.toml", {})
        catalog = root / (settings.catalog or DEFAULT_CATALOG) if settings.schema else None
        with tempfile.TemporaryDirectory(prefix="understudy-review-") as scratch:
            runner = Runner(root, Path(scratch), catalog, timeout, ForPytest.arguments(ctx))
            found = reviewed(root, modules, runner, progress(), seed=seed)
    except (ReviewError, SettingsError) as error:
        raise CommandFailed(str(error)) from error
    except KeyboardInterrupt:
        click.echo("\nInterrupted. The tests were stopped; nothing was written.", err=True)
        ctx.exit(INTERRUPTED)
    if output_format == "json":
        click.echo(output.document(found))
    else:
        fancy = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        for line in output.text(found, fancy=fancy, whole=verbose, paint=_painted):
            click.echo(line)
    ctx.exit(1 if any(module.wrong for module in found) else 0)


def _painted(state: State, text: str) -> str:
    return click.style(text, fg=_COLOURS[state])
