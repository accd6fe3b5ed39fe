"""The reports of the plugin: failures, lists in warnings, and the summary of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MOST = 5  # items of a list


def failure_report(failures: Iterable[tuple[str, str, bool]]) -> str:
    """Return the failures with which a test ends; repeated failures are reported once.

    Args:
        failures: the name and the text of each, and whether it was raised and then caught.
    """
    reports = [
        f"{name}: {text}"
        + ("\n(It was raised, and caught before it reached the test.)" * caught)
        + (f"\n(This happened {times} times.)" if times > 1 else "")
        for (name, text, caught), times in Counter(failures).items()
    ]
    if len(reports) == 1:
        return reports[0]
    numbered = [f"{number}) {text}" for number, text in enumerate(reports, 1)]
    return "\n\n".join([f"{len(reports)} failures:", *numbered])


def listed(items: Sequence[str]) -> list[str]:
    """Return the first items, each on an indented line, and the number of the others."""
    more = [f"  and {len(items) - _MOST} more"] if len(items) > _MOST else []
    return [*(f"  {item}" for item in items[:_MOST]), *more]


def calls_on_fakes(calls: int, statements: int, unchecked: bool) -> str:
    """Return the line on the fakes: the calls, and whether PostgreSQL checked any of them."""
    asked = f"{_counted(calls, 'call')} on fakes, {_counted(statements, 'different statement')}"
    return f"{asked}; not checked by PostgreSQL: no schema configured" if unchecked else asked


def calls_on_real(database: str, calls: int, statements: int) -> str:
    """Return the line on `real_postgres` or `real_sqlite`."""
    different = _counted(statements, "different statement")
    return f"{_counted(calls, 'call')} on {database}, {different}"


def killed_servers(times: int) -> str:
    """Return the line on embedded servers that ended while tests ran."""
    return (
        f"the embedded PostgreSQL ended during the run ({_counted(times, 'time')}) and was started "
        "again; the tests that used it then may have failed for that reason"
    )


def schema_from_models(made: str) -> str:
    """Return the line on a schema that cannot show a mistake in the models."""
    return (
        f"the schema comes from the models ({made}), which checks them against themselves: "
        "a schema from migrations would check them"
    )


def not_enough(reasons: Sequence[str]) -> str:
    """Return the note on a test whose isolation by rollback cannot show what it does."""
    lines = [f"this test {reason}" for reason in reasons]
    return "\n".join(
        [
            *lines,
            "One rolled-back transaction may show this wrongly. Give the test its own database:",
            '  @pytest.mark.understudy(isolation="clone")',
            'or configure isolation = "auto".',
        ]
    )


def second_failure(reason: str) -> str:
    """Return the note on a test that failed when it ran again on a clone."""
    return "\n".join(
        [
            "this test ran in a transaction that is rolled back, and then on a clone, because it",
            reason,
            "What its first run did outside the database is not undone. To have only one:",
            '  @pytest.mark.understudy(isolation="clone")',
        ]
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


@dataclass
class Covered:
    """The statements of a run, by how far they were checked.

    Attributes:
        checked: those that PostgreSQL described.
        parsed: those of which only the syntax was checked.
        unchecked: those not checked, each with the reason.
        learned: the number of statements that were new to the catalog.
        changing: those whose text changes with every run, each with the place of a call.
        renewed: whether the catalog was out of date and all its statements were described again.
        server: what described them, as `catalog.store.Server`; None if no server was needed.
    """

    checked: list[str]
    parsed: list[str]
    unchecked: dict[str, str]
    learned: int
    changing: dict[str, str]
    renewed: bool
    server: int | str | None


def checked_lines(covered: Covered, catalog: str, verbose: bool) -> list[str]:
    """Return the lines on checked statements; `verbose` lists those that were not checked."""
    parts = [f"{_counted(len(covered.checked), 'statement')} checked by {_name(covered)}"]
    parts += [f"{len(covered.parsed)} only parsed"] if covered.parsed else []
    parts += [f"{len(covered.unchecked)} not checked"] if covered.unchecked else []
    line = ", ".join(parts)
    if (covered.parsed or covered.unchecked) and not verbose:
        line += " (-v lists them)"
    if covered.learned:
        line += f"; {covered.learned} new in {catalog}"
    lines = [line]
    if covered.renewed:
        server = "the server" if isinstance(covered.server, str) else "PostgreSQL"
        lines.append(f"the schema or {server} has changed: all of {catalog} was described again")
    places: dict[str, list[str]] = {}
    for statement, place in covered.changing.items():
        places.setdefault(place, []).append(statement)
    for place, statements in places.items():
        lines += [
            f"a statement changes with every run, and is not kept in {catalog}: {place}",
            f"  {_start(statements[0])}",
            "  Pass the value that changes as a parameter.",
        ]
    return lines + (_listed(covered) if verbose else [])


def syntax_lines(covered: Covered, verbose: bool) -> list[str]:
    """Return the same lines for a project without a schema, in which only syntax is checked."""
    described = len(covered.checked) + len(covered.parsed)
    lines = []
    if described:
        lines.append(
            f"syntax and number of parameters of {_counted(described, 'statement')} checked by "
            f"{_name(covered)}, and nothing else: no schema configured"
        )
    reasons = dict.fromkeys(covered.unchecked.values())
    lines += [f"{len(covered.unchecked)} not checked: {'; '.join(reasons)}"] if reasons else []
    return lines + (_listed(covered)[len(covered.parsed) :] if verbose else [])


def _name(covered: Covered) -> str:
    """Return the name of the server, with its version if that is known."""
    if isinstance(covered.server, str):
        return covered.server
    return "PostgreSQL" if covered.server is None else f"PostgreSQL {covered.server}"


def _listed(covered: Covered) -> list[str]:
    return [
        *(f"  only parsed: {_start(statement)}" for statement in covered.parsed),
        *(
            f"  not checked: {_start(statement)} ({why})"
            for statement, why in covered.unchecked.items()
        ),
    ]


def _start(statement: str) -> str:
    return statement if len(statement) <= 100 else f"{statement[:100]} ..."
