"""The commands of `understudy` with their options, as their `--help` has them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from docs.site_markdown import as_markdown, directive, escaped
from understudy.cli import main


def commands() -> dict[str, tuple[click.Command, click.Context]]:
    """Return every command of `understudy` by its full name."""
    # With its settings: click keeps the option for help of the first context for every later one.
    context = click.Context(main, info_name="understudy", **main.context_settings)
    return dict(_commands(main, context))


def _commands(
    group: click.Group, context: click.Context
) -> Iterator[tuple[str, tuple[click.Command, click.Context]]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        own = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _commands(command, own)
        else:
            yield own.command_path, (command, own)


def exit_codes(command: click.Command) -> dict[str, str]:
    """Return the exit codes of a command, as its help tells them."""
    told = re.search(r"Exit code: (.*?)\.(?:\s|$)", command.epilog or "", re.S)
    text = " ".join(told[1].split()) if told else ""
    return dict(re.findall(r"(\d+) (.+?)(?=, \d+ |$)", text))


def command_list() -> str:
    """Return the commands with their options, and their exit codes."""
    text = ""
    codes = {}
    for name, (command, context) in commands().items():
        if told := exit_codes(command):
            codes[name] = told
        text += f"## {name}\n\n{_command(name, command, context)}"
    columns = sorted(set().union(*codes.values()), key=int)
    text += "## Exit codes\n\n"
    text += f"| command | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}\n"
    for name, told in codes.items():
        cells = [told.get(code, "") for code in columns]
        text += f"| `{name}` | {' | '.join(cells)} |\n"
    return text


def _command(name: str, command: click.Command, context: click.Context) -> str:
    text = directive("command", name, as_markdown(inspect.cleandoc(command.help or "")))
    pieces = " ".join(command.collect_usage_pieces(context))
    text += f"```console\n$ {name} {pieces}\n```\n\n````{{program}} {name}\n````\n\n"
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record is not None:
            names, explanation = record
            text += directive("option", names.replace(" / ", ", "), escaped(explanation))
    for paragraph in re.split(r"\n\n(?:\x08\n)?", (command.epilog or "").removeprefix("\b\n")):
        lines = paragraph.splitlines()
        if lines[:1] == ["Examples:"]:
            text += _examples(lines[1:])
        elif not paragraph.startswith("Exit code: "):
            text += f"{escaped(' '.join(lines))}\n\n"
    return text


def _examples(lines: list[str]) -> str:
    text = "| example | |\n|---|---|\n"
    for line in lines:
        example, *explanation = re.split(r" {2,}", line.strip().replace("|", r"\|"))
        text += f"| `{example}` | {escaped(' '.join(explanation))} |\n"
    return f"{text}\n"
