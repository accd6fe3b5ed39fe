"""`understudy explain`: why a rule is there, and what to do instead."""

from __future__ import annotations

import click

from understudy.cli.command import CommandFailed
from understudy.lint import explanations
from understudy.lint.finding import UnknownRule


@click.command(
    short_help="Explain a rule of `understudy lint`.",
    epilog="""\b
Examples:
  understudy explain            every rule, in one line each
  understudy explain UND001     why, with an example of wrong and right
  understudy explain ruff       the configuration of ruff for what ruff finds already""",
)
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Say why a rule of `understudy lint` is there, with an example of wrong and right."""
    try:
        click.echo(explanations.explained(code) if code else explanations.listed())
    except UnknownRule as error:
        raise CommandFailed(str(error)) from error
