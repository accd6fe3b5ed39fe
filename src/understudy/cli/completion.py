"""`understudy completion`: the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from understudy.cli.command import CommandFailed

_VARIABLE = "_UNDERSTUDY_COMPLETE"


@click.command(
    short_help="Print the script that completes commands in your shell.",
    epilog="""\b
Examples:
  eval "$(understudy completion bash)"                      in ~/.bashrc
  eval "$(understudy completion zsh)"                       in ~/.zshrc
  understudy completion fish > ~/.config/fish/completions/understudy.fish

pytest completes its own flags, --understudy-... too, with argcomplete: see its documentation.""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and their values in your shell."""
    made = get_completion_class(shell)
    assert made is not None, "click has these three"
    try:
        source = made(ctx.find_root().command, {}, "understudy", _VARIABLE).source()
    except RuntimeError as error:  # a bash that is too old
        raise CommandFailed(str(error)) from error
    click.echo(source)
