"""`understudy lint`: pitfalls of async tests, found in their source."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from understudy.cli.command import CommandFailed
from understudy.lint import output
from understudy.lint.check import Report, check
from understudy.lint.finding import LintError
from understudy.lint.settings import codes_on, nearest
from understudy.script.formatting import counted

_PATIENCE = 2.0  # seconds, before progress is shown


@click.command(
    short_help="Find the pitfalls of async tests.",
    epilog="""\b
Examples:
  understudy lint                         the test paths of your pytest configuration
  understudy lint tests/test_users.py
  understudy lint --select bugs,style     groups, codes (UND001), beginnings (UND1), names
  understudy lint --diff                  what --fix would change
  understudy lint --format github         annotations in GitHub Actions
  understudy explain UND001               why, and what to do instead

It reads tests and never imports them. [tool.understudy.lint] in pyproject.toml has `select`,
`ignore`, `exclude` and `per-file-ignores`; `# noqa: UND001` silences one line.

\b
Exit code: 0 nothing found, 1 something found, 2 a file or a setting could not be read.""",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Fix what can be fixed safely.")
@click.option("--diff", is_flag=True, help="Show what --fix would change; change nothing.")
@click.option("--select", metavar="RULES", help="These rules instead of the default ones.")
@click.option("--ignore", metavar="RULES", help="Not these.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="For a person, or for a program on stdout.",
)
@click.option("--no-cache", is_flag=True, help="Check every file, changed or not.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; as many as cores by default.")
@click.pass_context
def lint(
    ctx: click.Context,
    paths: tuple[Path, ...],
    fix: bool,
    diff: bool,
    select: str | None,
    ignore: str | None,
    output_format: str,
    no_cache: bool,
    jobs: int | None,
) -> None:
    """Find the pitfalls of async tests in PATHS, with the line and what to do.

    What is on by default finds bugs; `understudy explain` lists every rule.
    """
    try:
        base, settings = nearest(Path.cwd())
        report = check(
            paths,
            settings,
            codes_on(settings, select, ignore),
            base=base,
            caching=not no_cache,
            jobs=jobs,
            fixing=fix or diff,
            write=fix and not diff,
            progress=_progress(),
        )
    except LintError as error:
        raise CommandFailed(str(error)) from error
    except KeyboardInterrupt:
        from understudy.project.pytest_process import INTERRUPTED

        click.echo("\nInterrupted. No file is left half-written.", err=True)
        ctx.exit(INTERRUPTED)
    _report_fixes(report, diff, output_format)
    if report.cache_error is not None:
        reason = report.cache_error.strerror or report.cache_error
        text = f"The cache cannot be written ({reason}), so the next run checks every file again."
        click.echo(text, err=True)
    _report(report, output_format, offers_fix=not (fix or diff))
    ctx.exit(2 if report.problems else 1 if report.findings else 0)


def _report_fixes(report: Report, diff: bool, output_format: str) -> None:
    """Say what was fixed: on stderr if stdout is for a program."""
    if diff:
        for file in report.fixed:
            click.echo(file.diff, nl=False, err=output_format != "text")
    count = sum(file.count for file in report.fixed)
    if count:
        files = counted(sum(1 for file in report.fixed if file.count), "file")
        verb = "--fix would fix" if diff else "Fixed"
        click.echo(f"{verb} {counted(count, 'problem')} in {files}.", err=True)


def _report(report: Report, output_format: str, *, offers_fix: bool) -> None:
    findings, problems = report.findings, report.problems
    if output_format == "json":
        click.echo(output.as_json(findings, problems, report.files))
    elif output_format == "sarif":
        click.echo(output.as_sarif(findings, problems))
    elif output_format == "github":
        for line in output.as_github(findings, problems):
            click.echo(line)
    else:
        for line in output.as_text(findings, problems, click.style):
            click.echo(line)
        click.echo(output.summary(findings, problems, report.files, offers_fix=offers_fix))


def _progress() -> Callable[[int, int], None] | None:
    """Return what shows the progress on a terminal, once the check takes a while."""
    if not sys.stderr.isatty():
        return None
    begun = time.monotonic()

    def show(done: int, total: int) -> None:
        if time.monotonic() - begun > _PATIENCE:
            end = "\n" if done == total else ""
            text = f"\r{done} of {counted(total, 'file')} checked{end}"
            click.echo(text, nl=False, err=True)

    return show
