"""`understudy sweep`: let every call to the database fail once, and report how the app answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from understudy.cli.command import CommandFailed, format_option
from understudy.project import pytest_process
from understudy.sweep import faults

_PASSED, _FAILED, _NO_TESTS = 0, 1, 5  # pytest's exit codes


@click.command(
    short_help="Let every call to the database fail once.",
    epilog="""\b
Examples:
  understudy sweep                              every test, every fault
  understudy sweep --faults 40001,drop          two kinds of faults
  understudy sweep --seconds 60                 go on where the last sweep ended, for a minute
  understudy sweep --changed-since main         only what a branch has changed
  understudy sweep --locked                     for CI: the accepted answers are not added to
  understudy sweep --write                      a failing test for each finding
  understudy sweep -- tests/test_users.py -n 2  arguments for pytest

It runs your tests, and then each again with one fault at a call to the database. How the app
answers is kept in the file understudy-faults beside the catalog: commit it.

\b
Exit code: 0 nothing found, 1 something found or a test failed, 2 the sweep failed.""",
)
@click.option("--faults", "selected", metavar="FAULTS", help=f"Some of {', '.join(faults.FAULTS)}.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="A limit of time.")
@click.option("--changed-since", metavar="REV", help="Only what differs from a revision of git.")
@click.option("--write", is_flag=True, help="Write a test for each finding.")
@click.option("--locked", is_flag=True, help="An answer that the file does not have is a finding.")
@format_option("Text, or one JSON document on stdout.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def sweep(
    ctx: click.Context,
    selected: str | None,
    seconds: float | None,
    changed_since: str | None,
    write: bool,
    locked: bool,
    output_format: str,
    pytest_args: tuple[str, ...],
) -> None:
    """Let every call to the database fail once, and report how the app answers.

    Run it in the folder of your pyproject.toml.
    """
    try:
        names = faults.parse(selected or "")
    except faults.UnknownFault as error:
        raise CommandFailed(f"--faults: {error}") from error
    arguments = ["-q", f"--understudy-sweep={','.join(names) if selected else ''}"]
    arguments += [f"--understudy-sweep-seconds={seconds}"] if seconds is not None else []
    arguments += [f"--understudy-sweep-changed-since={changed_since}"] if changed_since else []
    arguments += ["--understudy-sweep-write"] if write else []
    arguments += ["--understudy-locked"] if locked else []
    in_json = output_format == "json"
    try:
        # In JSON, standard output is for the document.
        ended = pytest_process.run(
            [*arguments, *pytest_args],
            Path.cwd(),
            request={"sweep": True},
            output=sys.stderr if in_json else sys.stdout,
        )
    except KeyboardInterrupt:
        ctx.exit(pytest_process.INTERRUPTED)
    if ended.exit_code == _NO_TESTS:
        raise CommandFailed("pytest found no tests, so there is nothing to sweep.")
    if not ended.answers:
        raise CommandFailed(
            f"The sweep did not end: pytest's exit code is {ended.exit_code}, see above."
        )
    document = ended.answers[-1]
    if in_json:
        click.echo(json.dumps(document, indent=2))
    if not document["planned"]:
        ctx.exit(2)
    ctx.exit(ended.exit_code if ended.exit_code in (_PASSED, _FAILED) else 2)
