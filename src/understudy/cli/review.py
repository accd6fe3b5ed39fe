"""`understudy review`: the checklist, executed for a module."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from understudy.plugin.settings import DEFAULT_CATALOG, SettingsError, load
from understudy.project.pytest_process import INTERRUPTED
from understudy.review import output
from understudy.review.checklist_items import State
from understudy.review.errors import ReviewError
from understudy.review.reviewer import review as reviewed
from understudy.review.suite_runs import Runner

_FOR_PYTEST = "understudy.review.pytest"
_COLOURS: dict[State, str] = {"ok": "green", "not ok": "red", "cannot tell": "yellow"}


class _Refused(click.ClickException):
    """The review cannot be made; the text is the whole message."""

    exit_code = 2


class _Command(click.Command):
    """A command that keeps apart what stands behind two dashes, which click would not."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_FOR_PYTEST] = args[at + 1 :]
        return super().parse_args(ctx, args[:at])


@click.command(
    cls=_Command,
    epilog="""\b
Examples:
  understudy review                              every module that a test imports, the worst first
  understudy review src.domain.dal.dao.user      one module, item by item
  understudy review src/api/path/users.py --verbose
  understudy review --format json                for a program
  understudy review -- -m "not integration"      arguments for pytest behind two dashes

All tests run once with coverage, then those of the modules three times more: alone and twice over,
in reverse, and in a random order. Nothing is written into your project.

\b
Exit code: 0 nothing is missing, 1 some item is not fulfilled, 2 the review could not be made.""",
)
@click.argument("modules", nargs=-1)
@click.option("--seed", type=int, help="Of the random order; by default another each time.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds that one run may take.")
@click.option("--verbose", "-v", is_flag=True, help="Show all evidence, of what is fulfilled too.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For a person, or for a program on stdout.",
)
@click.pass_context
def review(
    ctx: click.Context,
    modules: tuple[str, ...],
    seed: int | None,
    timeout: float,
    verbose: bool,
    output_format: str,
) -> None:
    """Hold the tests of MODULES against the checklist, each item with its evidence."""
    root = Path.cwd()
    seed = random.randrange(10_000) if seed is None else seed
    try:
        settings = load(root, root / "pyproject.toml", {})
        catalog = root / (settings.catalog or DEFAULT_CATALOG) if settings.schema else None
        with tempfile.TemporaryDirectory(prefix="understudy-review-") as scratch:
            runner = Runner(root, Path(scratch), catalog, timeout, ctx.meta[_FOR_PYTEST])
            found = reviewed(root, modules, runner, _progress(), seed=seed)
    except (ReviewError, SettingsError) as error:
        raise _Refused(str(error)) from error
    except KeyboardInterrupt:
        click.echo("\nInterrupted. The tests were stopped; nothing was written.", err=True)
        ctx.exit(INTERRUPTED)
    if output_format == "json":
        click.echo(output.document(found))
    else:
        fancy = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        for line in output.text(found, fancy=fancy, whole=verbose, paint=_painted):
            click.echo(line)
    ctx.exit(1 if any(each.wrong for each in found) else 0)


def _painted(state: State, text: str) -> str:
    return click.style(text, fg=_COLOURS[state])


def _progress() -> Callable[[str], None]:
    begun = time.monotonic()

    def tell(what: str) -> None:
        click.echo(f"{time.monotonic() - begun:4.0f} s  {what}", err=True)

    return tell
