"""Decide the settings in [tool.understudy], and ask what cannot be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.init.apps import App
from understudy.init.findings import Findings
from understudy.init.schema import Schema
from understudy.project.files import Place
from understudy.project.ruff_rules import undecided

# pytest-asyncio's options for the event loops of fixtures and tests.
LOOP_SCOPES = frozenset({"asyncio_default_fixture_loop_scope", "asyncio_default_test_loop_scope"})


@dataclass(frozen=True)
class Option:
    """One possible value of a setting."""

    value: str
    place: Place


@dataclass(frozen=True)
class Question:
    """A setting that cannot be decided.

    Attributes:
        key: the setting.
        reason: why it cannot be decided.
        options: its possible values, if any were found.
    """

    key: str
    reason: str
    options: Sequence[Option] = ()


@dataclass(frozen=True)
class Decisions:
    """The settings that could be decided; the others are None.

    Attributes:
        app: the app.
        schema: the source of the schema.
        driver: the name of the database driver.
        questions: the settings that could not be decided.
        ruff: the rules of ruff to switch on for the tests.
        loop_scope: "session" or "function", the scope of the tests' event loops; None leaves the
            configuration as it is.
    """

    app: App | None
    schema: Schema | None
    driver: str | None
    questions: Sequence[Question]
    loop_scope: str | None = None
    ruff: Sequence[str] = ()


def decide(findings: Findings, answers: Mapping[str, str]) -> Decisions:
    """Decide what the findings and the user's answers allow.

    Args:
        findings: what was found in the project.
        answers: the user's answers, by setting.
    """
    questions: list[Question] = []
    done = findings.configured.understudy or {}
    return Decisions(
        app=_app(findings, answers, questions, done),
        schema=_schema(findings, questions, done),
        driver=_driver(findings, answers, questions, done),
        questions=questions,
        loop_scope=answers.get("loop_scope") or proposed_loop_scope(findings),
        ruff=() if answers.get("ruff") == "no" else proposed_ruff_rules(findings),
    )


def proposed_ruff_rules(findings: Findings) -> Sequence[str]:
    """Return the rules of ruff for pitfalls of tests, if the project uses ruff.

    What it selects or ignores already stays, and so does a configuration for the tests alone.
    """
    configured = findings.configured
    tests = findings.root / configured.tests
    if configured.ruff is None or tests == findings.root:
        return ()
    if any((tests / name).exists() for name in (".ruff.toml", "ruff.toml")):
        return ()
    return undecided(configured.ruff)


def proposed_loop_scope(findings: Findings) -> str | None:
    """Return "session" if an engine or pool needs one event loop for all tests, or None.

    What is configured already stays.
    """
    if findings.loop_bound is None or LOOP_SCOPES & set(findings.configured.pytest.options):
        return None
    return "session" if findings.uses_pytest_asyncio else None


def _app(
    findings: Findings,
    answers: Mapping[str, str],
    questions: list[Question],
    done: Mapping[str, object],
) -> App | None:
    apps = findings.apps
    wanted = done.get("app", answers.get("app"))
    for app in apps:
        if app.target == wanted:
            return app
    if "app" in done or not apps:
        return None
    usable = [app for app in apps if app.usable]
    if not usable:
        first = apps[0]
        if first.is_async:
            reason = f"{first.target} ({first.place}) is async. Name a function that is not:"
        else:
            reason = (
                f"{first.target} ({first.place}) needs {', '.join(first.needs)}.\n"
                "Name an app, or a function without arguments that makes one:"
            )
        questions.append(Question("app", reason))
        return None
    tied = [app for app in usable if app.score == usable[0].score]
    if len(tied) > 1:
        options = [Option(app.target, app.place) for app in tied]
        reason = f"{len(tied)} apps were found, and nothing says which one is served. Choose one:"
        questions.append(Question("app", reason, options))
        return None
    return usable[0]


def _schema(
    findings: Findings, questions: list[Question], done: Mapping[str, object]
) -> Schema | None:
    if findings.database.schema in done:
        return None
    if not findings.schemas:
        reason = (
            "no migrations, no SQL with CREATE TABLE and no tables of SQLAlchemy were found.\n"
            "Until it is set, statements are not checked against your database's schema."
        )
        questions.append(Question(findings.database.schema, reason))
        return None
    first = findings.schemas[0]
    for schema in findings.schemas:
        if schema.setting:
            return schema
    reason = (
        f"found {first.what} ({first.place}).\n"
        f"Dump the schema into a file ({findings.database.dump}) and name that:"
    )
    questions.append(Question(findings.database.schema, reason))
    return None


def _driver(
    findings: Findings,
    answers: Mapping[str, str],
    questions: list[Question],
    done: Mapping[str, object],
) -> str | None:
    if "driver" in done:
        return str(done["driver"])
    if "driver" in answers:
        return answers["driver"]
    drivers = findings.drivers
    if not drivers:
        other = findings.dependencies.get("psycopg2-binary") or findings.dependencies.get(
            "psycopg2"
        )
        unsupported = "" if other is None else f"; psycopg2 ({other}) is not supported"
        names = "asyncpg, psqlpy, psycopg, aiomysql or asyncmy"
        reason = f"no use of {names} was found{unsupported}. Name yours:"
        questions.append(Question("driver", reason))
        return None
    tied = [driver for driver in drivers if driver.imports == drivers[0].imports]
    if len(tied) > 1 and drivers[0].imports:
        options = [Option(driver.name, driver.place) for driver in tied]
        reason = f"{len(tied)} drivers are imported equally often. Choose one:"
        questions.append(Question("driver", reason, options))
        return None
    return drivers[0].name
