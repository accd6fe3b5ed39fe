"""What the commands share that show changes to a project, ask, and write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from understudy.cli.command import CommandFailed
from understudy.init import Change, InitError, save
from understudy.project.pytest_process import INTERRUPTED

Command = Callable[..., Any]


def project_options(command: Command) -> Command:
    """Return a command with the argument FOLDER and the options --yes and --diff."""
    for option in (
        click.option(
            "--diff", "--dry-run", "only_show", is_flag=True, help="Only show the changes."
        ),
        click.option("--yes", is_flag=True, help="Write without asking."),
        click.argument("folder", default=".", type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


def timeout_option(default: float, help_text: str) -> Callable[[Command], Command]:
    """Return the option `--timeout SECONDS`."""
    return click.option(
        "--timeout",
        default=default,
        show_default=True,
        type=click.FloatRange(min=0, min_open=True),
        help=help_text,
    )


def check(*, yes: bool, only_show: bool) -> None:
    """Refuse options that contradict each other."""
    if yes and only_show:
        raise click.UsageError("--yes and --diff contradict each other.")


def write(changes: Sequence[Change], *, yes: bool, only_show: bool, asks: bool) -> bool:
    """Write changes if the user wants them; return whether they are written.

    Raises:
        Abort: The user says no.
        InitError: A file cannot be written.
    """
    if not changes or only_show or not (yes or asks):
        return False
    if asks:
        files = "this file" if len(changes) == 1 else f"these {len(changes)} files"
        click.confirm(f"\nWrite {files}?", abort=True)
    save(changes)
    return True


@contextmanager
def nothing_written(ctx: click.Context, how_without_asking: str = "") -> Iterator[None]:
    """Say that nothing was written if the command ends early: by an error, a no, or Ctrl-C."""
    try:
        yield
    except InitError as error:
        raise CommandFailed(str(error)) from error
    except click.Abort:
        click.echo(f"\nNothing was written.{how_without_asking}", err=True)
        ctx.exit(1)
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Nothing was written, and the copy is deleted.", err=True)
        ctx.exit(INTERRUPTED)
