"""What the commands share: their error, and the option for the output's format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


class CommandFailed(click.ClickException):
    """A command failed; the text is the whole message."""

    exit_code = 2


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
