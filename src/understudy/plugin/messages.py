"""What the plugin says. Each function returns a whole message."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# The name of a variable that the room `postgres` reads; importing it from there costs too much.
URL_VARIABLE = "UNDERSTUDY_POSTGRES_URL"


def _did_you_mean(name: str, candidates: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, candidates, n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


# Configuration


def in_file(file: Path, key: str) -> str:
    """Where a value comes from, when it comes from the file."""
    return f"{key} in [tool.understudy] of {file}"


def unknown_key(file: Path, key: str, keys: Sequence[str]) -> str:
    """A key that no version of ours reads."""
    return (
        f"[tool.understudy] of {file} has no key {key!r}.{_did_you_mean(key, keys)}"
        f"\nThe keys are: {', '.join(keys)}."
    )


def broken_toml(file: Path, error: ValueError) -> str:
    """The file is not TOML."""
    if isinstance(error, UnicodeDecodeError):
        line = error.object.count(b"\n", 0, error.start) + 1
        return f"{file}, line {line}: not valid TOML, which is UTF-8 throughout."
    text = str(error)
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", text, re.DOTALL)
    if found is None:
        return f"{file}: not valid TOML: {text}."
    return f"{file}, line {found[2]}, column {found[3]}: not valid TOML: {found[1]}."


def not_a_table(file: Path, value: object) -> str:
    """``tool.understudy`` is a plain value, or an array of tables."""
    return (
        f"{file}: tool.understudy must be a table, not {_shown(value)}."
        "\nWrite [tool.understudy] on a line of its own, and the keys below it."
    )


def _shown(value: object) -> str:
    return f"{value!r} (of type {type(value).__name__})"


def wrong_type(origin: str, value: object, expected: str) -> str:
    """A value of another type."""
    return f"{origin}: expected {expected}, not {_shown(value)}."


def empty(origin: str) -> str:
    """A value that says nothing."""
    return f"{origin}: must not be empty. Leave it out where nothing is meant."


def unknown_driver(origin: str, value: str, drivers: Sequence[str]) -> str:
    """A driver that we do not know."""
    return (
        f"{origin}: {value!r} is not a driver that Understudy knows."
        f"{_did_you_mean(value, drivers)}\nThe drivers are: {', '.join(drivers)}."
    )


def unknown_level(origin: str, value: str, levels: Sequence[str]) -> str:
    """A check cannot do this with what it finds."""
    return f"{origin}: {value!r} is none of {', '.join(levels)}.{_did_you_mean(value, levels)}"


def unknown_default_isolation(origin: str, value: str, isolations: Sequence[str]) -> str:
    """A way of isolation that there is not."""
    return (
        f"{origin}: {value!r} is none of {', '.join(isolations)}.{_did_you_mean(value, isolations)}"
    )


# Fixtures


def wrong_variable(origin: str, flag: str, name: str, value: object) -> str:
    """A variable of the environment has no text."""
    return (
        f"{origin}: the value of {name} must be text such as '{{dsn}}', not {_shown(value)}.\n"
        f"On the command line: {flag} '{name}={{dsn}}'."
    )


def unknown_place(origin: str, fixture: str, name: str, place: str, places: Sequence[str]) -> str:
    """A value of the environment names something that the fixture does not have."""
    return (
        f"{origin}: the value of {name} names {{{place}}}, which {fixture} does not have."
        f"{_did_you_mean(place, places)}\n"
        f"It has: {', '.join(f'{{{each}}}' for each in places)}."
    )


def unknown_locale(origin: str, value: str, locales: Sequence[str]) -> str:
    """A locale that the installed Faker does not have."""
    return (
        f"{origin}: {value!r} is not a locale that Faker knows.{_did_you_mean(value, locales)}"
        f"\nThe locales are: {', '.join(sorted(locales))}."
    )


def async_test_not_marked(name: str, plugins: Sequence[str]) -> str:
    """An asyncio plugin is there, and this test is not given to it."""
    remedies = {
        "asyncio": '@pytest.mark.asyncio, or asyncio_mode = "auto" in the pytest configuration',
        "anyio": "@pytest.mark.anyio",
    }
    return (
        f"`async_client` lives in a test's event loop, and no plugin runs {name} in one."
        f"\nMark the test: {'; or '.join(remedies[plugin] for plugin in plugins)}."
    )


# The PostgreSQL of a run


def kept_database(url: str, is_embedded: bool) -> str:
    """Where the database of a test that failed is to be found."""
    until = "a run starts a server" if is_embedded else "a run begins there"
    return f"Kept until the next time that {until}:\n{url}"


# The marker


def unknown_keyword(keyword: str, keywords: Sequence[str]) -> str:
    """The marker was given something that no version of ours reads."""
    return (
        f"@pytest.mark.understudy has no keyword {keyword!r}.{_did_you_mean(keyword, keywords)}"
        f"\nThe keywords are: {', '.join(keywords)}."
    )


def unknown_isolation(value: object, isolations: Sequence[str]) -> str:
    """The marker names a way of isolation that there is not."""
    nearest = _did_you_mean(value, isolations) if isinstance(value, str) else ""
    return (
        f"@pytest.mark.understudy: {value!r} is not a way to isolate a test.{nearest}"
        f"\nisolation may be: {', '.join(map(repr, isolations))}."
    )


# What a test owes its script


def curtain(failures: Sequence[tuple[str, str, bool]]) -> str:
    """The failures a test ends with: (name, text, whether it was raised and then caught) each.

    A call that is made again and again fails again and again: that is told once.
    """
    told = [
        f"{name}: {text}"
        + ("\n(It was raised, and caught before it reached the test.)" * caught)
        + (f"\n(This happened {times} times.)" if times > 1 else "")
        for (name, text, caught), times in Counter(failures).items()
    ]
    if len(told) == 1:
        return told[0]
    numbered = [f"{number}) {text}" for number, text in enumerate(told, 1)]
    return "\n\n".join([f"{len(told)} failures:", *numbered])


# The summary


def fake_lane(calls: int, statements: int, unchecked: bool) -> str:
    """How much was asked of the fakes, and whether PostgreSQL has looked at any of it."""
    asked = f"{_counted(calls, 'call')} on fakes, {_counted(statements, 'different statement')}"
    return f"{asked}; not checked by PostgreSQL: no schema configured" if unchecked else asked


def real_lane(calls: int, statements: int) -> str:
    """How much was asked of `real_postgres`."""
    different = _counted(statements, "different statement")
    return f"{_counted(calls, 'call')} on real_postgres, {different}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


@dataclass
class Covered:
    """How far the statements of a run were checked.

    ``learned`` is how many were new to the catalog, ``renewed`` whether those it held were asked
    about anew, ``postgres`` the major version that said it.
    """

    checked: list[str]
    parsed: list[str]
    unchecked: dict[str, str]
    learned: int
    renewed: bool
    postgres: int | None


def checked_lines(covered: Covered, catalog: str, verbose: bool) -> list[str]:
    """How far the statements on the fakes were checked, and with -v which of them were not."""
    version = "" if covered.postgres is None else f" {covered.postgres}"
    parts = [f"{_counted(len(covered.checked), 'statement')} checked by PostgreSQL{version}"]
    parts += [f"{len(covered.parsed)} only parsed"] if covered.parsed else []
    parts += [f"{len(covered.unchecked)} not checked"] if covered.unchecked else []
    line = ", ".join(parts)
    if (covered.parsed or covered.unchecked) and not verbose:
        line += " (-v lists them)"
    if covered.learned:
        line += f"; {covered.learned} new in {catalog}"
    lines = [line]
    if covered.renewed:
        lines.append(f"the schema or PostgreSQL is another: all of {catalog} was asked anew")
    return lines + (_listed(covered) if verbose else [])


def syntax_lines(covered: Covered, verbose: bool) -> list[str]:
    """The same where no schema is configured, and only syntax can be looked at."""
    looked_at = len(covered.checked) + len(covered.parsed)
    version = "" if covered.postgres is None else f" {covered.postgres}"
    lines = []
    if looked_at:
        lines.append(
            f"syntax and number of parameters of {_counted(looked_at, 'statement')} checked by "
            f"PostgreSQL{version}, and nothing else: no schema configured"
        )
    reasons = dict.fromkeys(covered.unchecked.values())
    lines += [f"{len(covered.unchecked)} not checked: {'; '.join(reasons)}"] if reasons else []
    return lines + (_listed(covered)[len(covered.parsed) :] if verbose else [])


def _listed(covered: Covered) -> list[str]:
    return [
        *(f"  only parsed: {_start(statement)}" for statement in covered.parsed),
        *(f"  not checked: {_start(each)} ({why})" for each, why in covered.unchecked.items()),
    ]


def _start(statement: str) -> str:
    return statement if len(statement) <= 100 else f"{statement[:100]} ..."
