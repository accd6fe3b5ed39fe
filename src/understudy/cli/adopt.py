"""`understudy adopt`: move a suite from SQLite, a running server or mocks to Understudy."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from understudy.adopt import report
from understudy.adopt.first_mock import first_moved
from understudy.adopt.plan import Plan, make_plans, uncommitted
from understudy.adopt.trial import Trial, try_out
from understudy.cli import writing
from understudy.cli.command import CommandFailed, format_option, progress
from understudy.cli.writing import project_options, timeout_option
from understudy.init.database_kind import MYSQL


@click.command(
    short_help="Move tests from SQLite to a real PostgreSQL.",
    epilog="""\b
Examples:
  understudy adopt                      show the changes, run the tests on both, ask, write
  understudy adopt --diff               only show the changes; nothing is run
  understudy adopt --yes                do not ask
  understudy adopt --no-run             write without running the tests
  understudy adopt backend              the project in another folder
  understudy adopt --first-mock         move the first test on a mock to fake_postgres
  understudy adopt --diff --format json | jq '.files[].path'

The tests run twice in a copy of the project, with your environment: as they are, and rewritten.
The report lists the tests that pass before and fail after, with what the database says. Nothing is
written before you have seen it.

\b
Exit code: 0 success, 1 you answered no, 2 failure, 130 interrupted. With 1, 2 and 130, nothing is
written.""",
)
@project_options
@click.option("--no-run", is_flag=True, help="Do not run the tests.")
@click.option(
    "--first-mock", is_flag=True, help="Only move the first test on a mock to fake_postgres."
)
@click.option(
    "--allow-dirty", is_flag=True, help="Also change files with changes that git does not have yet."
)
@timeout_option(600.0, "Time limit of each run of the tests, in seconds.")
@format_option("Text, or one JSON document on stdout, which only writes with --yes.")
@click.pass_context
def adopt(
    ctx: click.Context,
    folder: Path,
    yes: bool,
    only_show: bool,
    no_run: bool,
    first_mock: bool,
    allow_dirty: bool,
    timeout: float,
    output_format: str,
) -> None:
    """Move the tests of the project in FOLDER, by default the current one, to a real PostgreSQL.

    Finds the engines, sessions and fixtures that use SQLite, a container, pytest-postgresql or a
    running server, and rewrites them for real_postgres. Tests on a MySQL or MariaDB of their own
    move to real_mysql. Lists the tests on mocks of a connection.
    """
    writing.check(yes=yes, only_show=only_show)
    if first_mock and (no_run or output_format == "json"):
        raise click.UsageError("--first-mock runs the test and prints text.")
    in_json = output_format == "json"
    asks = not (yes or only_show or in_json)
    with writing.nothing_written(ctx):
        plans = make_plans(folder)
        if first_mock:
            plans = [_first_mock(plans[0], timeout)]
        plan, trial = plans[0], None
        if not in_json:
            click.echo(report.planned(plan))
        if plan.changes and not only_show:
            _refuse_uncommitted(plan, allow_dirty=allow_dirty)
            if not no_run and not first_mock:
                plan, trial = _tried(plans, timeout, in_json=in_json)
        writes = writing.write(plan.changes, yes=yes, only_show=only_show, asks=asks)
    if in_json:
        click.echo(report.as_json(plan, trial, written=writes))
    else:
        click.echo(report.ended(plan, written=writes))


def _first_mock(plan: Plan, timeout: float) -> Plan:
    """Return a plan that moves the first test on a mock that can be moved."""
    if plan.findings.database is MYSQL:
        raise CommandFailed(
            "--first-mock moves tests on mocks of asyncpg. This project is on MySQL.\n"
            "Nothing was written. Move a test to fake_mysql by hand: docs/fake_mysql.md"
        )
    base = plan.root / plan.findings.base
    moved, tried = first_moved(plan.root, [base], timeout)
    for name, reason in tried:
        click.echo(f"Left: {name}: {reason}", err=True)
    if moved is None:
        raise CommandFailed(
            "No test on a mock can be moved by itself. Nothing was written.\n"
            "Move one by hand: docs/coming-from-mocks.md"
        )
    click.echo(f"{moved.test} passes on fake_postgres:\n")
    return replace(plan, adoptions=(), schema=None, changes=[moved.change])


def _refuse_uncommitted(plan: Plan, *, allow_dirty: bool) -> None:
    dirty = [] if allow_dirty else uncommitted(plan)
    if dirty:
        files = "\n".join(f"  {path}" for path in dirty)
        raise CommandFailed(
            f"Git does not have these files as they are, so it could not restore them:\n{files}\n"
            "Nothing was written. Commit them, or add --allow-dirty."
        )


def _tried(plans: list[Plan], timeout: float, *, in_json: bool) -> tuple[Plan, Trial]:
    say = progress()
    trial = try_out(plans, timeout, say)
    if not in_json:
        sys.stderr.flush()
        click.echo(report.compared(trial))
        if trial.plan is not plans[0]:
            click.echo(report.planned(trial.plan))
    return trial.plan, trial
