"""`understudy init`: what a project is made of, and the files that its tests begin with."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from understudy.cli import init_messages as messages
from understudy.cli import init_report as report
from understudy.init import Findings, Plan, WriterError, look, make_plan, save
from understudy.init.questions import Decisions, Question, decide
from understudy.project.pytest_process import INTERRUPTED


class _Refused(click.ClickException):
    """The command cannot do its work; the text is the whole message."""

    exit_code = 2


@click.command(
    epilog="""\b
Examples:
  understudy init                      look, show, and ask before anything is written
  understudy init --diff               look and show only
  understudy init --yes                ask nothing; what is not clear stays a TODO
  understudy init --no-run             do not run any of the project's code
  understudy init --diff --format json | jq '.files[].path'

Your code is read, not imported, in this process. Whether an example test passes is found out by
pytest, in a copy of the project, with your environment; no database of yours is asked for, but
what your modules do when they are imported is done.

\b
Exit code: 0 fine, 1 you said no, 2 it could not be done. Nothing is written in either."""
)
@click.argument("folder", default=".", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Ask nothing, and write.")
@click.option("--diff", "--dry-run", "only_show", is_flag=True, help="Show, and write nothing.")
@click.option("--no-run", is_flag=True, help="Run nothing of the project; no example tests then.")
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that each run of pytest may take.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For a person, or one JSON document on stdout, which writes with --yes only.",
)
@click.pass_context
def init(
    ctx: click.Context,
    folder: Path,
    yes: bool,
    only_show: bool,
    no_run: bool,
    timeout: float,
    output_format: str,
) -> None:
    """Set up the tests of the FastAPI project in FOLDER, by default the current one.

    Finds the app, the schema, the driver and the layers; writes the configuration, conftest.py,
    fakes.py, a workflow for CI, and for each layer one example test that passes.
    """
    if yes and only_show:
        raise click.UsageError("--yes writes and --diff does not: give one of them.")
    in_json = output_format == "json"
    asks = not (yes or only_show or in_json)
    progress = sys.stderr if in_json else sys.stdout
    try:
        findings = look(folder)
        click.echo(report.found(findings), file=progress)
        decisions = _decided(findings, asks)
        plan = make_plan(
            findings,
            decisions,
            timeout=None if no_run else timeout,
            say=lambda text: click.echo(text, file=progress),
        )
        writes = bool(plan.changes) and not only_show
        if not in_json:
            click.echo(report.planned(findings, plan))
        if asks and writes and not click.confirm(messages.question(len(plan.changes))):
            raise click.Abort
        writes = writes and (yes or asks)
        if writes:
            save(plan.changes)
    except WriterError as error:
        raise _Refused(str(error)) from error
    except click.Abort:
        click.echo(
            "\nNothing was written. To write without being asked: understudy init --yes", err=True
        )
        ctx.exit(1)
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Nothing was written, and the copy is gone.", err=True)
        ctx.exit(INTERRUPTED)
    if in_json:
        click.echo(report.as_json(findings, decisions, plan, written=writes))
    else:
        click.echo(report.ended(findings, decisions, plan, written=writes))


def _decided(findings: Findings, asks: bool) -> Decisions:
    """Decide, and ask about what is not clear and can be answered by choosing."""
    decisions = decide(findings, {})
    if not asks:
        return decisions
    answers = {each.key: _ask(each) for each in decisions.questions if each.options}
    return decide(findings, answers) if answers else decisions


def _ask(question: Question) -> str:
    click.echo(messages.choices(question))
    number = click.prompt(f"Which {question.key}", type=click.IntRange(1, len(question.options)))
    return question.options[number - 1].value


__all__ = ["Plan", "init"]
