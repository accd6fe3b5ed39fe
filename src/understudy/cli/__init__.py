"""The command line: `understudy`."""

from __future__ import annotations

import importlib
import os

import click

from understudy import __version__

# Imported when it is called: most of them load pytest, and --version need not wait for that.
_COMMANDS = ("catalog", "demo", "explain", "init", "lint", "review")


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_COMMANDS, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in _COMMANDS:
            module = importlib.import_module(f"understudy.cli.{cmd_name}")
            self.add_command(getattr(module, cmd_name))
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.list_commands(ctx):
            # Only commands that are loaded are suggested for a misspelt one.
            for name in _COMMANDS:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  understudy demo                   see a whole test suite run, in ./understudy-demo
  understudy demo --help            what the demo does, and its options
  understudy init                   set up the tests of your FastAPI project
  understudy catalog                what PostgreSQL has said of your tests' statements
  understudy catalog --check        for CI: is that still so
  understudy review src.users       what of the checklist a module's tests fulfil
  understudy lint                   the pitfalls of async tests, found in yours
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
