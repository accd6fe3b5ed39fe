"""`understudy init`: detect what a project consists of, and write a scaffold for its tests."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from understudy.cli import init_report as report
from understudy.cli import writing
from understudy.cli.command import format_option
from understudy.cli.writing import project_options, timeout_option
from understudy.init import Findings, look, make_plan
from understudy.init.questions import Decisions, Question, decide


@click.command(
    short_help="Set up the tests of a project.",
    epilog="""\b
Examples:
  understudy init                      show the findings, and ask before writing
  understudy init --diff               only show
  understudy init --yes                do not ask; what is unclear stays a TODO
  understudy init --no-run             do not run any of the project's code
  understudy init --diff --format json | jq '.files[].path'

This process reads your code without importing it. The example tests run in a copy of the project,
with your environment. They use no database of yours, but your modules are imported there.

\b
Exit code: 0 success, 1 you answered no, 2 failure. With 1 and 2, nothing is written.""",
)
@project_options
@click.option(
    "--no-run", is_flag=True, help="Do not run the project's code, nor write example tests."
)
@timeout_option(60.0, "Time limit of each pytest run, in seconds.")
@click.option(
    "--loop-scope",
    type=click.Choice(["session", "function"]),
    help="Event loops of the tests: one for all, or one for each. Asked if an engine needs one.",
)
@click.option(
    "--ruff/--no-ruff",
    default=None,
    help="Switch on ruff's rules for mistakes in tests. Asked if the project uses ruff.",
)
@format_option("Text, or one JSON document on stdout, which only writes with --yes.")
@click.pass_context
def init(
    ctx: click.Context,
    folder: Path,
    yes: bool,
    only_show: bool,
    no_run: bool,
    timeout: float,
    loop_scope: str | None,
    ruff: bool | None,
    output_format: str,
) -> None:
    """Set up the tests of the project in FOLDER, by default the current one.

    Detects the app, the schema, the driver and the layers. Writes the configuration, conftest.py,
    fakes.py, a CI workflow, and for each layer one example test that passes.
    """
    writing.check(yes=yes, only_show=only_show)
    in_json = output_format == "json"
    asks = not (yes or only_show or in_json)
    progress = sys.stderr if in_json else sys.stdout
    with writing.nothing_written(ctx, " To write without being asked: understudy init --yes"):
        findings = look(folder)
        click.echo(report.found(findings), file=progress)
        decisions = _decided(findings, loop_scope, ruff, asks=asks)
        plan = make_plan(
            findings,
            decisions,
            timeout=None if no_run else timeout,
            say=lambda text: click.echo(text, file=progress),
        )
        if not in_json:
            click.echo(report.planned(findings, plan))
        writes = writing.write(plan.changes, yes=yes, only_show=only_show, asks=asks)
    if in_json:
        click.echo(report.as_json(findings, decisions, plan, written=writes))
    else:
        click.echo(report.ended(findings, decisions, plan, written=writes))


def _decided(
    findings: Findings, loop_scope: str | None, ruff: bool | None, *, asks: bool
) -> Decisions:
    """Decide, and ask the user to choose where there are several options."""
    answers = {} if loop_scope is None else {"loop_scope": loop_scope}
    if ruff is False:
        answers["ruff"] = "no"
    decisions = decide(findings, answers)
    if not asks:
        return decisions
    if loop_scope is None and decisions.loop_scope is not None:
        shares = click.confirm(report.loop_question(findings), default=True)
        answers["loop_scope"] = "session" if shares else "function"
    if ruff is None and decisions.ruff:
        wanted = click.confirm(report.ruff_question(decisions), default=True)
        answers["ruff"] = "yes" if wanted else "no"
    answers |= {q.key: _ask(q) for q in decisions.questions if q.options}
    return decide(findings, answers) if answers else decisions


def _ask(question: Question) -> str:
    click.echo(report.choices(question))
    number = click.prompt(f"Which {question.key}", type=click.IntRange(1, len(question.options)))
    return question.options[number - 1].value
