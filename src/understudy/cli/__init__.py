"""The command line: `understudy`."""

from __future__ import annotations

import os

import click

from understudy import __version__
from understudy.cli.catalog import catalog
from understudy.cli.demo import demo


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  understudy demo                   see a whole test suite run, in ./understudy-demo
  understudy demo --help            what the demo does, and its options
  understudy catalog                what PostgreSQL has said of your tests' statements
  understudy catalog --check        for CI: is that still so
  understudy demo --format json     its figures, for a program""",
)
@click.version_option(__version__, "--version", "-V", message="understudy %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Fakes that know their lines: tests for async Python backends with databases.

    Most of Understudy is a pytest plugin, which pytest finds by itself. This is the rest.
    """
    # click itself only looks at whether it writes to a terminal.
    if os.environ.get("NO_COLOR"):
        ctx.color = False


main.add_command(catalog)
main.add_command(demo)
