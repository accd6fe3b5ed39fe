"""What the commands share: their error, and the option for the output's format."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click


class CommandFailed(click.ClickException):
    """A command failed; the text is the whole message."""

    exit_code = 2


class ForPytest(click.Command):
    """A command that keeps the arguments after two dashes apart, which click does not."""

    _KEY = "understudy.for_pytest"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments before the dashes."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[self._KEY] = args[at + 1 :]
        return super().parse_args(ctx, args[:at])

    @classmethod
    def arguments(cls, ctx: click.Context) -> list[str]:
        """Return the arguments after the dashes."""
        given: list[str] = ctx.meta[cls._KEY]
        return given


def progress() -> Callable[[str], None]:
    """Return a function that shows a step on stderr, with the seconds since this call."""
    started = time.monotonic()

    def say(step: str) -> None:
        click.echo(f"{time.monotonic() - started:4.0f} s  {step}", err=True)

    return say


def format_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--format text|json`."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help=help_text,
    )
