"""`understudy skill`: the skill for coding agents, shown or copied to where they look for it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from understudy import __version__
from understudy.cli import skill_folders
from understudy.cli.command import CommandFailed, format_option
from understudy.cli.skill_folders import Copy, SkillError


@click.group(short_help="Give coding agents the skill to write tests with Understudy.")
def skill() -> None:
    """Give coding agents the skill to write tests with Understudy.

    It is a folder of Markdown in the installed package, of this very version.
    """


@skill.command(
    short_help="Copy the skill to where agents look for it.",
    epilog="""\b
Examples:
  understudy skill install                   .agents/skills, .claude/skills: those that are there
  understudy skill install --claude          .claude/skills, for Claude Code
  understudy skill install --user --agents   ~/.agents/skills, for all of your projects
  understudy skill install --path .cursor/skills
  understudy skill install --check           for CI: is the copy of this version?

Run it in the folder in which you start the agent, and again after an upgrade of Understudy. A file
that you have changed is not replaced without --force. `uvx library-skills` makes links instead.

\b
Exit code: 0 the skill is installed, 1 --check found something to do, 2 nothing was written.""",
)
@click.option("--agents", is_flag=True, help="Into .agents/skills, which most agents read.")
@click.option("--claude", is_flag=True, help="Into .claude/skills, which Claude Code reads.")
@click.option("--user", is_flag=True, help="Into the home folder instead of the current one.")
@click.option(
    "--path",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Into this folder of skills; may be repeated.",
)
@click.option("--force", is_flag=True, help="Replace files that you have changed.")
@click.option("--check", is_flag=True, help="Only look; change nothing.")
@format_option("Text, or one JSON document on stdout.")
@click.pass_context
def install(
    ctx: click.Context,
    agents: bool,
    claude: bool,
    user: bool,
    paths: tuple[Path, ...],
    force: bool,
    check: bool,
    output_format: str,
) -> None:
    """Copy the skill to where agents look for it, or bring the copies up to date."""
    try:
        copies = [
            skill_folders.looked_at(folder)
            for folder in skill_folders.folders(
                agents=agents, claude=claude, user=user, paths=paths, project=Path()
            )
        ]
        if not check:
            skill_folders.install(copies, force=force)
    except SkillError as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        raise CommandFailed(f"Cannot install into {error.filename}: {error.strerror}.") from error
    if output_format == "json":
        click.echo(json.dumps(_document(copies), indent=2))
    else:
        for copy in copies:
            click.echo(_line(copy, check=check))
    ctx.exit(1 if check and not all(copy.is_current for copy in copies) else 0)


@skill.command(
    short_help="Print the skill, or one of its references.",
    epilog="""\b
Examples:
  understudy skill show                  SKILL.md, which lists the references
  understudy skill show faults           references/faults.md""",
)
@click.argument("reference", required=False)
def show(reference: str | None) -> None:
    """Print the skill, or one of its references, without installing it."""
    files = skill_folders.sources()
    name = "SKILL.md" if reference is None else f"references/{reference.removesuffix('.md')}.md"
    if name not in files:
        known = ", ".join(Path(file).stem for file in files if file != "SKILL.md")
        raise CommandFailed(f"The skill has no reference {reference!r}. It has: {known}.")
    click.echo(files[name].decode(), nl=False)


def _document(copies: list[Copy]) -> dict[str, Any]:
    return {
        "skill": skill_folders.NAME,
        "version": __version__,
        "folders": [
            {
                "folder": copy.folder.as_posix(),
                "linked": copy.linked,
                "current": copy.is_current,
                "files": [{"path": name, "state": state} for name, state in copy.files.items()],
            }
            for copy in copies
        ],
    }


def _line(copy: Copy, *, check: bool) -> str:
    if copy.linked:
        return f"{copy.folder}: a link to this version"
    if copy.is_current:
        return f"{copy.folder}: up to date"
    counts = Counter(copy.files.values())
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{copy.folder}: {'not up to date: ' if check else ''}{told}"
