"""`understudy lint`: pitfalls of async tests, found in their source."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from understudy.lint import cache as caches
from understudy.lint import messages, output
from understudy.lint.discovery import discover
from understudy.lint.finding import Checked, Finding, Problem
from understudy.lint.fixer import Mended, NoLibCST, mend
from understudy.lint.registry import all_rules, chosen
from understudy.lint.runner import LintError, run
from understudy.lint.settings import LintSettings, LintSettingsError, check_selectors, read
from understudy.project.pytest_config import read as read_pytest
from understudy.project.pytest_process import INTERRUPTED

_PATIENCE = 2.0  # seconds, before progress is shown


class _Refused(click.ClickException):
    """The check cannot be done; the text is the whole message."""

    exit_code = 2


@click.command(
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
Exit code: 0 nothing found, 1 something found, 2 a file or a setting could not be read."""
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Mend what can be mended safely.")
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
        base, settings = _settings()
        codes = _codes(settings, select, ignore)
    except LintSettingsError as error:
        raise _Refused(str(error)) from error
    found, problems = discover(paths or _default_paths(), settings.exclude, base)
    if not found and not problems and any(path.is_dir() for path in paths or _default_paths()):
        raise _Refused(messages.nothing_to_check([str(each) for each in paths or _default_paths()]))

    def counts(finding: Finding) -> bool:
        return not settings.ignored_in(Path(finding.path), finding.code, base)

    cache = None if no_cache else caches.Cache(base / caches.FOLDER, codes)
    try:
        checked, trouble = run(found, codes, cache=cache, jobs=jobs, progress=_progress())
        if fix or diff:
            done = _mend(checked, codes, counts, write=not diff)
            problems += [each.problem for each in done if each.problem is not None]
            _report_mended(done, diff, output_format)
            changed = {each.path for each in done if each.fixed} if not diff else set()
            again, _ = run([Path(each) for each in sorted(changed)], codes, jobs=jobs)
            checked = [*again, *(each for each in checked if each.path not in changed)]
    except (LintError, NoLibCST) as error:
        raise _Refused(str(error)) from error
    except KeyboardInterrupt:
        click.echo(messages.interrupted(), err=True)
        ctx.exit(INTERRUPTED)
    if trouble is not None:
        click.echo(messages.cache_not_written(trouble.strerror or str(trouble)), err=True)
    problems += [each.problem for each in checked if each.problem is not None]
    findings = sorted(each for one in checked for each in one.findings if counts(each))
    _report(output_format, findings, problems, len(checked), offers_fix=not (fix or diff))
    ctx.exit(2 if problems else 1 if findings else 0)


def _mend(
    checked: Sequence[Checked],
    codes: Sequence[str],
    counts: Callable[[Finding], bool],
    *,
    write: bool,
) -> list[Mended]:
    rules = all_rules()
    worth = [
        Path(each.path)
        for each in checked
        if any(rules[finding.code].fixable and counts(finding) for finding in each.findings)
    ]
    return mend(worth, codes, counts, write=write, shown=output.shown)


def _report_mended(done: Sequence[Mended], diff: bool, output_format: str) -> None:
    """Say what was mended: on stderr where stdout is for a program."""
    if diff:
        for each in done:
            click.echo(each.diff, nl=False, err=output_format != "text")
    fixed = sum(each.fixed for each in done)
    if fixed:
        files = sum(1 for each in done if each.fixed)
        text = messages.would_mend(fixed, files) if diff else messages.mended(fixed, files)
        click.echo(text, err=True)


def _settings() -> tuple[Path, LintSettings]:
    """The settings of the nearest pyproject.toml, and the folder it is in."""
    here = Path.cwd()
    file = next(
        (each / "pyproject.toml" for each in (here, *here.parents) if _has_project(each)),
        here / "pyproject.toml",
    )
    return file.parent, read(file, output.shown(str(file)))


def _has_project(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file()


def _codes(settings: LintSettings, select: str | None, ignore: str | None) -> Sequence[str]:
    selected = settings.select
    if select is not None:
        selected = tuple(check_selectors(_listed(select), "--select"))
    ignored = [*settings.ignore, *check_selectors(_listed(ignore or ""), "--ignore")]
    return chosen(selected, ignored)


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _default_paths() -> tuple[Path, ...]:
    config = read_pytest(Path.cwd())
    named = [Path(each) for each in config.testpaths] if config else []
    there = [each for each in named if each.exists()]
    return tuple(there) or (Path(),)


def _progress() -> Callable[[int, int], None] | None:
    """Show on a terminal how far it is, once that takes long enough to be asked."""
    if not sys.stderr.isatty():
        return None
    begun = time.monotonic()

    def show(done: int, total: int) -> None:
        if time.monotonic() - begun > _PATIENCE:
            end = "\n" if done == total else ""
            click.echo(f"\r{messages.progress(done, total)}{end}", nl=False, err=True)

    return show


def _report(
    output_format: str,
    findings: Sequence[Finding],
    problems: Sequence[Problem],
    files: int,
    *,
    offers_fix: bool,
) -> None:
    if output_format == "json":
        click.echo(output.as_json(findings, problems, files))
    elif output_format == "sarif":
        click.echo(output.as_sarif(findings, problems))
    elif output_format == "github":
        for line in output.as_github(findings, problems):
            click.echo(line)
    else:
        for line in output.as_text(findings, problems, click.style):
            click.echo(line)
        click.echo(_summary(findings, problems, files, offers_fix=offers_fix))


def _summary(
    findings: Sequence[Finding], problems: Sequence[Problem], files: int, *, offers_fix: bool
) -> str:
    lines = []
    if findings:
        rules = all_rules()
        fixable = sum(rules[each.code].fixable for each in findings) if offers_fix else 0
        touched = len({each.path for each in findings})
        codes = sorted({each.code for each in findings})
        lines = ["", messages.found(len(findings), touched, fixable), messages.explain_hint(codes)]
    elif not problems:
        lines = [messages.clean(files)]
    if problems:
        lines += ["", messages.not_checked(len(problems))]
    return "\n".join(lines)
