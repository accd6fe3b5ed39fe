"""The command line: `understudy`."""

from __future__ import annotations

import importlib
import os

import click

from understudy import __version__

# Imported when called, because most of them load pytest, which --version does not need.
_COMMANDS = (
    "adopt",
    "catalog",
    "completion",
    "demo",
    "doctor",
    "explain",
    "init",
    "lint",
    "mutate",
    "review",
    "skill",
    "sweep",
    "write",
)


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
            # click only suggests commands that are loaded.
            for name in _COMMANDS:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  understudy demo                   run a whole test suite, in ./understudy-demo
  understudy doctor                 what is installed, configured and found here
  understudy init                   set up the tests of your FastAPI project
  understudy adopt                  move tests from SQLite to a real PostgreSQL
  understudy catalog                what PostgreSQL says about the statements in your tests
  understudy catalog --check        check that in CI
  understudy review src.users       check a module's tests against the checklist
  understudy write src/users.py     tests for a module, tried on a real PostgreSQL
  understudy mutate                 which wrong SQL your tests would not notice
  understudy lint                   find the pitfalls of async tests in yours
  understudy sweep                  let every call to the database fail once
  understudy skill install          teach a coding agent how to use all of this
  understudy demo --help            the options of a command""",
)
@click.version_option(__version__, "--version", "-V", message="understudy %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Fakes that know their lines: tests for async Python backends with databases.

    Most of Understudy is a pytest plugin, which pytest loads automatically. These are its commands.
    """
    # click itself only checks whether it writes to a terminal.
    if os.environ.get("NO_COLOR"):
        ctx.color = False
